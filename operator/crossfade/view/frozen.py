"""What a freeze holds, what it does not, and how it ends, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.policy.matched import mode_of
from crossfade.view.policies import frozen
from crossfade.view.selected import by_words, labels_by_name, namespace_of, selected
from crossfade.view.times import duration, time_of

Object = Mapping[str, Any]
NAMES_SHOWN = 5
WAY_BACK = "an abort, the return to stable, and the return to a revision that has proved itself (undo, or the old manifest)"


@dataclass(frozen=True)
class Reach:
    """The Rollouts that a policy is about: how many, and those with a release under way, as `namespace/name`.

    `certain`: False where the labels of namespaces could not be read and are asked for, so that `matching` is unknown (None).
    `about`: which those are, in words. `holds`: False where the mode of the policy is not to hold.
    """

    about: str
    holds: bool
    mode: str
    matching: int | None
    under_way: tuple[str, ...] = ()


def reach(policy: Object, rollouts: Sequence[Object], namespaces: Sequence[Object] | None) -> Reach | None:
    """Give the Rollouts that a policy is about; None where its spec cannot be read."""
    try:
        spec = RolloutPolicySpec.model_validate(policy.get("spec") or {})
    except ValidationError:
        return None
    mode = mode_of(spec, "freeze")
    if namespaces is None and spec.namespace_selector is not None:
        return Reach(by_words(spec), mode == "Enforce", mode, None)
    found = selected(spec, rollouts, labels_by_name(namespaces or ()))
    names = tuple(_named(each) for each in found if (each.get("status") or {}).get("progress"))
    return Reach(by_words(spec), mode == "Enforce", mode, len(found), names)


def _named(rollout: Object) -> str:
    return f"{namespace_of(rollout)}/{rollout['metadata']['name']}"


def told(
    policy: Object, known: Reach | None, now: datetime, *, who: str | None, was: Object | None, end: str
) -> Iterator[str]:
    """Say it in lines: what is frozen, by whom, why and until when; what is held, what is not; `end`: the command that ends it.

    `was`: the policy as it was before, None where it was made for this.
    """
    name, freeze = policy["metadata"]["name"], policy["spec"]["freeze"]
    by = f" by {who}" if who else ""
    yield f"Frozen{by}: policy {name}, rule freeze: {freeze.get('reason', '')}{_until(freeze, now)}"
    if was is None:
        yield f"  Made      policy {name}, which is about every Rollout"
    else:
        yield from _before(was, now)
    yield from _held(known, freeze)
    yield f"  Not held  {WAY_BACK}"
    yield f"  End it    {end}"


def _before(was: Object, now: datetime) -> Iterator[str]:
    """The freeze that this one takes the place of."""
    before = frozen(was, now)
    if before is not None:
        by = f" by {before.by}" if before.by else ""
        until = f", until {before.until:%Y-%m-%d %H:%M} UTC" if before.until else ""
        yield f"  Before    it was frozen{by}: {before.reason}{until}"


def _until(freeze: Object, now: datetime) -> str:
    until = time_of(freeze.get("until"))
    if until is None:
        return ""
    return f", until {until:%Y-%m-%d %H:%M} UTC (in {duration((until - now).total_seconds())})"


def _held(known: Reach | None, freeze: Object) -> Iterator[str]:
    if known is None:
        yield "  Held      each next release of the Rollouts that it is about; you may not list them, so nobody has counted them here"
        return
    if not known.holds:
        yield (
            f"  Held      nothing: the mode of the rule is {known.mode}, which only "
            f"{'warns' if known.mode == 'Warn' else 'writes it down'}; with ruleEnforcement {{freeze: Enforce}} it holds"
        )
        return
    if known.matching is None:
        yield f"  Held      each next release of {known.about}; you may not list namespaces, so nobody has counted them here"
        return
    yield f"  Held      each next release of {_rollouts(known.matching)} ({known.about})"
    if known.under_way:
        yield _under_way(known.under_way, freeze)


def _under_way(names: tuple[str, ...], freeze: Object) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    which = f"{', '.join(names[:NAMES_SHOWN])}{more}"
    label, what = _course(freeze)
    return f"  {label:<9} what is under way {what}: {which}"


def _course(freeze: Object) -> tuple[str, str]:
    """What becomes of a release that is under way."""
    if freeze.get("inFlight") == "Abort":
        return "Goes back", "(to the stable revision)"
    if freeze.get("inFlight") == "Pause":
        return "Stands", "(at its stage, until the freeze ends)"
    if freeze.get("applies") == ["Start"]:
        return "Goes on", "(--in-flight Pause holds it at its stage)"
    return "Stands", "(before it gets a larger share, until the freeze ends)"


def _rollouts(count: int) -> str:
    return "1 Rollout" if count == 1 else f"{count} Rollouts"
