"""Which Rollouts name a template, and the templates that a Rollout names, parsed once for each form of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from crossfade.api.analysis_template import AnalysisTemplate, ClusterAnalysisTemplate, TemplateStatus
from crossfade.api.reading import read
from crossfade.core.observed import Template

Raw = dict[str, Any]

MODELS: Final[Mapping[str, type[Template]]] = {
    "AnalysisTemplate": AnalysisTemplate,
    "ClusterAnalysisTemplate": ClusterAnalysisTemplate,
}


class Place(NamedTuple):
    """A template by its place; `namespace` is "" for one of the cluster."""

    kind: str
    namespace: str
    name: str


class Templates:
    """By template, who names it. Told of every change of a Rollout."""

    def __init__(self) -> None:
        self._named: dict[Place, set[tuple[str, str]]] = {}
        self._parsed: dict[Place, tuple[str, Template | None]] = {}
        self._listeners: tuple[Callable[[Place], None], ...] = ()

    def note(self, namespace: str, name: str, old: Raw | None, new: Raw | None) -> None:
        """The Rollout of that name was `old` and is `new`."""
        for place in named_in(namespace, old):
            self._named.get(place, set()).discard((namespace, name))
            if not self._named.get(place):
                self._named.pop(place, None)
        for place in named_in(namespace, new):
            self._named.setdefault(place, set()).add((namespace, name))

    def listen(self, listener: Callable[[Place], None]) -> None:
        """From now on `listener` is told of every template that came or changed, also of what is told of it."""
        self._listeners = (*self._listeners, listener)

    def changed(self, place: Place) -> None:
        """A template came, changed or went."""
        for listener in self._listeners:
            listener(place)

    def rollouts(self, place: Place) -> list[tuple[str, str]]:
        """Namespace and name of each Rollout that a template is news for."""
        return sorted(self._named.get(place, ()))

    def model(self, place: Place, raw: Raw | None) -> Template | None:
        """The template as a model; None where there is none that can be used."""
        if raw is None:
            self._parsed.pop(place, None)
            return None
        meta = raw["metadata"]
        version = f"{meta['uid']}/{meta['resourceVersion']}"
        kept = self._parsed.get(place)
        if kept is None or kept[0] != version:
            kept = self._parsed[place] = (version, parse(place.kind, raw))
        return kept[1]


def parse(kind: str, raw: Raw | None) -> Template | None:
    """One that cannot be used counts as none: the API server has checked it."""
    if raw is None:
        return None
    with suppress(ValidationError):
        template = MODELS[kind].model_validate({**raw, "status": None})
        return template.model_copy(update={"status": _status(raw.get("status"))})
    return None


def _status(stored: object) -> TemplateStatus | None:
    """What cannot be used of what somebody wrote there is as if it were absent."""
    with suppress(ValidationError):
        return read(TemplateStatus, stored).value if isinstance(stored, Mapping) else None
    return None


def named_in(namespace: str, rollout: Mapping[str, Any] | None) -> Iterator[Place]:
    """The templates that a Rollout's spec names; whatever else may stand there, since a definition can be edited."""
    for analysis in _analyses((rollout or {}).get("spec")):
        for ref in _list(analysis, "templates"):
            match ref:
                case {"name": str() as name, "cluster": True}:
                    yield Place("ClusterAnalysisTemplate", "", name)
                case {"name": str() as name}:
                    yield Place("AnalysisTemplate", namespace, name)


def _analyses(spec: object) -> Iterator[object]:
    """All places of a spec that have an analysis, as `core.analysis.runs.analyses` has them of a model."""
    yield from (_at(spec, "analysis"), _at(spec, "bakeAnalysis"))
    yield _at(spec, "strategy", "blueGreen", "beforeSwitch")
    yield from (_at(step, "analysis") for step in _list(_at(spec, "strategy", "canary"), "steps"))


def _at(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _list(value: object, name: str) -> list[object]:
    found = _at(value, name)
    return found if isinstance(found, list) else []


def is_as_it_was(old: Raw | None, new: Raw | None) -> bool:
    """Whether a template says the same: its status is ours, and news for nobody."""
    return old is not None and new is not None and _said(old) == _said(new)


def _said(template: Raw) -> tuple[Any, Any]:
    return template["metadata"]["uid"], template.get("spec")
