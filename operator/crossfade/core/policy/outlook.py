"""What spans of time say about a moment: whether it is in one, since when, until when, and when that changes again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from crossfade.core.policy.spans import Span, holding, merged


@dataclass(frozen=True)
class Outlook:
    """Closed or open at a moment, as far as was looked. None: not as near as that. `changes`: when any of the parts changes next."""

    closed: bool
    since: int | None = None
    next_open: int | None = None
    next_close: int | None = None
    changes: int | None = None

    @property
    def is_complete(self) -> bool:
        """Whether looking further tells no more."""
        return None not in (self.since, self.next_open, self.next_close)


def outlook(parts: Sequence[Sequence[Span]], at: int, begins: int, ends: int) -> Outlook:
    """What closes together, each part known between two moments."""
    whole = merged(chain.from_iterable(parts))
    now = holding(whole, at)
    later = [span for span in whole if span[0] > at]
    changes = min(
        (edge for span in chain.from_iterable(parts) for edge in span if at < edge < ends), default=None
    )
    if now:
        opens = now[1] if now[1] < ends else None
        since = now[0] if now[0] > begins else None
        return Outlook(True, since, opens, later[0][0] if later else None, changes)
    earlier = [span[1] for span in whole if span[1] <= at]
    opens = later[0][1] if later and later[0][1] < ends else None
    return Outlook(False, max(earlier, default=None), opens, later[0][0] if later else None, changes)
