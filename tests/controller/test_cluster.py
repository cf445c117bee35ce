"""Requests as the API server gets them, and its refusals as one kind of error."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from crossfade.cluster import PAGE, ApiError, Cluster, Request

Raw = dict[str, Any]


class Server:
    """Says what it is told to say, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], Any]] = []
        self.answers: list[tuple[int, Any]] = []
        self.observed: list[Request] = []
        self.address = ""
        self.warnings: list[str] = []
        self.impersonated: list[dict[str, list[str]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        text = await request.text()
        headers = {key: request.headers.get(key, "") for key in ("Content-Type", "Accept", "Authorization")}
        self.asked.append((request.method, request.path_qs, headers, json.loads(text) if text else None))
        asked_as = {key for key in request.headers if key.startswith("Impersonate-")}
        self.impersonated.append({key: request.headers.getall(key) for key in asked_as})
        status, body = self.answers.pop(0)
        response = web.Response(status=status, text=body if isinstance(body, str) else json.dumps(body))
        for each in self.warnings:
            response.headers.add("Warning", f'299 - "{each}"')
        return response


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    runner = web.AppRunner(app := web.Application())
    app.router.add_route("*", "/{path:.*}", server.answer)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
def kubeconfig(server: Server, tmp_path: Any) -> Callable[[str], str]:
    def written(address: str) -> str:
        path = tmp_path / "config"
        path.write_text(
            json.dumps(
                {
                    "current-context": "here",
                    "contexts": [
                        {"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "team"}},
                        {"name": "there", "context": {"cluster": "c", "user": "u"}},
                    ],
                    "clusters": [{"name": "c", "cluster": {"server": address}}],
                    "users": [{"name": "u", "user": {"token": "secret"}}],
                }
            )
        )
        return str(path)

    return written


@pytest.fixture
async def cluster(server: Server, kubeconfig: Callable[[str], str]) -> AsyncIterator[Cluster]:
    async with Cluster.connect(kubeconfig(server.address), observer=server.observed.append) as cluster:
        yield cluster


def refusal(code: int, reason: str, *causes: Raw) -> tuple[int, Raw]:
    status = {"kind": "Status", "code": code, "reason": reason, "message": f"said {reason}"}
    return code, {**status, "details": {"causes": list(causes)}}


async def test_an_object_is_read_by_its_place_as_the_user(server: Server, cluster: Cluster) -> None:
    server.answers = [(200, {"metadata": {"name": "shop"}})]
    assert await cluster.get("Rollout", "ns", "shop") == {"metadata": {"name": "shop"}}
    method, path, headers, _ = server.asked[0]
    assert (method, path) == ("GET", "/apis/crossfade.dev/v1alpha1/namespaces/ns/rollouts/shop")
    assert headers["Authorization"] == "Bearer secret"


async def test_what_is_not_there_is_none(server: Server, cluster: Cluster) -> None:
    server.answers = [refusal(404, "NotFound")]
    assert await cluster.get("Namespace", None, "gone") is None
    assert server.asked[0][1] == "/api/v1/namespaces/gone"


@pytest.mark.parametrize("name", ["../../theirs/deployments/shop", "../secrets", "a/b", "a?b=c", "%2e%2e/x"])
async def test_a_name_never_leads_to_another_namespace(server: Server, cluster: Cluster, name: str) -> None:
    server.answers = [refusal(404, "NotFound")]
    assert await cluster.get("Deployment", "ours", name) is None
    path = server.asked[0][1]
    assert path.startswith("/apis/apps/v1/namespaces/ours/deployments/")
    assert path.count("/") == len(["", "apis", "apps", "v1", "namespaces", "ours", "deployments", "x"]) - 1
    assert "?" not in path


@pytest.mark.parametrize("name", [".", ".."])
async def test_a_name_that_is_a_way_up_is_asked_of_nobody(
    server: Server, cluster: Cluster, name: str
) -> None:
    assert await cluster.get("Deployment", "ours", name) is None
    with pytest.raises(ApiError):
        await cluster.json_patch("Deployment", "ours", name, [])
    assert server.asked == []


async def test_lists_are_read_page_by_page(server: Server, cluster: Cluster) -> None:
    server.answers = [
        (200, {"metadata": {"continue": "more"}, "items": [{"n": 1}]}),
        (200, {"metadata": {}, "items": [{"n": 2}]}),
    ]
    found = await cluster.list("Pod", labels="a=b", metadata_only=True)
    assert found == [{"n": 1}, {"n": 2}]
    assert [asked[1] for asked in server.asked] == [
        f"/api/v1/pods?limit={PAGE}&labelSelector=a%3Db",
        f"/api/v1/pods?limit={PAGE}&labelSelector=a%3Db&continue=more",
    ]
    assert "PartialObjectMetadataList" in server.asked[0][2]["Accept"]


async def test_a_list_says_which_version_it_is_of_and_can_be_asked_for_a_later_one(
    server: Server, cluster: Cluster
) -> None:
    server.answers = [
        (200, {"metadata": {"resourceVersion": "95", "continue": "more"}, "items": [{"n": 1}]}),
        (200, {"metadata": {"resourceVersion": "99"}, "items": [{"n": 2}]}),
    ]
    assert await cluster.listing("Pod", None, None, not_older_than=90) == ([{"n": 1}, {"n": 2}], 95)
    assert [asked[1] for asked in server.asked] == [
        f"/api/v1/pods?limit={PAGE}&resourceVersion=90&resourceVersionMatch=NotOlderThan",
        f"/api/v1/pods?limit={PAGE}&continue=more",
    ]


async def test_a_version_that_the_server_never_came_to_is_told(server: Server, cluster: Cluster) -> None:
    status, body = refusal(504, "Timeout")
    body["details"] = {"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large"}]}
    server.answers = [(status, body)]
    with pytest.raises(ApiError) as refused:
        await cluster.listing("Pod", None, None, not_older_than=90)
    assert refused.value.version_too_large


async def test_an_apply_is_forced_and_names_its_manager(server: Server, cluster: Cluster) -> None:
    server.answers = [(200, {})]
    await cluster.apply("Service", "ns", "shop", {"spec": {"selector": {}}})
    method, path, headers, body = server.asked[0]
    assert (method, path) == (
        "PATCH",
        "/api/v1/namespaces/ns/services/shop?fieldManager=crossfade&force=true",
    )
    assert headers["Content-Type"] == "application/apply-patch+yaml"
    assert body == {"apiVersion": "v1", "kind": "Service", "spec": {"selector": {}}}


async def test_a_status_takes_the_place_of_the_stored_one(server: Server, cluster: Cluster) -> None:
    server.answers = [(200, {})]
    await cluster.replace_status("Rollout", "ns", "shop", {"status": {}})
    method, path, headers, body = server.asked[0]
    assert method == "PUT"
    assert path.endswith("/rollouts/shop/status?fieldManager=crossfade-status")
    assert headers["Content-Type"] == "application/json"
    assert body == {"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout", "status": {}}


async def test_a_strict_create_lets_the_server_refuse_what_it_does_not_know(
    server: Server, cluster: Cluster
) -> None:
    server.answers = [(201, {})]
    await cluster.create("Deployment", "ns", {}, strict=True)
    assert server.asked[0][1].endswith("fieldManager=crossfade&fieldValidation=Strict")


async def test_a_dry_run_stores_nothing(server: Server, cluster: Cluster) -> None:
    server.answers = [(201, {})]
    await cluster.create("Deployment", "ns", {}, dry_run=True)
    assert server.asked[0][1].endswith("/deployments?fieldManager=crossfade&dryRun=All")


async def test_a_dry_run_for_a_person_gives_the_warnings_or_the_refusal(
    server: Server, cluster: Cluster
) -> None:
    server.answers = [(200, {}), (422, {"reason": "Invalid", "message": "denied", "details": {"name": "x"}})]
    server.warnings = ["one", "two"]
    body = {"metadata": {"name": "shop"}}
    assert await cluster.dry_run("Rollout", "ns", body, replaces=True) == ("one", "two")
    assert server.asked[0][:2] == (
        "PUT",
        "/apis/crossfade.dev/v1alpha1/namespaces/ns/rollouts/shop?fieldManager=kubectl-crossfade&dryRun=All&fieldValidation=Strict",
    )
    with pytest.raises(ApiError, match="denied"):
        await cluster.dry_run("Rollout", "ns", body, replaces=False)
    assert server.asked[1][0] == "POST"


async def test_a_delete_means_that_very_object(server: Server, cluster: Cluster) -> None:
    server.answers = [(200, {"kind": "Status"})]
    await cluster.delete("Deployment", "ns", "shop", uid="u", orphan=True)
    assert server.asked[0][3] == {"propagationPolicy": "Orphan", "preconditions": {"uid": "u"}}


async def test_a_json_patch_is_written_in_the_name_it_is_told(server: Server, cluster: Cluster) -> None:
    server.answers = [(200, {})]
    await cluster.json_patch("Rollout", "ns", "shop", [{"op": "remove", "path": "/x"}], manager="someone")
    method, path, headers, body = server.asked[0]
    assert (method, path.partition("?")[2]) == ("PATCH", "fieldManager=someone")
    assert headers["Content-Type"] == "application/json-patch+json"
    assert body == [{"op": "remove", "path": "/x"}]


@pytest.mark.parametrize(
    ("answer", "true_of_it"),
    [
        (refusal(409, "Conflict"), {"conflict"}),
        (refusal(409, "AlreadyExists"), {"already_exists"}),
        (refusal(404, "NotFound"), {"not_found"}),
        (refusal(422, "Invalid", {"message": "must be positive", "field": "spec.replicas"}), {"invalid"}),
        (refusal(403, "Forbidden", {"reason": "NamespaceTerminating"}), {"namespace_terminating"}),
        (
            refusal(422, "Invalid", {"message": "testing value /metadata/uid failed: test failed"}),
            {"conflict"},
        ),
        ((422, {"kind": "Status", "code": 422, "reason": "Invalid", "details": {}}), {"conflict"}),
        (refusal(429, "TooManyRequests"), {"passing"}),
        ((503, "<html>a proxy's page</html>"), {"passing"}),
    ],
    ids=[
        "conflict",
        "exists",
        "gone",
        "invalid",
        "namespace goes",
        "a test fails",
        "a patch does not fit",
        "too many",
        "no JSON",
    ],
)
async def test_a_refusal_says_of_itself_what_it_is(
    server: Server, cluster: Cluster, answer: tuple[int, Any], true_of_it: set[str]
) -> None:
    server.answers = [answer]
    with pytest.raises(ApiError) as refused:
        await cluster.apply("Service", "ns", "shop", {})
    asked = ("conflict", "already_exists", "not_found", "invalid", "namespace_terminating", "passing")
    assert {name for name in asked if getattr(refused.value, name)} == true_of_it


async def test_a_token_that_ran_out_is_read_again(server: Server, cluster: Cluster) -> None:
    server.answers = [refusal(401, "Unauthorized"), (200, {})]
    assert await cluster.get("Pod", "ns", "p") == {}


async def test_every_request_is_observed_with_its_outcome(server: Server, cluster: Cluster) -> None:
    server.answers = [(200, {}), refusal(404, "NotFound")]
    await cluster.get("Pod", "ns", "p")
    await cluster.get("Pod", "ns", "p")
    assert [(seen.method, seen.kind, seen.status) for seen in server.observed] == [
        ("GET", "Pod", 200),
        ("GET", "Pod", 404),
    ]


async def test_a_watch_gives_events_and_ends_with_the_servers_reason(
    server: Server, cluster: Cluster
) -> None:
    gone = {"type": "ERROR", "object": refusal(410, "Expired")[1]}
    lines = [{"type": "ADDED", "object": {"n": 1}}, gone]
    server.answers = [(200, "\n".join(map(json.dumps, lines)) + "\n")]
    events = cluster.watch("Rollout", "ns", name="shop", resource_version="7", for_s=5)
    assert await anext(events) == ("ADDED", {"n": 1})
    with pytest.raises(ApiError) as ended:
        await anext(events)
    assert ended.value.status == 410
    query = "watch=true&timeoutSeconds=5&fieldSelector=metadata.name%3Dshop&resourceVersion=7"
    assert server.asked[0][1].endswith(query)


async def test_a_server_that_does_not_answer_is_named_with_what_to_do(
    kubeconfig: Callable[[str], str],
) -> None:
    async with Cluster.connect(kubeconfig("http://127.0.0.1:9")) as cluster:
        with pytest.raises(
            ApiError, match=r"cannot reach the API server at http://127\.0\.0\.1:9: .*; check"
        ):
            await cluster.get("Pod", "ns", "p")


async def test_the_context_names_the_namespace(server: Server, kubeconfig: Callable[[str], str]) -> None:
    path = kubeconfig(server.address)
    async with Cluster.connect(path) as here, Cluster.connect(path, "there") as there:
        assert (here.namespace, there.namespace) == ("team", "default")


async def test_no_kubeconfig_is_told_with_what_to_do(tmp_path: Any) -> None:
    missing = tmp_path / "none"
    with pytest.raises(ApiError, match=f"there is no kubeconfig at {missing}; set KUBECONFIG") as refused:
        async with Cluster.connect(str(missing)):
            pass
    assert refused.value.reason == "NoCluster"


async def test_an_unknown_context_is_told(server: Server, kubeconfig: Callable[[str], str]) -> None:
    with pytest.raises(ApiError, match="name nowhere"):
        async with Cluster.connect(kubeconfig(server.address), "nowhere"):
            pass


async def test_credentials_are_given_to_another_client(server: Server, cluster: Cluster) -> None:
    found = await cluster.credentials()
    assert (found.server, found.scheme, found.token) == (server.address, "Bearer", "secret")


async def test_a_proxy_that_the_environment_names_is_used(
    server: Server, kubeconfig: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.address)
    server.answers = [(200, {"metadata": {"name": "shop"}})]
    async with Cluster.connect(kubeconfig("http://cluster.invalid")) as cluster:
        assert await cluster.get("Service", "team", "shop") == {"metadata": {"name": "shop"}}
    assert [method for method, *_ in server.asked] == ["GET"]


async def test_no_request_looks_for_a_netrc_file_where_the_environment_names_no_proxy(
    server: Server, kubeconfig: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    looked: list[object] = []
    monkeypatch.setattr("aiohttp.client.netrc_from_env", lambda: looked.append(1))
    server.answers = [(200, {"metadata": {"name": "shop"}})]
    async with Cluster.connect(kubeconfig(server.address)) as cluster:
        await cluster.get("Service", "team", "shop")
    assert (len(server.asked), looked) == (1, [])


def described(*kinds: str) -> tuple[int, Raw]:
    return 200, {"resources": [{"name": f"{kind.lower()}s", "kind": kind} for kind in kinds]}


async def test_each_kind_of_a_group_is_found_in_the_first_version_that_is_asked_for(
    server: Server, cluster: Cluster
) -> None:
    versions = [{"version": version} for version in ("v1alpha2", "v1", "v1beta1")]
    listed = (200, {"versions": versions})
    server.answers = [listed, described("HTTPRoute"), described("HTTPRoute", "TCPRoute")]
    found = await cluster.served("gateway.networking.k8s.io", ("v1", "v1alpha3", "v1alpha2"))
    assert found == {"HTTPRoute": "v1", "TCPRoute": "v1alpha2"}
    root = "/apis/gateway.networking.k8s.io"
    assert [path for _, path, _, _ in server.asked] == [root, f"{root}/v1", f"{root}/v1alpha2"]


async def test_a_group_that_is_not_there_has_no_kinds(server: Server, cluster: Cluster) -> None:
    server.answers = [refusal(404, "NotFound")]
    assert await cluster.served("gateway.networking.k8s.io", ("v1",)) == {}


async def test_a_kind_is_read_and_written_in_the_version_that_is_to_be_used(
    server: Server, cluster: Cluster
) -> None:
    cluster.use("TCPRoute", "v1alpha2")
    server.answers = [(201, {})]
    await cluster.create("TCPRoute", "ns", {"metadata": {"name": "db"}})
    (_, path, _, body), place = (
        server.asked[0],
        "/apis/gateway.networking.k8s.io/v1alpha2/namespaces/ns/tcproutes",
    )
    assert path.partition("?")[0] == place
    assert (body["apiVersion"], body["kind"]) == ("gateway.networking.k8s.io/v1alpha2", "TCPRoute")


@pytest.fixture
def impersonating(server: Server, kubeconfig: Callable[[str], str]) -> Callable[..., str]:
    def written(**user: Any) -> str:
        path = Path(kubeconfig(server.address))
        config = json.loads(path.read_text())
        config["users"][0]["user"] |= user
        path.write_text(json.dumps(config))
        return str(path)

    return written


async def test_every_request_is_asked_as_whom_the_kubeconfig_impersonates(
    server: Server, impersonating: Callable[..., str]
) -> None:
    server.answers = [(200, {})]
    async with Cluster.connect(impersonating(**{"as": "bob", "as-groups": ["leads", "dba"]})) as cluster:
        await cluster.create("SelfSubjectReview", None, {})
    assert server.impersonated == [{"Impersonate-User": ["bob"], "Impersonate-Group": ["leads", "dba"]}]


async def test_groups_without_a_name_are_refused(impersonating: Callable[..., str]) -> None:
    with pytest.raises(ApiError, match="as-groups without `as`"):
        async with Cluster.connect(impersonating(**{"as-groups": ["leads"]})):
            pass
