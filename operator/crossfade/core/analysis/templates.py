"""What a Rollout's analyses need before a release begins: templates that exist, values for their arguments, and expressions and
queries that can be used.
"""

from __future__ import annotations

from collections.abc import Iterator

from crossfade.api.analysis import Analysis
from crossfade.api.measurements import MEASURED_LENGTH
from crossfade.core.analysis.runs import Asked, analyses, asked_by, kind_of, template_of
from crossfade.core.analysis.texts import shortened, texts
from crossfade.core.check import Check
from crossfade.core.situation import Situation
from crossfade.core.wanted import comes_back, target


def are_unread(s: Situation) -> frozenset[str]:
    """Those of the cluster that must be known now and are not watched, by name."""
    forward = s.under_way and not s.progress.rollback_reason
    if not forward and not begins(s):
        return frozenset()
    named = {(ref.name, ref.cluster) for _, each in analyses(s) for ref in each.templates}
    return frozenset(name for name, _ in named - s.seen.templates.keys() - s.seen.found.templates.keys())


def begins(s: Situation) -> bool:
    """Whether a release is to begin that is measured: no first one, and none of a revision that has proved itself."""
    rests = not s.under_way and bool(s.stable_revision)
    return rests and target(s) != s.stable_revision and not comes_back(s, target(s))


def are_unchecked(s: Situation) -> frozenset[Check]:
    """The expressions and queries that a release is about to go by, and of which nobody has said whether they can be used."""
    if not begins(s):
        return frozenset()
    return frozenset(check for _, check in _decisive(s)) - s.seen.found.checked.keys()


def problem(s: Situation) -> str:
    """What is missing, in a sentence; "" where nothing is."""
    told = (told for place, each in analyses(s) for told in _problems(s, place, each))
    return next(told, "") or _too_many(s) or next(_wrong(s), "")


def _too_many(s: Situation) -> str:
    """That more would be measured at once than the status holds: the background, the bake and the largest step, and the hooks."""
    counts = {place: len(asked_by(s, each)) for place, each in analyses(s)}
    always = {place for place in counts if place in {"spec.analysis", "spec.bakeAnalysis"}}
    most = sum(counts[place] for place in always) + len(s.spec.hooks)
    most += max((count for place, count in counts.items() if place not in always), default=0)
    if most <= MEASURED_LENGTH:
        return ""
    return f"{most} metrics and hooks would be measured at once, and {MEASURED_LENGTH} are the most: name fewer templates"


def _wrong(s: Situation) -> Iterator[str]:
    """Expressions and queries that cannot be used, each with its place, what is wrong, and what to do."""
    for place, check in _decisive(s):
        why = s.seen.found.checked.get(check)
        if why:
            yield f"{place}: {shortened(why)}. Correct it, and the release begins"


def _decisive(s: Situation) -> Iterator[tuple[str, Check]]:
    """What decides about the release; what only tells holds nothing up."""
    for place, analysis in analyses(s):
        for asked in asked_by(s, analysis):
            if not asked.metric.dry_run:
                found = texts(asked.metric, asked.arguments)
                yield from ((f"{_place(place, asked)}{field}", check) for field, check in found)


def _place(place: str, asked: Asked) -> str:
    if asked.template is None:
        return f"{place}.metrics[{asked.metric.name}]."
    return f"{kind_of(asked.template)}, metric {asked.metric.name}, "


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
