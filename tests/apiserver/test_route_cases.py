"""The cases of tests/routers mean the same to a real API server: what it fills in is no difference, what we write it takes."""

from pathlib import Path

import pytest

from bench.kube import Kube, Object
from crossfade.routers.groups import groups, preview
from crossfade.routers.registered import KINDS
from crossfade.routers.rules import changes, edited, problem, with_split
from routers.patching import patched
from routers.test_cases import FILES, Case

GROUP = "/apis/gateway.networking.k8s.io"


def tried(kube: Kube, namespace: str, kind: str, spec: Object) -> Object:
    """The route as the API server would store it; it is not stored."""
    version, plural = KINDS[kind].version, KINDS[kind].plural
    route = {
        "apiVersion": f"gateway.networking.k8s.io/{version}",
        "kind": kind,
        "metadata": {"name": "case", "namespace": namespace},
        "spec": {"parentRefs": [{"name": "nobody"}], **spec},
    }
    return kube.request("POST", f"{GROUP}/{version}/namespaces/{namespace}/{plural}?dryRun=All", route)


def own_specs(case: Case, route: Object) -> list[Object]:
    """The specs of the routes of our own that the case wants."""
    beside = groups(route, case.names, case.before, case.matches, case.cookies)
    first_looks = preview(route, case.names, case.before, (), case.said.get("hostnames", []))
    return [dict(spec) for spec in (beside.spec, first_looks.by_hostname) if spec]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_api_server_takes_what_we_write_and_adds_no_difference(
    kube: Kube, namespace: str, file: Path
) -> None:
    case = Case(file, namespace)
    kind = case.route["kind"]
    served = tried(kube, namespace, kind, case.route["spec"])
    assert changes(case.route, served["spec"]["rules"]) == []
    if problem(served, case.names, case.split) or "unable" in case.said:
        return
    split = patched(served, changes(served, with_split(served, case.names, case.before, case.split)))
    again = tried(kube, namespace, kind, split["spec"])
    assert changes(again, with_split(again, case.names, case.before, case.split)) == []
    assert not edited(again, case.names, case.before)
    for spec in own_specs(case, served):
        assert tried(kube, namespace, kind, spec)["spec"]["rules"]
