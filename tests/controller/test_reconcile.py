"""A pass: what is decided is written, status first; what fails ends it; what it asks is looked at."""

from datetime import timedelta

import pytest

from controller.fakes import Raw, child, endpoint, endpoint_slice, error, obj, rollout, status
from controller.scripted import CREATE, RELEASE, SERVICE, SHOP, STATUS, TOLD, Bench, plan
from crossfade.api.status import CONDITIONS_LENGTH
from crossfade.cluster import ApiError
from crossfade.controller.counts import Change, change
from crossfade.controller.reconcile import RESTLESS
from crossfade.controller.workers import Stale
from crossfade.core.observed import Identity
from crossfade.core.plan import Plan, ReadRequest, Verb, Write


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_the_status_is_written_before_everything_else_and_events_come_last(bench: Bench) -> None:
    await bench.decided(plan(CREATE, SERVICE, events=(TOLD,)))
    assert [(method, kind) for method, kind, _ in bench.cluster.writes] == [
        ("STATUS", "Rollout"),
        ("CREATE", "Deployment"),
        ("CREATE", "Service"),
        ("CREATE", "Event"),
    ]
    assert bench.counted == [("Status", "Rollout"), ("Create", "Deployment"), ("Create", "Service")]


async def test_a_status_that_means_the_same_is_not_written(bench: Bench) -> None:
    bench.have(rollout(2, status={"stage": "", "release": 0, **STATUS}))
    await bench.decided(plan(wake_after_s=5))
    assert bench.cluster.writes == []


async def test_conditions_of_others_are_left_as_they_are_and_are_no_reason_to_write(bench: Bench) -> None:
    theirs = {**STATUS["conditions"][0], "type": "example.com/CostEstimated", "message": "cheap"}
    stored = STATUS | {"conditions": [theirs, *STATUS["conditions"]]}
    bench.have(rollout(2, status=stored))
    await bench.decided(plan(status=STATUS | {"phase": "Paused"}))
    written = bench.cluster.objects["Rollout", "ns", "shop"]["status"]
    assert written["phase"] == "Paused"
    assert written["conditions"] == [*STATUS["conditions"], theirs]
    await bench.decided(plan(status=STATUS | {"phase": "Paused"}))
    assert bench.cluster.writes == [("STATUS", "Rollout", "shop")]


async def test_conditions_of_others_make_no_status_too_long_for_the_api_server(bench: Bench) -> None:
    theirs = [{**STATUS["conditions"][0], "type": f"example.com/Other{n}"} for n in range(CONDITIONS_LENGTH)]
    bench.have(rollout(2, status={"conditions": theirs}))
    await bench.decided(plan())
    written = bench.cluster.objects["Rollout", "ns", "shop"]["status"]["conditions"]
    assert len(written) == CONDITIONS_LENGTH
    assert written[: len(STATUS["conditions"])] == STATUS["conditions"]


async def test_what_is_stored_and_cannot_be_used_is_told_once(bench: Bench) -> None:
    bench.have(rollout(2, status=STATUS | {"last": {"at": "soon"}}))
    for _ in range(2):
        await bench.decided(Plan("Because"))
    (event,) = [
        body
        for body, asked in zip(bench.cluster.bodies, bench.cluster.asked, strict=True)
        if asked[1] == "Event"
    ]
    assert (event["reason"], event["type"]) == ("StoredValueLost", "Warning")
    assert "status.last.at" in event["note"]


async def test_what_somebody_else_wrote_into_the_status_is_gone_with_the_next_write(bench: Bench) -> None:
    bench.have(rollout(2, status=STATUS | {"undoTo": "abc", "phase": "Paused"}))
    await bench.decided(plan(status=STATUS))
    assert "undoTo" not in bench.cluster.objects["Rollout", "ns", "shop"]["status"]


BEFORE = STATUS | {"message": "0 of 4 pods", "stable": {"revision": "aaa"}}
COUNTED = STATUS | {"message": "1 of 4 pods", "stable": {"revision": "aaa", "ready": 1}}


async def test_counts_alone_are_told_five_seconds_later_and_together(bench: Bench) -> None:
    bench.have(rollout(2, status=BEFORE))
    assert await bench.decided(plan(status=COUNTED, wake_after_s=30)) == 5
    bench.now += timedelta(seconds=4.5)
    more = COUNTED | {"message": "3 of 4 pods", "availableReplicas": 3, "ready": "3/4"}
    assert await bench.decided(plan(status=more, wake_after_s=30)) == 0.5
    assert bench.cluster.writes == []
    bench.now += timedelta(seconds=0.5)
    await bench.decided(plan(status=more))
    assert bench.cluster.writes == [("STATUS", "Rollout", "shop")]


