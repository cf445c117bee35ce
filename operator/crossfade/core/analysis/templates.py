"""The templates that a Rollout's analyses name: read before a release begins, and in each pass while one is under way."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.api.analysis import Analysis
from crossfade.core.analysis.runs import analyses, kind_of
from crossfade.core.situation import Situation
from crossfade.core.transitions import target


def are_unread(s: Situation) -> frozenset[tuple[str, bool]]:
    """Those that must be known now, by name and whether they are the cluster's."""
    forward = s.under_way and not s.progress.rollback_reason
    begins = not s.under_way and bool(s.stable_revision) and target(s) != s.stable_revision
    if not forward and not begins:
        return frozenset()
    named = {(ref.name, ref.cluster) for _, each in analyses(s) for ref in each.templates}
    return frozenset(named - s.seen.found.templates.keys())


def problem(s: Situation) -> str:
    """What is missing, in a sentence; "" where nothing is."""
    return next((told for place, each in analyses(s) for told in _problems(s, place, each)), "")


def _problems(s: Situation, place: str, analysis: Analysis) -> Iterator[str]:
    given = {each.name for each in analysis.arguments if each.value is not None}
    for ref in analysis.templates:
        template = s.seen.found.templates.get((ref.name, ref.cluster))
        if template is None:
            yield f"{kind_of(ref)}, which {place} names, does not exist: create it, or name another"
            continue
        wanted = (each.name for each in template.spec.arguments if each.value is None)
        for name in wanted:
            if name not in given:
                yield f"{kind_of(ref)} needs a value for {name}: give it in {place}.arguments"
