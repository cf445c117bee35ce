"""What keeps a release from beginning, though it is wanted and nobody has paused it: policies, and others that fail."""

from __future__ import annotations

from crossfade.core import others
from crossfade.core.gates.answer import OPEN, Answer
from crossfade.core.holds import is_down
from crossfade.core.policy.holds import before_start
from crossfade.core.situation import Situation
from crossfade.core.wanted import comes_back, is_going_back, target


def waits(s: Situation) -> Answer:
    """Whether a policy, or other Rollouts that fail, hold it."""
    held = before_start(s)
    return _others_fail(s) if held.is_open else held


def _others_fail(s: Situation) -> Answer:
    """What comes back, what may be the cure, and what protects nothing begins."""
    revision, before = target(s), s.stable_revision
    if not s.spec.hold_when_others_fail or s.under_way or not s.n or not before or revision == before:
        return OPEN
    back = comes_back(s, revision) or is_going_back(s, revision)
    return OPEN if back or is_down(s) else others.failing(s)