@pytest.mark.parametrize(
    "told",
    [
        COUNTED | {"message": "1 of 4 pods; pod shop-7: container app ended with exit code 42"},
        COUNTED | {"phase": "Paused"},
        COUNTED | status(generation=7),
        COUNTED | {"progress": {"reachedAt": "2026-01-31T00:00:00Z"}},
        COUNTED | {"conditions": [*STATUS["conditions"], STATUS["conditions"][1] | {"type": "Available"}]},
        COUNTED | {"stable": {"revision": "bbb", "ready": 1}},
    ],
)
async def test_whatever_is_more_than_a_count_is_told_at_once(bench: Bench, told: Raw) -> None:
    meta = {"generation": told["observedGeneration"]}
    bench.have(rollout(2, metadata=meta, status=BEFORE))
    await bench.decided(plan(status=told))
    assert bench.cluster.writes == [("STATUS", "Rollout", "shop")]


async def test_counts_go_along_with_a_write_and_with_an_event(bench: Bench) -> None:
    bench.have(rollout(2, status=BEFORE))
    await bench.decided(plan(status=COUNTED, events=(TOLD,)))
    assert ("STATUS", "Rollout", "shop") in bench.cluster.writes


async def test_the_next_pass_is_told_why_a_deployment_was_not_taken_and_only_that_pass(bench: Bench) -> None:
    bench.cluster.refuse("CREATE", "Deployment", error(422, "Invalid"))
    with pytest.raises(Stale):
        await bench.decided(plan(CREATE))
    await bench.decided(plan())
    await bench.decided(plan())
    assert [seen.found.refusal for seen in bench.core.shown] == [None, "the server says Invalid", None]


async def test_a_status_seen_by_a_stale_view_is_refused_and_nothing_else_is_written(bench: Bench) -> None:
    bench.cluster.hold("Rollout", rollout(9))
    with pytest.raises(Stale):
        await bench.decided(plan(CREATE, events=(TOLD,)))
    assert bench.cluster.writes == [("STATUS", "Rollout", "shop")]
    newer = bench.store.rollout(SHOP)
    assert newer is not None
    assert newer["metadata"]["resourceVersion"] == "9"


async def test_the_first_write_that_fails_ends_the_pass(bench: Bench) -> None:
    bench.cluster.refuse("CREATE", "Deployment", error(500, "InternalError"))
    with pytest.raises(ApiError):
        await bench.decided(plan(CREATE, SERVICE))
    assert ("CREATE", "Service", "shop") not in bench.cluster.writes


@pytest.mark.parametrize("answer", [error(0, "Unreachable"), error(503, "ServiceUnavailable")])
async def test_after_a_write_without_an_answer_its_object_is_read_before_anything_is_decided(
    bench: Bench, answer: ApiError
) -> None:
    bench.cluster.refuse("CREATE", "Deployment", answer)
    with pytest.raises(ApiError):
        await bench.decided(plan(CREATE))
    bench.cluster.hold("Deployment", child("shop-aaa", 200, revision="aaa"))  # it had happened
    bench.cluster.refuse("GET", "Deployment", answer)
    with pytest.raises(ApiError):
        await bench.decided(plan(SERVICE))
    assert len(bench.core.shown) == 1
    await bench.decided(plan(SERVICE))
    assert "aaa" in bench.core.shown[-1].sides


async def test_a_status_without_an_answer_is_read_before_anything_is_decided(bench: Bench) -> None:
    bench.cluster.refuse("STATUS", "Rollout", error(0, "Unreachable"))
    with pytest.raises(ApiError):
        await bench.decided(plan())
    bench.cluster.hold("Rollout", rollout(200, status=STATUS))
    await bench.decided(plan(SERVICE))
    assert [kind for method, kind, _ in bench.cluster.writes] == ["Rollout", "Service"]


@pytest.mark.parametrize("happened", [True, False])
async def test_a_status_that_was_stored_without_an_answer_tells_what_it_was_to_tell(
    bench: Bench, happened: bool
) -> None:
    bench.cluster.refuse("STATUS", "Rollout", error(0, "Unreachable"))
    with pytest.raises(ApiError):
        await bench.decided(plan(events=(TOLD,)))
    if happened:
        bench.cluster.hold("Rollout", rollout(200, status=STATUS))
    await bench.decided(plan(status=None))
    assert ("Event" in {kind for _, kind, _ in bench.cluster.writes}) == happened


async def test_after_an_answer_nothing_is_read(bench: Bench) -> None:
    bench.cluster.refuse("CREATE", "Deployment", error(429, "TooManyRequests"))
    with pytest.raises(ApiError):
        await bench.decided(plan(CREATE))
    await bench.decided(plan(CREATE))
    assert "GET" not in {method for method, _, _ in bench.cluster.asked}


