"""Whatever somebody makes of the note of a route: nobody is harmed, and the route gets its proportions back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from builders import V1, V2, routing_v2
from crossfade.api.labels import ANNOTATION_ROUTE
from mutation.memos import OTHER_ROUTE, Note, notes
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, stands_at, until
from simulation.stored import versioned

pytestmark = pytest.mark.deep

SHARE = 1 if os.environ.get("CROSSFADE_FAULTS") == "all" else 4
RULES = [
    {
        "name": "main",
        "timeouts": {"request": "5s"},
        "backendRefs": [
            {"name": "shop", "port": 80, "weight": 80},
            {"name": "legacy", "port": 80, "weight": 20},
        ],
    },
    {"name": "beside", "backendRefs": [{"name": "legacy", "port": 80}]},
]
THEIRS = [{"name": "theirs", "backendRefs": [{"name": "other", "port": 80}]}]


@cache
def _at_a_quarter() -> Sim:
    """25 % go to v2, and somebody else has a route beside."""
    sim = until(routing_v2("canary", RULES), stands_at(1))
    sim.make_route(OTHER_ROUTE, THEIRS)
    sim.follow_routes()
    return sim


@cache
def _at_rest() -> Sim:
    return rest(_at_a_quarter().fork())


def note_of(sim: Sim) -> str:
    return str(sim.services["shop-canary"]["metadata"]["annotations"][ANNOTATION_ROUTE])


def spoil(sim: Sim, note: Note) -> Sim:
    """Somebody writes that note."""
    live = sim.services["shop-canary"]
    kept = {k: v for k, v in live["metadata"].get("annotations", {}).items() if k != ANNOTATION_ROUTE}
    kept |= {ANNOTATION_ROUTE: note.text} if note.text is not None else {}
    sim.services["shop-canary"] = versioned(live, sim.tick_version(), annotations=kept)
    return sim


def proportions(rules: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Fraction]]]:
    """Rules without numbers, and what part each backend has; the two Services of the shop are one."""
    told = []
    for rule in rules:
        parts: dict[str, Fraction] = {}
        whole = sum(ref.get("weight", 1) for ref in rule["backendRefs"])
        for ref in rule["backendRefs"]:
            name = ref["name"].removesuffix("-canary")
            parts[name] = parts.get(name, Fraction(0)) + Fraction(ref.get("weight", 1), whole)
        told.append(({key: each for key, each in rule.items() if key != "backendRefs"}, parts))
    return told


def harmed(sim: Sim, note: Note) -> Iterator[str]:
    """Whom it has cost something, while a release is under way or not."""
    if sim.routes[OTHER_ROUTE]["spec"]["rules"] != THEIRS:
        yield f"somebody else's route is {sim.routes[OTHER_ROUTE]['spec']['rules']}"
    now = sim.routes["shop"]["spec"]["rules"]
    if proportions(now) != proportions(RULES) and not note.believed:
        yield f"the rules are {now}"
    if not set(sim.selected()) <= {V1, V2} or not sum(sim.selected().values()):
        yield f"production selects {sim.selected()}"


def left(sim: Sim, note: Note) -> Iterator[str]:
    """What is wrong once nothing is under way."""
    yield from harmed(sim, note)
    if "shop-canary" in str(sim.routes["shop"]["spec"]):
        yield "the route still names the canary Service"


def abort(sim: Sim) -> None:
    sim.act("Abort")
    assert rest(sim).status["phase"] == "RolledBack"


def complete(sim: Sim) -> None:
    assert rest(sim).status["phase"] == "Healthy"


def delete(sim: Sim) -> None:
    sim.edit(onDelete="GiveBack")
    quiet(sim)
    sim.delete()
    until(sim, lambda s: s.gone, limit_s=120)


def without_traffic(sim: Sim) -> None:
    sim.edit(traffic=None)
    rest(sim)


ENDS = [abort, complete, delete, without_traffic]


def life_after(sim: Sim, note: Note, end: Callable[[Sim], object]) -> list[str]:
    """Spoil it, go on for a moment, and bring it to an end."""
    try:
        spoil(sim, note)
        quiet(sim)
        run(sim, 2)
        told = list(harmed(sim, note))
        end(sim)
        return told or list(left(sim, note))
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is told with what brought it about
        return [repr(error)]


@pytest.mark.parametrize("end", ENDS)
def test_a_note_that_is_spoiled_in_the_middle_of_a_release_harms_nobody(end: Callable[[Sim], object]) -> None:
    """Another quarter at each end."""
    sim = _at_a_quarter()
    chosen = list(notes(note_of(sim)))[ENDS.index(end) % SHARE :: SHARE]
    wrong = {str(note): told for note in chosen if (told := life_after(sim.fork(), note, end))}
    print(f"{len(chosen)} notes")
    assert wrong == {}


def test_a_note_that_is_spoiled_at_rest_moves_nothing_and_is_written_anew_for_the_next_release() -> None:
    wrong = {}
    for note in [*notes(note_of(_at_rest()))][::SHARE]:
        sim = spoil(_at_rest().fork(), note)
        sim.writes.clear()
        quiet(sim)
        idle = [str(write) for write in sim.writes]
        sim.set_image("shop:v1")
        rest(sim)
        told = [*idle, *left(sim, note)]
        if told or sim.routes["shop"]["spec"]["rules"] != RULES:
            wrong[str(note)] = told or [f"the rules are {sim.routes['shop']['spec']['rules']}"]
    assert wrong == {}
