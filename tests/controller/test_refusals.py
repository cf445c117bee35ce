"""What the API server refuses is told, holds up nothing but what needs it, and is asked for again now and then."""

from dataclasses import replace
from datetime import timedelta

import pytest

from controller.fakes import child, error, rollout
from controller.scripted import CREATE, RELEASE, SERVICE, STATUS, TOLD, Bench, plan
from crossfade.cluster import ApiError
from crossfade.controller.reconcile import RESTLESS
from crossfade.core.observed import Identity
from crossfade.core.plan import Verb, Write

QUOTA = ApiError(403, "Forbidden", "exceeded quota: services 1", ())
TOLD_SO = {"Service/shop": "exceeded quota: services 1"}


@pytest.fixture
def bench() -> Bench:
    """At rest but for what a plan asks; each CREATE of a Service is refused."""
    made = Bench()
    made.have(rollout(2, status=STATUS))
    made.cluster.refuse("CREATE", "Service", *[QUOTA] * 9)
    return made


def asked(bench: Bench, kind: str = "Service") -> int:
    return [each[1] for each in bench.cluster.writes].count(kind)


async def after(bench: Bench, seconds: float, write: Write = SERVICE) -> bool:
    """Whether a pass so much later asks for the write again."""
    before, bench.now = asked(bench), bench.now + timedelta(seconds=seconds)
    await bench.decided(plan(write))
    return asked(bench) > before


@pytest.mark.parametrize("refusal", [QUOTA, error(422, "Invalid"), error(400, "BadRequest")])
async def test_what_does_not_need_a_refused_write_is_written(bench: Bench, refusal: ApiError) -> None:
    bench.cluster.refusals["CREATE", "Service"] = [refusal]
    await bench.decided(plan(SERVICE, CREATE, RELEASE))
    assert [kind for _, kind, _ in bench.cluster.writes] == ["Service", "Deployment", "Release"]


async def test_the_next_pass_comes_at_once_and_is_told_why_in_the_servers_words(bench: Bench) -> None:
    assert await bench.decided(plan(SERVICE)) == 0
    await bench.decided(plan(SERVICE))
    assert [dict(seen.refused) for seen in bench.core.shown] == [{}, TOLD_SO]


async def test_nothing_is_written_after_a_refused_write_that_is_needed(bench: Bench) -> None:
    needed = replace(SERVICE, needed=True)
    for _ in range(2):
        await bench.decided(plan(needed, CREATE, RELEASE))
    assert [kind for _, kind, _ in bench.cluster.writes] == ["Service"]
    bench.cluster.refusals.clear()
    bench.now += timedelta(seconds=5)
    await bench.decided(plan(needed, CREATE))
    assert asked(bench, "Deployment") == 1


async def test_an_object_that_was_refused_gets_nothing_more_in_that_pass(bench: Bench) -> None:
    label = Write(Verb.APPLY, "Service", "shop", {"metadata": {}}, Identity("uid-shop", "1"))
    await bench.decided(plan(SERVICE, label, CREATE))
    assert [each[:2] for each in bench.cluster.writes] == [("CREATE", "Service"), ("CREATE", "Deployment")]


async def test_a_refused_write_is_asked_for_again_after_5_10_20_and_30_seconds(bench: Bench) -> None:
    await bench.decided(plan(SERVICE))
    for wait_s in (5, 10, 20, 30, 30):
        assert not await after(bench, wait_s - 0.1)
        assert await after(bench, 0.1)


async def test_the_pass_that_asks_again_comes_by_itself(bench: Bench) -> None:
    await bench.decided(plan(SERVICE))
    assert await bench.decided(plan(SERVICE, wake_after_s=30)) == 5
    assert await bench.decided(plan(SERVICE, wake_after_s=2)) == 2
    bench.now += timedelta(seconds=1)
    assert await bench.decided(plan(SERVICE)) == 4


async def test_what_stands_behind_a_needed_write_does_not_make_passes_busy(bench: Bench) -> None:
    bench.cluster.refuse("CREATE", "Release", *[QUOTA] * 9)
    await bench.decided(plan(SERVICE))
    bench.now += timedelta(seconds=6)
    needed = replace(RELEASE, needed=True)
    await bench.decided(plan(needed, SERVICE))
    wait_s = await bench.decided(plan(needed, SERVICE))
    assert wait_s is not None
    assert wait_s >= 1


@pytest.mark.parametrize(
    "changed",
    [
        replace(SERVICE, body={"metadata": {}, "spec": {"selector": {"revision": "aaa"}}}),
        Write(Verb.DELETE, "Service", "shop", identity=Identity("uid-shop", "1")),
    ],
    ids=["another spec", "another verb"],
)
async def test_another_write_to_that_object_is_asked_for_at_once(bench: Bench, changed: Write) -> None:
    await bench.decided(plan(SERVICE))
    bench.cluster.hold("Service", child("shop"))
    assert await after(bench, 0.1, changed)


async def test_a_change_of_the_rollouts_spec_asks_again_at_once(bench: Bench) -> None:
    await bench.decided(plan(SERVICE))
    bench.have(rollout(3, status=STATUS, metadata={"generation": 2}))
    assert await after(bench, 0.1)


async def test_a_refusal_is_forgotten_once_the_write_succeeds(bench: Bench) -> None:
    await bench.decided(plan(SERVICE))
    bench.cluster.refusals.clear()
    assert await after(bench, 5)
    await bench.decided(plan())
    assert bench.core.shown[-1].refused == {}


async def test_a_refusal_is_forgotten_once_the_write_is_not_asked_for_any_more(bench: Bench) -> None:
    await bench.decided(plan(SERVICE))
    for expected in (TOLD_SO, {}):
        assert await bench.decided(plan()) is None
        assert dict(bench.core.shown[-1].refused) == expected


async def test_a_refusal_in_other_words_is_news(bench: Bench) -> None:
    bench.cluster.refusals["CREATE", "Service"] = [QUOTA, QUOTA, error(422, "Invalid")]
    assert await bench.decided(plan(SERVICE)) == 0
    bench.now += timedelta(seconds=5)
    assert await bench.decided(plan(SERVICE)) == 10
    bench.now += timedelta(seconds=10)
    assert await bench.decided(plan(SERVICE)) == 0


async def test_refusals_that_differ_for_ever_slow_passes_down(bench: Bench) -> None:
    def write(number: int) -> Write:
        bench.cluster.refusals["CREATE", "Service"] = [error(422, f"Invalid{number}")]
        return replace(SERVICE, body={"metadata": {}, "spec": {"clusterIP": str(number)}})

    waits = [await bench.decided(plan(write(number))) for number in range(RESTLESS + 1)]
    assert (waits[0], waits[-1]) == (0, 1)


async def test_the_status_tells_though_a_write_is_refused(bench: Bench) -> None:
    bench.have(rollout(3))
    await bench.decided(plan(SERVICE, events=(TOLD,)))
    assert [kind for _, kind, _ in bench.cluster.writes] == ["Rollout", "Service", "Event"]


async def test_a_status_that_is_refused_ends_the_pass_since_nothing_can_tell_of_it(bench: Bench) -> None:
    bench.have(rollout(3))
    bench.cluster.refuse("STATUS", "Rollout", error(422, "Invalid"))
    with pytest.raises(ApiError):
        await bench.decided(plan(SERVICE))
    assert asked(bench) == 0


async def test_a_clock_that_was_set_back_holds_nothing_up(bench: Bench) -> None:
    await bench.decided(plan(SERVICE))
    assert await after(bench, -3600)