async def test_what_the_stored_status_tells_is_told_though_a_later_write_fails(bench: Bench) -> None:
    bench.cluster.refuse("CREATE", "Deployment", error(500, "InternalError"))
    with pytest.raises(ApiError):
        await bench.decided(plan(CREATE, events=(TOLD,)))
    assert bench.cluster.writes[-1][:2] == ("CREATE", "Event")


async def test_a_pass_that_wrote_is_followed_by_another_at_once(bench: Bench) -> None:
    assert await bench.decided(plan(CREATE, wake_after_s=30)) == 0


async def test_a_pass_that_wrote_nothing_is_followed_when_the_plan_says(bench: Bench) -> None:
    assert await bench.decided(Plan("Because", wake_after_s=30)) == 30
    assert await bench.decided(Plan("Because")) is None


async def test_a_write_that_changed_nothing_is_not_repeated_while_its_object_stays_as_it_is(
    bench: Bench,
) -> None:
    def patched(version: int, replicas: int = 4) -> Write:
        change = [{"op": "replace", "path": "/spec/replicas", "value": replicas}]
        return Write(Verb.PATCH, "Service", "shop", change, Identity("uid-shop", str(version)))

    bench.cluster.hold("Service", child("shop", 7, owners=["uid-shop"], metadata={"uid": "uid-shop"}))
    bench.cluster.unmoved.add(("Service", "shop"))
    bench.have(rollout(2, status=STATUS))
    for _ in range(3):
        waits = await bench.decided(plan(patched(7), wake_after_s=30))
    assert bench.cluster.writes == [("PATCH", "Service", "shop")]
    assert waits == 30
    await bench.decided(plan(patched(7, replicas=5)))
    await bench.decided(plan(patched(8)))
    assert len(bench.cluster.writes) == 3


async def test_passes_that_write_for_ever_are_slowed_down(bench: Bench) -> None:
    waits = [await bench.decided(plan(status=status(stage=str(number)))) for number in range(RESTLESS + 1)]
    assert waits[0] == 0
    assert waits[-1] == 1


async def test_a_decision_that_must_look_first_is_asked_again_with_the_answer(bench: Bench) -> None:
    bench.cluster.hold("Pod", child("p1", revision="aaa"))
    await bench.decided(Plan("Reading", read=ReadRequest(pods=frozenset({"aaa"}))), plan())
    first, second = bench.core.shown
    assert "aaa" not in first.found.pods
    assert [pod.name for pod in second.found.pods["aaa"]] == ["p1"]


async def test_answers_of_one_pass_add_up(bench: Bench) -> None:
    looks = [ReadRequest(pods=frozenset({"aaa"})), ReadRequest(services=frozenset({"web"}))]
    await bench.decided(*(Plan("Reading", read=look) for look in looks), plan())
    assert set(bench.core.shown[-1].found.pods) == {"aaa"}
    assert set(bench.core.shown[-1].found.services) == {"web"}


async def test_a_decision_that_looks_for_ever_is_a_mistake(bench: Bench) -> None:
    with pytest.raises(RuntimeError, match="after 8 rounds"):
        await bench.decided(Plan("Reading", read=ReadRequest(pods=frozenset({"aaa"}))))
    assert len(bench.core.shown) == 8


async def test_a_taken_name_is_looked_at_in_the_next_pass(bench: Bench) -> None:
    bench.cluster.hold("Service", obj("shop", uid="foreign"))
    with pytest.raises(Stale):
        await bench.decided(plan(SERVICE))
    await bench.decided(plan())
    found = bench.core.shown[-1].found.services["shop"]
    assert found is not None
    assert not found.ours


async def test_a_name_that_is_free_again_is_looked_at_once_more_and_forgotten(bench: Bench) -> None:
    bench.cluster.hold("Service", obj("shop", uid="foreign"))
    with pytest.raises(Stale):
        await bench.decided(plan(SERVICE))
    del bench.cluster.objects["Service", "ns", "shop"]
    await bench.decided(plan())
    assert bench.core.shown[-1].found.services == {"shop": None}
    await bench.decided(plan())
    assert bench.core.shown[-1].found.services == {}


async def test_a_create_whose_answer_was_lost_is_no_conflict(bench: Bench) -> None:
    bench.cluster.hold("Release", child("shop-1", spec={"rollout": "shop", "number": 1}))
    with pytest.raises(Stale):
        await bench.decided(plan(RELEASE))
    await bench.decided(plan())
    assert [release.spec.number for release in bench.core.shown[-1].releases] == [1]


@pytest.mark.parametrize(
    ("method", "first"),
    [("CREATE", plan(CREATE)), ("DRY-RUN", Plan("Reading", read=ReadRequest(dry_run=CREATE.body)))],
    ids=["a create", "a dry run"],
)
async def test_a_namespace_that_goes_is_told_by_a_refusal(bench: Bench, method: str, first: Plan) -> None:
    bench.cluster.refuse(method, "Deployment", error(403, "Forbidden", "NamespaceTerminating"))
    with pytest.raises(Stale):
        await bench.decided(first)
    await bench.decided(plan())
    assert [seen.namespace_terminating for seen in bench.core.shown] == [False, True]


