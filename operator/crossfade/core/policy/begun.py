"""When releases began, as far as quotas go by it: kept in the status, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from crossfade.api.status import STARTS_LENGTH
from crossfade.core.moments import moment_of, text_of
from crossfade.core.situation import Situation

DAY: Final = timedelta(hours=24)


def with_start(s: Situation, revision: str, *, back: bool) -> list[str]:
    """The starts once a release of `revision` begins now. `back`: it is a way back, which counts against no quota.

    Nor does the first wake-up of what completed at no pods, which counted then, nor the second try after nodes took the pods of the
    first.
    """
    starts, last = s.memory.starts, s.memory.last
    wakes = revision in s.memory.unserved and s.memory.completed[:1] == [revision]
    again = last is not None and last.node_took == revision
    return list(starts) if back or wakes or again else kept([text_of(s.now), *starts], s.now)


def kept(starts: Sequence[str], now: datetime) -> list[str]:
    """Of starts, the newest first, those of the last 24 hours and the one before them, at most `STARTS_LENGTH`.

    The one before: an interval between two releases may be longer than a day.
    """
    since = now - DAY
    lately = sum(moment_of(each) > since for each in starts)
    return list(starts[: min(lately + 1, STARTS_LENGTH)])


def restored(s: Situation) -> list[str]:
    """The starts as the Releases have them, where the status has lost its own: ways back count too then, which is the stricter."""
    if s.memory.starts or not s.memory.release:
        return s.memory.starts
    known = (each.status.started_at for each in reversed(s.seen.releases) if each.status is not None)
    return kept([each for each in known if each], s.now)
