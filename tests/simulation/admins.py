"""What admins decide and people ask of policies: freezes, windows, rules, turns and quotas come and go at any moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from builders import V2
from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.moments import later, text_of
from crossfade.core.policy.matched import Broken, Closed, Matched, Place
from simulation.cluster import Sim
from simulation.held import closed_now
from simulation.moves import Move, World
from simulation.shown import candidate_of, wanted_revision

NAME = "prod"
REQUESTER, APPROVER, STRANGER = "carl", "ann", "eve"
LEADS = "leads"
FREEZE_S, BYPASS_S = 5, 4
"""How long a freeze with an end lasts, and a bypass: shorter than a bake and longer than a pause, or just so."""

Policies = tuple[Matched, ...]


def policy(**spec: Any) -> Matched:
    """The policy of a world."""
    return Matched(NAME, RolloutPolicySpec.model_validate(spec))


def _closed(*moments: Any, in_flight: Any = "Continue") -> Matched:
    return replace(policy(), closed=(Closed("friday", frozenset(moments), in_flight),))


EMPTY = policy()
FROZEN = policy(freeze={"reason": "incident"})
NO_PROMOTE = _closed("Promote")
PAUSES = _closed("Start", in_flight="Pause")
ABORTS = _closed("Promote", in_flight="Abort")
WARNS = replace(policy(enforcement="Warn"), closed=ABORTS.closed)
UNREADABLE = Matched(NAME, problem="spec.freeze: no such field")
BROKEN = replace(EMPTY, broken=(Broken("steps", "the first step is too large"),))
ASKS_TWO = policy(approvals=[{"name": "any", "before": "Start", "count": 2}])
ASKS = policy(
    approvals=[{"name": "any", "before": "Start"}, {"name": "leads", "before": "Promote", "groups": [LEADS]}]
)
WAITS = replace(EMPTY, place=Place(granted=False, place=1, active=1, limit=1, where="in the cluster"))
TURN = replace(EMPTY, place=Place(granted=True))
SELDOM = policy(quota={"minIntervalSeconds": 25})
ONCE = policy(quota={"maxPerDay": 1})


def ruling(**ways: Matched | None) -> Callable[[Sim], Iterator[Move]]:
    """An admin makes it so, or otherwise; each policy by what is said of it, None for no policy at all."""

    def rule(sim: Sim) -> Iterator[Move]:
        for told, wanted in ways.items():
            policies = () if wanted is None else (wanted,)
            if sim.policies != policies:
                yield decided(told.replace("_", " "), policies)

    return rule


def freezing_for_a_while(sim: Sim) -> Iterator[Move]:
    """An admin freezes everything, with an end, where the last one is over."""
    if not any(True for _ in closed_now(sim)):
        yield decided(f"it is frozen for {FREEZE_S} s", (frozen_for_a_while(sim),))


def frozen_for_a_while(sim: Sim) -> Matched:
    """A policy that is frozen from now on, with an end."""
    return policy(freeze={"until": later(text_of(sim.now), FREEZE_S)})


def decided(what: str, policies: Policies) -> Move:
    """Policies are others from now on: what takes back a release may cost a pod, all else costs none."""

    def decide(world: World) -> None:
        gentle = not any(each.in_flight == "Abort" for policy in policies for each in policy.closed)
        world.ghost = world.ghost._replace(calm=world.ghost.calm and gentle, edits=world.ghost.edits + 1)
        world.sim.policies = policies

    return Move(f"an admin decides: {what}", decide)


def approving(*who: str) -> Callable[[Sim], Iterator[Move]]:
    """One whose word counts approves what is wanted; `who` else approve v2, whatever is wanted by now."""

    def approve(sim: Sim) -> Iterator[Move]:
        for actor in who if sim.policies and _nobody_waits(sim) else ():
            groups = [LEADS] if actor != STRANGER else ["staff"]
            yield _asked(f"{actor} approves v2", "Approve", actor=actor, groups=groups, revision=V2)
        if sim.policies and _nobody_waits(sim):
            wanted = candidate_of(sim) or wanted_revision(sim)
            yield _asked(
                f"{APPROVER} approves {wanted}", "Approve", actor=APPROVER, groups=[LEADS], revision=wanted
            )

    return approve


def bypassing(sim: Sim) -> Iterator[Move]:
    """Somebody passes the policy for a few seconds."""
    if sim.policies and _nobody_waits(sim):
        asked = {"policy": NAME, "reason": "incident", "expiresSeconds": BYPASS_S}
        yield _asked("somebody passes the policy", "Bypass", actor=APPROVER, **asked)


def _nobody_waits(sim: Sim) -> bool:
    return all(action.get("status") for action in sim.actions.values())


def _asked(what: str, action: str, **spec: Any) -> Move:
    def ask(world: World) -> None:
        world.ghost = world.ghost._replace(edits=world.ghost.edits + 1)
        world.sim.act(action, **spec)

    return Move(what, ask)


def lifted(sim: Sim) -> Move:
    """All that holds it ends."""
    return Move("all policies are taken away", lambda w: _lift(w.sim))


def _lift(sim: Sim) -> None:
    sim.policies = ()
