"""What a Rollout's analyses need before a release begins: templates that exist, and values for their arguments."""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.api.analysis import Analysis
from crossfade.core.analysis.runs import analyses, kind_of, template_of
from crossfade.core.situation import Situation
from crossfade.core.transitions import target


def are_unread(s: Situation) -> frozenset[str]:
    """Those of the cluster that must be known now and are not watched, by name."""
    forward = s.under_way and not s.progress.rollback_reason
    if not forward and not begins(s):
        return frozenset()
    named = {(ref.name, ref.cluster) for _, each in analyses(s) for ref in each.templates}
    return frozenset(name for name, _ in named - s.seen.templates.keys() - s.seen.found.templates.keys())


def begins(s: Situation) -> bool:
    """Whether a release is to begin that is measured: a first one has nothing to be compared with."""
    return not s.under_way and bool(s.stable_revision) and target(s) != s.stable_revision


def problem(s: Situation) -> str:
    """What is missing, in a sentence; "" where nothing is."""
    return next((told for place, each in analyses(s) for told in _problems(s, place, each)), "")


def _problems(s: Situation, place: str, analysis: Analysis) -> Iterator[str]:
    given = {each.name for each in analysis.arguments if each.value is not None}
    for ref in analysis.templates:
        template = template_of(s, ref)
        if template is None:
            yield f"{kind_of(ref)}, which {place} names, does not exist: create it, or name another"
            continue
        wanted = (each.name for each in template.spec.arguments if each.value is None)
        for name in wanted:
            if name not in given:
                yield f"{kind_of(ref)} needs a value for {name}: give it in {place}.arguments"