@pytest.mark.parametrize(
    ("namespace", "terminating"),
    [({}, False), ({"deletionTimestamp": "2026-01-31T00:00:00Z"}, True), (None, True)],
    ids=["stays", "goes", "is gone"],
)
async def test_a_rollout_being_deleted_asks_whether_its_namespace_goes_too(
    bench: Bench, namespace: Raw | None, terminating: bool
) -> None:
    bench.have(rollout(2, metadata={"deletionTimestamp": "2026-01-31T00:00:00Z"}))
    if namespace is not None:
        bench.cluster.objects["Namespace", "", "ns"] = {"metadata": {"name": "ns", **namespace}}
    await bench.decided(plan())
    assert bench.core.shown[-1].namespace_terminating is terminating


async def test_a_drop_is_shown_until_a_pass_completes(bench: Bench) -> None:
    bench.store.put("Release", child("shop-1", spec={"rollout": "shop", "number": 1, "revision": "aaa"}))
    bench.store.put("EndpointSlice", endpoint_slice(endpoint("shop-aaa-r-1"), version=1))
    bench.store.put("EndpointSlice", endpoint_slice(version=2))
    bench.cluster.refuse("CREATE", "Deployment", error(500, "InternalError"))
    with pytest.raises(ApiError):
        await bench.decided(plan(CREATE))
    await bench.decided(plan())
    await bench.decided(plan())
    assert [set(seen.dropped) for seen in bench.core.shown] == [{"aaa"}, {"aaa"}, set()]


async def test_a_spec_that_breaks_a_rule_is_told_with_its_place(bench: Bench) -> None:
    bench.have(rollout(2, spec={"replicas": "four"}))
    await bench.decided(plan())
    assert bench.core.shown == []
    assert bench.core.unreadable_for[0].startswith("spec.replicas: ")
    assert [write[:2] for write in bench.cluster.writes] == [("STATUS", "Rollout"), ("CREATE", "Event")]


@pytest.mark.parametrize("namespace_goes", [True, False])
async def test_a_deleted_rollout_that_cannot_be_read_goes_with_its_namespace_and_else_says_what_is_wrong(
    bench: Bench, *, namespace_goes: bool
) -> None:
    leaving = {"deletionTimestamp": "2026-01-31T00:00:00Z"}
    meta = leaving | {"finalizers": ["crossfade.dev/give-back"]}
    seen = rollout(2, spec={"replicas": "four"}, metadata=meta)
    bench.have(seen)
    namespace = {"name": "ns", "namespace": "", **(leaving if namespace_goes else {})}
    bench.cluster.hold("Namespace", {"metadata": namespace})
    await bench.decided(plan())
    expected = [("APPLY", "Rollout")] if namespace_goes else [("STATUS", "Rollout"), ("CREATE", "Event")]
    assert [write[:2] for write in bench.cluster.writes] == expected
    if namespace_goes:
        assert bench.cluster.objects["Rollout", "ns", "shop"]["metadata"]["finalizers"] == []


async def test_a_rollout_that_is_gone_leaves_nothing_to_be_done(bench: Bench) -> None:
    bench.store.remove("Rollout", "ns", "shop", "uid-shop")
    assert await bench.decided(plan(CREATE)) is None
    assert bench.cluster.asked == []


@pytest.mark.parametrize(
    ("stored", "wanted", "different"),
    [
        (None, {}, True),
        ({"message": "a"}, {"message": "b"}, True),
        ({"message": "a"}, {}, True),
        ({"observedGeneration": -1}, {}, False),
        ({"downtime": {"seconds": 3}}, {"downtime": {"seconds": 3.0}}, False),
        ({"release": "not a number"}, {"release": 1}, True),
    ],
    ids=["none yet", "another", "one too many", "a default", "a number's form", "unreadable"],
)
def test_statuses_are_compared_by_meaning(stored: Raw | None, wanted: Raw, different: bool) -> None:
    assert (change(stored, wanted) is not Change.NONE) is different


async def test_a_pass_is_the_first_look_of_this_process_until_one_has_come_to_its_end(bench: Bench) -> None:
    with pytest.raises(RuntimeError):  # a pass that ends in the middle has told nothing yet
        await bench.decided(Plan("Reading", read=ReadRequest(pods=frozenset({"aaa"}))))
    await bench.decided(plan())
    await bench.decided(plan())
    assert [seen.first_look for seen in bench.core.shown] == [True] * (len(bench.core.shown) - 1) + [False]
