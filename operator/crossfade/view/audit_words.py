"""An audit in words: one sentence for each thing that somebody did, for a cell of CSV and for a line on a screen alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from crossfade.api.printable import one_line
from crossfade.view.audit import Audit, Unused
from crossfade.view.audit_reach import Reach
from crossfade.view.audit_row import Deed, HeldBy, Image, Requester

HOW: Final = {
    "Admission": "as the API server wrote down",
    "Action": "by an Undo",
    "FieldManager": "the name of a program, which proves no person",
}
NOBODY: Final = "nobody knows whom"
MOST_NAMED: Final = 10
"""Rollouts whose records do not reach far enough that are named; `-o json` has all."""


def moment(at: datetime | None) -> str:
    """Give a time in UTC to the second, as programs and people both read it; empty where it is not known."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at is not None else ""


def requested(by: Requester) -> str:
    """Say who asked, and how that is known. Example: `ann (as the API server wrote down)`."""
    if not by.name:
        return NOBODY
    return one_line(by.name) + (f" ({HOW[by.how]})" if by.how in HOW else "")


def did(deed: Deed) -> str:
    """Say what somebody did. Example: `Abort by ann at 2026-01-31T12:00:00Z: too slow`."""
    return f"{one_line(deed.action)} {said(deed)}"


def said(deed: Deed) -> str:
    """The same without what. Example: `by ben at …, policy prod, step 2, until …: checked`."""
    facts = (
        ("policy", deed.policy),
        ("rule", deed.rule),
        ("step", deed.step),
        ("until", moment(deed.until)),
    )
    who = f"by {one_line(deed.actor) or NOBODY}" + (f" at {moment(deed.at)}" if deed.at else "")
    told = ", ".join([who, *(f"{word} {one_line(value)}" for word, value in facts if value)])
    return told + (f": {one_line(deed.reason)}" if deed.reason else "")


def held(by: HeldBy) -> str:
    """Say which rule held it, and how long. Example: `policy prod, rule windows, since …, until …`."""
    known = [("policy", by.policy), ("rule", by.rule), ("since", moment(by.since))]
    told = ", ".join(f"{word} {one_line(value)}" for word, value in known if value)
    return f"{told}, {f'until {moment(by.until)}' if by.until else 'still'}"


def changed(image: Image) -> str:
    """Say what became of one image. Examples: `app: shop:1 → shop:2`, `app: shop:2` (as before, or the first)."""
    name, old, new = (one_line(each or "") for each in (image.container, image.old, image.new))
    if image.old is None:
        return f"{name}: not kept → {new}"
    if not old or old == new:
        return f"{name}: {new}"
    return f"{name}: {old} → {new or 'gone'}"


def unused(each: Unused) -> str:
    """Say that a policy may be passed, and that no release has done so yet."""
    return f"{each.namespace}/{each.rollout} may pass a policy, and no release has yet: {said(each.bypass)}"


def reach(answer: Audit) -> str:
    """Say in one line how far back the records of each Rollout reach."""
    short = [each for each in answer.records if not each.whole]
    if not answer.records:
        return "There is no Rollout here, and no record of one. Records go with their Rollout when it is deleted."
    if not short:
        return (
            "All releases of this time are kept, of every Rollout that is there. "
            "Those of a deleted Rollout went with it."
        )
    named = "; ".join(map(_from, short[:MOST_NAMED]))
    more = f"; and {len(short) - MOST_NAMED} more (-o json has all)" if len(short) > MOST_NAMED else ""
    return (
        f"Not all releases of this time are kept (spec.revisionHistoryLimit): {named}{more}. "
        "docs/audit.md says how to keep more."
    )


def _from(each: Reach) -> str:
    place = f"{each.namespace}/{each.rollout}"
    if not each.oldest_release:
        return f"{place}: the newest is missing"
    began = f", which began {moment(each.from_time)}" if each.from_time else ""
    return f"{place} from release {each.oldest_release} on{began}"


def full(names: tuple[str, ...]) -> Iterator[str]:
    """Say of which lists entries may be missing."""
    if names:
        yield f"no room is left in {', '.join(names)}: earlier entries may be missing"
