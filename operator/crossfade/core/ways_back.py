"""Where an Undo can go, and its way in words: releases by their numbers, and what somebody has undone before."""

from __future__ import annotations

from crossfade.api.action import ActionEntry
from crossfade.api.release import Release
from crossfade.api.status import GoingBack
from crossfade.core.situation import Situation


def newest_of(s: Situation, revision: str) -> Release | None:
    """The newest completed release of a revision, where it is kept."""
    ended = (r for r in reversed(s.seen.releases) if r.status and r.status.outcome == "Completed")
    return next((release for release in ended if release.spec.revision == revision), None)


def undone_by(s: Situation, revision: str) -> ActionEntry | None:
    """The Undo that took a revision back, where it did not complete again since."""
    newest = newest_of(s, revision)
    return newest.status.undone if newest is not None and newest.status is not None else None


def before(s: Situation) -> str:
    """The revision that completed before the one that serves: not one that was undone, which has to be named."""
    return next((known for known in _others(s) if undone_by(s, known) is None), "")


def known(s: Situation) -> str:
    """The revisions that can be gone back to, as a list for people."""
    told = (f"{each} (undone)" if undone_by(s, each) else each for each in _others(s))
    return ", ".join(told) or "none"


def _others(s: Situation) -> list[str]:
    return [revision for revision in s.memory.completed if revision != s.stable_revision]


def careful(s: Situation, revision: str) -> str:
    """What is to be said to somebody who goes where another one came back from; "" where nobody did."""
    act = undone_by(s, revision)
    if act is None:
        return ""
    why = f": {act.reason}" if act.reason else ""
    return f" (careful: it was undone by {act.actor or act.name}{why})"


def in_words(way: GoingBack) -> str:
    """Example: `going back from 4 to 1, asked by ann: the checkout is slow`. Both are numbers of releases."""
    why = f": {way.reason}" if way.reason else ""
    numbers = f"from {way.from_release or 'an unknown release'} to {way.to_release or way.revision}"
    return f"going back {numbers}, asked by {way.actor or way.action}{why}"


def served_before(s: Situation) -> str:
    """The revision to roll back to where stable fails at its first wake-up.

    "" where stable has served, where nothing else ever has, or where that cannot be made again.
    """
    if s.stable_revision not in s.memory.unserved:
        return ""
    served = (r for r in s.memory.completed if r != s.stable_revision and r not in s.memory.unserved)
    return next((r for r in served if r in s.seen.sides or s.template_of(r) is not None), "")
