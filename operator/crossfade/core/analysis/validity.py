"""What the status of a template tells: whether each of its expressions and queries can be used, whoever names it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from crossfade.api.analysis_template import CHECKED, NOT_CHECKED, VALID, AnalysisTemplate, TemplateStatus
from crossfade.api.conditions import Reason
from crossfade.api.status import CONDITIONS_LENGTH, Condition
from crossfade.core.analysis.texts import shortened, texts
from crossfade.core.check import Check, Checked
from crossfade.core.moments import text_of
from crossfade.core.observed import Identity, Template
from crossfade.core.plan import Verb, Write

RIGHT = "each expression and query can be used"
TOLD = 3
"""So many wrong texts are told at once."""


def checks(template: Template) -> frozenset[Check]:
    """All that is to be known of a template. Of an argument with a default that is taken; of any other the type is not known."""
    return frozenset(check for _, check in _texts(template))


def told(template: Template, checked: Checked, now: datetime) -> Write | None:
    """The status that is to be written; None where it stands already."""
    before = template.status or TemplateStatus()
    after = _status(template, before, checked, now)
    if after == before:
        return None
    meta, body = template.metadata, {"status": after.to_wire()}
    seen = Identity(meta.uid, meta.resource_version)
    if isinstance(template, AnalysisTemplate):
        return Write(Verb.STATUS, "AnalysisTemplate", meta.name, body, seen)
    return Write(Verb.STATUS, "ClusterAnalysisTemplate", meta.name, body, seen)


def is_unsure(template: Template, checked: Checked) -> bool:
    """Whether something of it is to be checked again: nobody could say."""
    return any(checked.get(check) is None for check in checks(template))


def _status(template: Template, before: TemplateStatus, checked: Checked, now: datetime) -> TemplateStatus:
    """Nobody's answer takes the place of none: what was found of this generation stays so."""
    generation = template.metadata.generation
    was = next((each for each in before.conditions if each.type == VALID), None)
    wrong = [f"{place}: {shortened(why)}" for place, check in _texts(template) if (why := checked.get(check))]
    if not wrong and is_unsure(template, checked):
        if was is not None and was.observed_generation == generation:
            return before
        unknown = "the process that evaluates expressions does not answer now: it is asked again"
        made = Condition(type=VALID, status="Unknown", reason=NOT_CHECKED, message=unknown)
    elif wrong:
        made = Condition(type=VALID, status="False", reason=Reason.ANALYSIS_INVALID, message=_listed(wrong))
    else:
        made = Condition(type=VALID, status="True", reason=CHECKED, message=RIGHT)
    since = was.last_transition_time if was is not None and was.status == made.status else None
    dated = {"observed_generation": generation, "last_transition_time": since or text_of(now)}
    others = [each for each in before.conditions if each.type != VALID][: CONDITIONS_LENGTH - 1]
    return TemplateStatus(observed_generation=generation, conditions=[made.model_copy(update=dated), *others])


def _texts(template: Template) -> Iterator[tuple[str, Check]]:
    arguments = {each.name: each.value for each in template.spec.arguments}
    for metric in template.spec.metrics:
        yield from ((f"metric {metric.name}, {field}", check) for field, check in texts(metric, arguments))


def _listed(wrong: list[str]) -> str:
    more = len(wrong) - TOLD
    return "; ".join(wrong[:TOLD]) + (f"; and {more} more" if more > 0 else "")
