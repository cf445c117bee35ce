"""What Rollouts break of policies, judged once for each form of the two."""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError

from crossfade.api.rollout import RolloutSpec
from crossfade.controller.policies import Policy
from crossfade.controller.store import Key, Raw, Store, namespace_of
from crossfade.controller.templates import Place, named_in
from crossfade.core.policy.content import broken
from crossfade.core.policy.matched import Broken
from crossfade.core.revision import without_nulls

NOTHING: Final[tuple[Broken, ...]] = ()
SHARED: Final = "AnalysisTemplate"


class Judged:
    """One for the operator. A spec that cannot be read breaks nothing: it is Invalid, and nothing is released of it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[Key, tuple[str, dict[str, tuple[str, tuple[Broken, ...]]]]] = {}

    def __call__(self, policy: Policy, raw: Raw) -> tuple[Broken, ...]:
        """What a Rollout, as it is stored, breaks of a policy."""
        if policy.spec is None:
            return NOTHING
        meta, source = raw["metadata"], self._source(raw)
        key = Key(namespace_of(raw), meta["name"])
        seen = (each["metadata"]["resourceVersion"] for each in (source, *self._shared(raw)) if each)
        form = f"{meta['uid']}/{meta.get('generation', 0)}/{'/'.join(seen)}"
        if self._known.get(key, ("", {}))[0] != form:
            self._known[key] = (form, {})
        by_policy = self._known[key][1]
        version, found = by_policy.get(policy.name, ("", NOTHING))
        if version != policy.version:
            found = self._judge(policy, raw, source)
            by_policy[policy.name] = (policy.version, found)
        return found

    def forget(self, key: Key) -> None:
        """The Rollout is gone."""
        self._known.pop(key, None)

    def _judge(self, policy: Policy, raw: Raw, source: Raw | None) -> tuple[Broken, ...]:
        try:
            spec = RolloutSpec.model_validate(raw.get("spec") or {})
        except ValidationError:
            return NOTHING
        found = ((each, self._store.templates.model(_place(each), each)) for each in self._shared(raw))
        measured = {
            each["metadata"]["name"]: model.spec.metrics for each, model in found if model is not None
        }
        template = _template(spec, source)
        return broken(policy.spec, spec, template, measured) if policy.spec is not None else NOTHING

    def _shared(self, raw: Raw) -> list[Raw]:
        """The AnalysisTemplates of its namespace that it names. What those of the cluster run is their admin's own."""
        places = (each for each in named_in(namespace_of(raw), raw) if each.kind == SHARED)
        found = (self._store.get(*each) for each in dict.fromkeys(places))
        return [each for each in found if each is not None]

    def _source(self, raw: Raw) -> Raw | None:
        """The Deployment that holds the template (`workloadRef`), where it carries our label."""
        name = ((raw.get("spec") or {}).get("workloadRef") or {}).get("name")
        return self._store.get("Deployment", namespace_of(raw), name) if name else None


def _place(template: Raw) -> Place:
    return Place(SHARED, namespace_of(template), template["metadata"]["name"])


def _template(spec: RolloutSpec, source: Raw | None) -> dict[str, Any] | None:
    if spec.template is not None:
        return without_nulls(spec.template)
    return without_nulls(source["spec"]["template"]) if source is not None else None
