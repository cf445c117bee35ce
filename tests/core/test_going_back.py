"""An Undo says where it goes, who asked and why; what it left is marked as undone, and is not gone back to by itself."""

import pytest

from builders import STRATEGIES, played_once, serving_v1, template
from crossfade.core.revision import revision_of
from samples import every
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, step, until
from simulation.passes import reconcile


def _image(number: int) -> str:
    return revision_of(template(f"shop:v{number}"))


@played_once
def _released(strategy: str, last: int = 4) -> Sim:
    """Releases 1 to `last` have completed, each with the image of its number."""
    sim = serving_v1(strategy)
    for number in range(2, last + 1):
        sim.set_image(f"shop:v{number}")
        rest(sim)
        assert sim.status["stable"]["revision"] == _image(number)
    return sim


WAY = "going back from 4 to 1, asked by ann: the checkout is slow"


@pytest.mark.parametrize("strategy", every(2, STRATEGIES))
def test_while_it_runs_the_message_says_where_it_goes_who_asked_and_why(strategy: str) -> None:
    sim = _released(strategy)
    name = sim.act("Undo", revision=_image(1), actor="ann", reason="the checkout is slow")
    seen = []
    quiet(sim)
    while sim.status.get("progress"):
        seen.append(sim.status["message"])
        way = sim.status["goingBack"]
        assert (way["fromRelease"], way["toRelease"], way["actor"], way["action"]) == (4, 1, "ann", name)
        step(sim)
        quiet(sim)
    assert seen
    assert all(message.startswith(WAY) for message in seen), seen
    rest(sim)
    assert "goingBack" not in sim.status
    assert sim.status["last"]["wentBack"]["toRelease"] == 1


def test_before_its_release_begins_it_says_so_too() -> None:
    sim = _released("bigBang", 2)
    sim.act("Undo", reason="slow")
    reconcile(sim)
    assert sim.status["goingBack"]["toRelease"] == 1
    assert "going back from 2 to 1, asked by undo-" in sim.status["message"]


@pytest.mark.parametrize("strategy", every(3, STRATEGIES))
def test_what_it_left_is_marked_as_undone_by_whom_when_and_why(strategy: str) -> None:
    sim = _released(strategy)
    sim.act("Undo", revision=_image(1), actor="ann", reason="the checkout is slow")
    rest(sim)
    undone = sim.releases["shop-4"]["status"]["undone"]
    assert (undone["action"], undone["actor"], undone["reason"]) == ("Undo", "ann", "the checkout is slow")
    assert undone["at"]
    assert sim.releases["shop-4"]["status"]["outcome"] == "Completed"
    others = [name for name in sim.releases if "undone" in sim.releases[name]["status"]]
    assert others == ["shop-4"]


def test_it_is_marked_only_once_the_way_back_is_complete() -> None:
    sim = _released("bigBang", 2)
    sim.broken = frozenset({_image(1)})
    sim.edit(progressDeadlineSeconds=20)
    sim.act("Undo")
    rest(sim)
    assert sim.status["stable"]["revision"] == _image(2)
    assert "undone" not in sim.releases["shop-2"]["status"]
    assert "goingBack" not in sim.status


def test_the_next_undo_does_not_go_where_the_last_one_came_from() -> None:
    sim = _released("bigBang")
    sim.act("Undo", actor="ann")
    rest(sim)
    assert sim.status["stable"]["revision"] == _image(3)
    sim.act("Undo", actor="ann")
    rest(sim)
    assert sim.status["stable"]["revision"] == _image(2)


def test_where_only_what_was_undone_is_left_the_refusal_says_so() -> None:
    sim = _released("bigBang", 2)
    sim.act("Undo")
    rest(sim)
    name = sim.act("Undo")
    rest(sim)
    answer = sim.actions[name]["status"]
    assert answer["state"] == "Refused"
    assert answer["message"].endswith(f"known are: {_image(2)} (undone)")


def test_to_go_there_again_it_has_to_be_named_and_the_answer_warns() -> None:
    sim = _released("bigBang")
    sim.act("Undo", actor="ann", reason="the checkout is slow")
    rest(sim)
    sim.set_image("shop:v3")
    rest(sim)
    name = sim.act("Undo", revision=_image(4), actor="ben")
    quiet(sim)
    told = sim.actions[name]["status"]["message"]
    assert told == f"going back to {_image(4)} (careful: it was undone by ann: the checkout is slow)"
    rest(sim)
    assert sim.status["stable"]["revision"] == _image(4)


def test_a_revision_that_was_undone_and_completed_again_is_like_any_other() -> None:
    sim = _released("bigBang", 2)
    sim.act("Undo")
    rest(sim)
    sim.act("Retry")
    rest(sim)
    assert sim.status["stable"]["revision"] == _image(2)
    sim.set_image("shop:v3")
    rest(sim)
    sim.act("Undo")
    rest(sim)
    assert sim.status["stable"]["revision"] == _image(2)


@pytest.mark.parametrize("end", ["Abort", "another template"])
def test_an_undo_that_is_given_up_is_told_no_more(end: str) -> None:
    sim = _released("canary")
    sim.edit(rollbackRevisions=0)
    sim.act("Undo", actor="ann")
    until(sim, lambda s: s.status.get("progress") and s.status.get("goingBack"))
    if end == "Abort":
        sim.act("Abort")
    else:
        sim.set_image("shop:v9")
    rest(sim)
    assert "goingBack" not in sim.status
    assert "going back" not in sim.status["message"]
    assert not [name for name, each in sim.releases.items() if "undone" in each["status"]]


def test_an_undo_to_what_the_manifest_names_already_is_told_as_one() -> None:
    sim = _released("bigBang", 2)
    sim.set_image("shop:v1")
    sim.act("Abort")
    until(sim, phase("RolledBack"))
    sim.act("Undo", actor="ann")
    quiet(sim)
    assert sim.status["message"].startswith("going back from 2 to 1, asked by ann; ")
    rest(sim)
    assert sim.releases["shop-2"]["status"]["undone"]["actor"] == "ann"


def test_an_undo_of_a_release_under_way_is_told_as_one() -> None:
    sim = _released("canary", 1)
    sim.set_image("shop:v2")
    until(sim, lambda s: s.status.get("progress"))
    sim.act("Undo", actor="ann", reason="wrong image")
    rest(sim)
    assert "given up for an Undo by " in sim.releases["shop-2"]["status"]["why"]
    assert sim.releases["shop-2"]["status"]["actions"][0]["action"] == "Undo"


@pytest.mark.parametrize(("strategy", "begun"), every(3, STRATEGIES, [False, True]))
def test_asked_twice_in_a_hurry_it_goes_on_and_brings_nothing_bad_back(strategy: str, begun: bool) -> None:
    sim = _released(strategy, 2)
    sim.act("Undo", actor="ann")
    reconcile(sim)
    if begun:
        until(sim, lambda s: s.status.get("progress"))
    again = sim.act("Undo", actor="bob")
    rest(sim)
    assert sim.status["stable"]["revision"] == _image(1)
    answer = sim.actions[again]["status"]
    assert answer["state"] == "Done"
    assert "on its way already: going back from 2 to 1, asked by ann" in answer["message"]
