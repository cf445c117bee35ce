"""The admission policy of a RolloutPolicy with expressions is made, follows it, and goes; what cannot be used is told."""

from __future__ import annotations

from typing import Any

import pytest

from controller.fakes import FakeCluster, error
from crossfade.cluster import ApiError
from crossfade.controller.policy_admission import AGAIN_S, BINDING, POLICY, SOON_S, Admitted, PolicyAdmission

Raw = dict[str, Any]
NAME = "crossfade-policy-p"
RULE = {"name": "owner", "expression": "has(object.metadata.labels)", "message": "label it"}


def policy(*expressions: Raw, **spec: Any) -> Raw:
    meta = {"name": "p", "uid": "uid-p", "resourceVersion": "1"}
    return {"metadata": meta, "spec": {"expressions": list(expressions), **spec}}


class Bench:
    """The part under test with a cluster in memory."""

    def __init__(self) -> None:
        self.cluster = FakeCluster()
        self.fenced = False
        self.settle = PolicyAdmission(self.cluster, self._fence).settle

    def _fence(self) -> None:
        if self.fenced:
            raise RuntimeError("the Lease is lost")

    def live(self, kind: str) -> Raw | None:
        return self.cluster.objects.get((kind, "", NAME))

    @property
    def wrote(self) -> list[tuple[str, str]]:
        return [(method, kind) for method, kind, _ in self.cluster.writes]


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_both_are_made_and_looked_at_again_soon(bench: Bench) -> None:
    assert await bench.settle(policy(RULE)) == Admitted(again_s=SOON_S)
    assert bench.wrote == [("CREATE", POLICY), ("CREATE", BINDING)]


async def test_what_stands_is_not_written_again(bench: Bench) -> None:
    await bench.settle(policy(RULE))
    assert await bench.settle(policy(RULE)) == Admitted()
    assert len(bench.wrote) == 2


async def test_what_is_edited_follows(bench: Bench) -> None:
    await bench.settle(policy(RULE))
    await bench.settle(policy(RULE, enforcement="Warn"))
    assert bench.wrote[2:] == [("REPLACE", BINDING)]
    live = bench.live(BINDING)
    assert live is not None
    assert live["spec"]["validationActions"] == ["Warn"]


async def test_what_somebody_else_wrote_into_it_is_put_right(bench: Bench) -> None:
    await bench.settle(policy(RULE))
    live = bench.live(POLICY)
    assert live is not None
    live["spec"] = {**live["spec"], "validations": []}
    await bench.settle(policy(RULE))
    assert bench.wrote[2:] == [("REPLACE", POLICY)]


async def test_without_expressions_both_go_the_binding_first(bench: Bench) -> None:
    await bench.settle(policy(RULE))
    assert await bench.settle(policy()) == Admitted()
    assert bench.wrote[2:] == [("DELETE", BINDING), ("DELETE", POLICY)]


async def test_a_policy_without_expressions_is_looked_up_once(bench: Bench) -> None:
    await bench.settle(policy())
    asked = len(bench.cluster.asked)
    await bench.settle(policy())
    assert len(bench.cluster.asked) == asked


async def test_expressions_that_come_back_are_made_again(bench: Bench) -> None:
    for expressions in ((RULE,), (), (RULE,)):
        await bench.settle(policy(*expressions))
    assert bench.live(POLICY) is not None


async def test_one_that_cannot_be_compiled_is_told_by_its_name(bench: Bench) -> None:
    said = "spec.validations[0].expression: Invalid value: \"x\": compilation failed: ERROR: <input>:2:1: undeclared reference to 'x'"
    bench.cluster.refuse("CREATE", POLICY, ApiError(422, "Invalid", said))
    told = await bench.settle(policy(RULE))
    assert told == Admitted(
        "expression owner is wrong in line 1, at character 1: undeclared reference to 'x'"
    )


async def test_a_right_that_is_missing_is_told_and_tried_again(bench: Bench) -> None:
    bench.cluster.refuse("CREATE", POLICY, error(403, "Forbidden"))
    assert await bench.settle(policy(RULE)) == Admitted(
        "its expressions hold nobody: the server says Forbidden", AGAIN_S
    )


async def test_one_of_that_name_that_is_somebody_elses_is_left_alone_and_told(bench: Bench) -> None:
    bench.cluster.objects[POLICY, "", NAME] = {"metadata": {"name": NAME, "uid": "1"}, "spec": {}}
    told = await bench.settle(policy(RULE))
    assert told.problem == f"its expressions hold nobody: {POLICY} {NAME} is somebody else's: remove it"
    await bench.settle(policy())
    assert bench.wrote == []


async def test_wrong_types_are_told_once_the_api_server_has_looked(bench: Bench) -> None:
    await bench.settle(policy(RULE))
    live = bench.live(POLICY)
    assert live is not None
    live["metadata"]["generation"] = 1
    assert await bench.settle(policy(RULE)) == Admitted(again_s=AGAIN_S), "nobody has looked yet"
    warning = {
        "fieldRef": "spec.validations[0].expression",
        "warning": "ERROR: <input>:2:3: undefined field 'a'",
    }
    live["status"] = {"observedGeneration": 1, "typeChecking": {"expressionWarnings": [warning]}}
    assert await bench.settle(policy(RULE)) == Admitted("expression owner: undefined field 'a'")


async def test_any_other_failure_is_the_callers(bench: Bench) -> None:
    bench.cluster.refuse("GET", POLICY, error(503, "ServiceUnavailable"))
    with pytest.raises(ApiError):
        await bench.settle(policy(RULE))
    assert await bench.settle(policy(RULE)) == Admitted(again_s=SOON_S)


@pytest.mark.parametrize(
    "raw",
    [
        {"metadata": {"name": "p"}, "spec": {"expressions": "none"}},
        {"metadata": {"name": "p", "deletionTimestamp": "2026-01-31T12:00:00Z"}, "spec": {"expressions": []}},
    ],
    ids=["unreadable", "going"],
)
async def test_of_one_that_is_going_or_cannot_be_read_nothing_is_changed(bench: Bench, raw: Raw) -> None:
    await bench.settle(policy(RULE))
    assert await bench.settle(raw) == Admitted()
    assert len(bench.wrote) == 2


async def test_who_has_lost_the_lease_writes_nothing(bench: Bench) -> None:
    bench.fenced = True
    with pytest.raises(RuntimeError):
        await bench.settle(policy(RULE))
    assert bench.wrote == []
