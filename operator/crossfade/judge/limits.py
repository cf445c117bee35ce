"""How much evidence decides: natural logarithms of e."""

from __future__ import annotations

from math import log

from crossfade.judge.claims import GUARDS_PART, alpha_of
from crossfade.judge.counts import Past
from crossfade.judge.settings import Settings


def compared(settings: Settings, past: Past | None, endless: bool) -> float:
    """The limit of a comparison: 1/alpha of its part; where no end is known, the mean number of windows until a false alarm.

    The guard's part is left out of both, so that the two together keep what is promised.
    """
    guard = GUARDS_PART if settings.max_error_ratio is not None else 0.0
    return log(settings.run_length / (1 - guard)) if endless else -log(alpha_of(settings, past))


def guard(settings: Settings, endless: bool) -> float:
    """The limit of the guard against plainly broken candidates."""
    return log((settings.run_length if endless else 1 / settings.alpha) / GUARDS_PART)
