"""The tree of a Rollout: which parts are where, and what each line says."""

from datetime import UTC, datetime
from typing import Any

from crossfade.view.tree import Parts, tree
from crossfade.view.tree_text import lines
from view.pods import own_service, pod, revision, slice_of
from view.releases import release
from view.stored import rollout, under_way

NOW = datetime(2026, 1, 31, 14, 0, tzinfo=UTC)


def parts(**lists: Any) -> Parts:
    return Parts(**{"releases": [], "deployments": [], "pods": [], "services": [], "slices": [], **lists})


def shown(stored: dict[str, Any], **lists: Any) -> list[str]:
    return list(lines(tree(stored, parts(**lists)), NOW))


def test_a_release_under_way_is_drawn_with_both_sides_and_their_pods() -> None:
    drawn = shown(
        under_way(),
        releases=[release(1, "aaa111"), release(2, "bbb222", "", ended=None)],
        deployments=[revision("aaa111"), revision("bbb222", ready=1, release="2")],
        pods=[
            pod("shop-aaa111-1", "aaa111"),
            pod("shop-bbb222-2", "bbb222", ready=False, restarts=3, waiting="CrashLoopBackOff"),
            pod("shop-bbb222-1", "bbb222", created="2026-01-31T11:00:00Z"),
        ],
        services=[own_service(), own_service("shop-preview", "preview", "bbb222")],
        slices=[slice_of("shop", "shop-aaa111-1", "shop-bbb222-1")],
    )
    assert drawn == [
        "shop in demo: Progressing (canary)",
        "├─ releases",
        "│  ├─ 2  bbb222  under way  shop:bbb222",
        "│  └─ 1  aaa111  Completed 118m ago  shop:aaa111",
        "├─ Deployment shop-bbb222: candidate, release 2, 1/2 ready, shop:bbb222",
        "│  ├─ Pod shop-bbb222-1  ready      Running           0 restarts  3h",
        "│  └─ Pod shop-bbb222-2  not ready  CrashLoopBackOff  3 restarts  2h",
        "├─ Deployment shop-aaa111: stable, release 1, 2/2 ready, shop:aaa111",
        "│  └─ Pod shop-aaa111-1  ready      Running  0 restarts  2h",
        "├─ Service shop: production, selects crossfade.dev/rollout=shop, 2 ready endpoints",
        "└─ Service shop-preview: preview, selects revision bbb222, 0 ready endpoints",
    ]


def test_pods_with_its_labels_that_no_deployment_of_it_made_stand_apart() -> None:
    drawn = shown(
        rollout(),
        deployments=[revision("aaa111")],
        pods=[
            pod("shop-aaa111-1", "aaa111"),
            pod("rogue", "aaa111", ownerReferences=[]),
            pod("web-1", "aaa111", owner="web"),
        ],
    )
    assert drawn[-3:] == [
        "└─ not of this Rollout, with its labels",
        "   ├─ Pod rogue  ready      Running  0 restarts  2h",
        "   └─ Pod web-1  ready      Running  0 restarts  2h",
    ]
    assert sum("Pod" in line for line in drawn) == 3


def test_old_revisions_are_kept_and_the_one_that_failed_is_named() -> None:
    stored = rollout(phase="RolledBack", stable={"revision": "ccc333"}, failed={"revision": "bbb222"})
    found = tree(
        stored,
        parts(
            deployments=[
                revision("aaa111", replicas=0),
                revision("bbb222", release="2"),
                revision("ccc333", release="3"),
            ]
        ),
    )
    assert [(each.revision, each.role) for each in found.deployments] == [
        ("ccc333", "stable"),
        ("bbb222", "failed"),
        ("aaa111", "kept"),
    ]


def test_a_pod_that_goes_and_one_that_was_evicted_say_so() -> None:
    gone = pod("shop-1", "aaa111", deletionTimestamp="2026-01-31T13:59:00Z")
    evicted = pod("shop-2", "aaa111")
    evicted["status"] |= {"phase": "Failed", "reason": "Evicted", "containerStatuses": []}
    found = tree(rollout(), parts(deployments=[revision("aaa111")], pods=[gone, evicted]))
    assert [each.state for each in found.deployments[0].pods] == ["Terminating", "Evicted"]


def test_an_endpoint_counts_once_where_a_service_has_two_address_families_and_not_where_it_is_not_ready() -> (
    None
):
    slices = [
        slice_of("shop", "p1", name="v4"),
        slice_of("shop", "p1", name="v6"),
        slice_of("shop", "p2", ready=False, name="more"),
        slice_of("other", "p3"),
    ]
    found = tree(rollout(), parts(services=[own_service()], slices=slices))
    assert found.services[0].ready_endpoints == 1


def test_what_may_not_be_read_is_left_out_and_named() -> None:
    drawn = shown(rollout(), pods=None, services=[own_service()], slices=None)
    assert any(line.startswith("! Pods are left out: the API server did not give them.") for line in drawn)
    assert "└─ Service shop: production, selects crossfade.dev/rollout=shop" in drawn


def test_a_release_of_an_earlier_rollout_of_that_name_is_left_out() -> None:
    stored = rollout()
    stored["metadata"]["uid"] = "new"
    mine = release(1, "aaa111")
    mine["metadata"]["ownerReferences"] = [{"uid": "new"}]
    found = tree(stored, parts(releases=[mine, release(7, "bbb222")]))
    assert [each.number for each in found.releases] == [1]
