"""Bugs in the way back and in the care for what serves: each makes one of them obey what was made for the way forward."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from crossfade.core import actions, decide, ladder, layout, ports, transitions
from crossfade.core.analysis import outcome, runs
from crossfade.core.situation import Situation
from crossfade.core.traffic import selector
from crossfade.core.wanted import paused
from simulation.planted.bug import Bug, Patch


def _a_writer_beside_holds_the_way_back(patch: Patch) -> None:
    """Whoever writes the selector too is waited for on the way back as on the way forward."""
    patch.setattr(selector.Selector, "_leads_back", lambda *_: False)


def _a_wrong_spec_repairs_nothing(patch: Patch) -> None:
    """A spec that is Invalid holds repairs too."""
    plain = decide._carried_out

    def untouched(transition: Any, conflict: Any) -> Any:
        plan = plain(transition, conflict)
        return replace(plan, writes=()) if conflict is not None else plan

    patch.setattr(decide, "_carried_out", untouched)


def _a_pause_repairs_nothing(patch: Patch) -> None:
    """A Rollout that is paused leaves everything as it is, also what somebody deleted."""
    plain = layout.writes

    def left(s: Situation, *asked: Any, **more: Any) -> Any:
        return () if paused(s) else plain(s, *asked, **more)

    patch.setattr(layout, "writes", left)


def _ports_stay_as_the_spec_says(patch: Patch) -> None:
    """Ports do not move with the requests: each revision has those of the spec."""
    patch.setattr(ports, "of", lambda s, _: ports.in_spec(s))


def _a_promote_is_for_any_stage(patch: Patch) -> None:
    """The stage that its sender saw is not asked for: the second of two opens the next one."""
    patch.setattr(actions, "_refused_for_its_stage", lambda *_: None)


def _a_template_that_is_gone_measures_nothing(patch: Patch) -> None:
    """Nothing is kept of a template: who deletes it in mid-release ends its measurements."""
    patch.setattr(runs, "_copy_of", lambda *_: None)
    patch.setattr(outcome, "lacking", lambda *_: "")


def _what_failed_is_forgotten(patch: Patch) -> None:
    """Another template ends what was frozen as if it had not failed: not at once, and it is tried again."""
    plain = transitions.turned_back

    def mild(s: Situation, *told: Any) -> Any:
        return plain(s.progress_with(failure=None), *told)

    for module in (ladder, transitions):
        patch.setattr(module, "turned_back", mild)


BACK = "a rollback ends within its stated time"
PORTS = "no request goes to a port that nobody listens on"
SEEN = "a promote is for the stage that its sender saw"

BUGS = (
    Bug(_a_writer_beside_holds_the_way_back, "bigBang", "two write the selector", BACK),
    Bug(_a_writer_beside_holds_the_way_back, "rolling", "two write the selector", BACK),
    Bug(
        _a_wrong_spec_repairs_nothing,
        "canary",
        "wrong ports, and somebody deletes",
        "at rest the cluster is as it is wanted",
    ),
    Bug(_a_pause_repairs_nothing, "canary", "paused, and somebody deletes", BACK),
    Bug(_ports_stay_as_the_spec_says, "bigBang", "another port", PORTS),
    Bug(_ports_stay_as_the_spec_says, "blueGreen", "another port", PORTS),
    Bug(_a_promote_is_for_any_stage, "canary", "two act at once", SEEN),
    Bug(_a_promote_is_for_any_stage, "blueGreen", "two act at once", SEEN),
    Bug(
        _a_template_that_is_gone_measures_nothing,
        "canary",
        "measured by a template",
        "the candidate grows as far as it may",
    ),
    Bug(
        _what_failed_is_forgotten, "canary", "measured, and frozen", "what failed and was frozen stays failed"
    ),
)
