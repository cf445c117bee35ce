"""When a release gets to its moments at the earliest: by what its gates and `minReadySeconds` take in any case."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from crossfade.core.policy.entering import NOTHING, Entering, entering
from crossfade.core.situation import Situation
from crossfade.core.stages import Stage
from crossfade.view.forecast import at_least_s


def ahead(s: Situation) -> Iterator[tuple[Entering, int]]:
    """Give what comes with each later stage, and after how many seconds at the earliest; people and pods may take any time.

    Of a release that is under way nobody knows how much of the present stage is over: it is taken to be all of it.
    """
    before = [Stage("now", 0, s.n, 0), *s.plan]
    takes = [at_least_s(s.spec, one, other) for one, other in pairwise(before)]
    present = s.progress.stage if s.under_way else -1
    for index in range(max(present + 1, 1), len(s.plan)):
        due = entering(s.plan, index)
        if due != NOTHING:
            yield due, sum(takes[present + 1 : index])
