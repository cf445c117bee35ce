"""The rules of a route: what is wrong with them, what they are to be, and what they say now. For every kind of route.

Touched are the rules that are named, or where none is named, those that have the stable Service among their backendRefs. All
others stay as they are. A touched one keeps every field but `backendRefs` and `filters`.
"""

from __future__ import annotations

from typing import Any

from crossfade.routers.memo import (
    found_again,
    read_split,
    remembered,
    same,
    split_rule,
    touched,
    weights_of,
)
from crossfade.routers.problems import problem
from crossfade.routers.refs import (
    copies,
    filters_of,
    namespace_of,
    plain_filters,
    plain_refs,
    refers,
    refs_of,
    rules_of,
)
from crossfade.routers.shares import part, reduced
from crossfade.routers.split import Before, Names, Object, Split

__all__ = [
    "as_before",
    "before_of",
    "changes",
    "copied",
    "edited",
    "is_foreign",
    "is_reset",
    "is_split",
    "memo_of",
    "permille",
    "problem",
    "reaches",
    "stable_gets",
    "with_split",
]


def is_split(route: Object, names: Names) -> bool:
    """Whether some touched rule refers to the candidate: it is not all somebody else's writing."""
    namespace, rules = namespace_of(route), rules_of(route)
    return any(refers(rules[index], names.candidate, namespace) for index in touched(route, names))


def before_of(route: Object, names: Names) -> Before:
    """Give what the touched rules are; of a route that is split, the best that can be said without a memo."""
    return {str(index): entry for index, entry in remembered(route, names, {}).items()}


def memo_of(route: Object, names: Names, before: Before) -> Before:
    """Give the memo by the rules' indexes now: of a split route that somebody reordered, or added a rule to."""
    return {str(index): entry for index, entry in remembered(route, names, before).items()}


def with_split(route: Object, names: Names, before: Before, split: Split) -> list[dict[str, Any]]:
    """Give all rules of the route, shared as is wanted."""
    namespace = namespace_of(route)
    return _replaced(
        route,
        {
            index: split_rule(entry, names, namespace, split)
            for index, entry in remembered(route, names, before).items()
        },
    )


def as_before(route: Object, names: Names, before: Before) -> list[dict[str, Any]]:
    """Give all rules of the route as they were before the first split, original numbers included."""
    return _replaced(route, {index: dict(entry) for index, entry in remembered(route, names, before).items()})


def _replaced(route: Object, wanted: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    rules = [dict(rule) for rule in rules_of(route)]
    for index, parts in wanted.items():
        kept = {key: value for key, value in rules[index].items() if key not in ("backendRefs", "filters")}
        rules[index] = {**kept, **parts}
    return rules


def changes(route: Object, rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the JSON Patch that makes the route's rules these; [] where they mean the same already.

    Only `backendRefs` and `filters` of single rules: all else of a route is its owner's.
    """
    patch: list[dict[str, Any]] = []
    for index, (live, wanted) in enumerate(zip(rules_of(route), rules, strict=True)):
        path = f"/spec/rules/{index}"
        if plain_refs(refs_of(live)) != plain_refs(refs_of(wanted)):
            patch.append(_change(f"{path}/backendRefs", live.get("backendRefs"), refs_of(wanted)))
        if plain_filters(filters_of(live)) != plain_filters(filters_of(wanted)):
            patch.append(_change(f"{path}/filters", live.get("filters"), filters_of(wanted)))
    return patch


def _change(path: str, live: object, wanted: list[dict[str, Any]]) -> dict[str, Any]:
    if not wanted:
        return {"op": "remove", "path": path}
    return {"op": "add" if live is None else "replace", "path": path, "value": wanted}


def is_reset(route: Object, names: Names, before: Before) -> bool:
    """Whether the candidate is gone from the route, and its rules are again what they were before."""
    return not is_split(route, names) and _is_memo(route, names, before)


def is_foreign(route: Object, names: Names, before: Before) -> bool:
    """Whether the route is somebody's new writing: without the candidate, and not what it was before."""
    return not is_split(route, names) and not _is_memo(route, names, before)


def _is_memo(route: Object, names: Names, before: Before) -> bool:
    now = before_of(route, names)
    return now.keys() == before.keys() and all(
        isinstance(before[key], dict) and same(now[key], before[key]) for key in now
    )


def permille(route: Object, names: Names) -> tuple[int, ...]:
    """Give the candidate's part of what it and stable get, in each touched rule; () where there is no such rule."""
    namespace, rules = namespace_of(route), rules_of(route)
    return tuple(part(*weights_of(rules[index], names, namespace)) for index in touched(route, names))


def reaches(route: Object, names: Names) -> bool:
    """Whether the candidate gets requests or copies of them by a touched rule."""
    namespace, rules = namespace_of(route), rules_of(route)
    return any(
        weights_of(rules[index], names, namespace)[1] > 0 or copies(rules[index], names.candidate, namespace)
        for index in touched(route, names)
    )


def copied(route: Object, names: Names) -> int:
    """Give the percent of the requests that a touched rule copies to the candidate; the most of several."""
    namespace, rules = namespace_of(route), rules_of(route)
    found = (read_split(rules[index], names, namespace).mirror for index in touched(route, names))
    return max(found, default=0)


def stable_gets(route: Object, names: Names) -> bool:
    """Whether the stable Service gets requests by a touched rule."""
    namespace, rules = namespace_of(route), rules_of(route)
    return any(weights_of(rules[index], names, namespace)[0] > 0 for index in touched(route, names))


def edited(route: Object, names: Names, before: Before) -> bool:
    """Whether somebody changed a split route by hand: it is what no split of what it was before gives."""
    if not is_split(route, names):
        return False
    namespace, rules = namespace_of(route), rules_of(route)
    entries, stored = remembered(route, names, before), found_again(route, names, before)
    first = next(index for index in entries if refers(rules[index], names.candidate, namespace))
    split = read_split(rules[first], names, namespace)
    for index, entry in entries.items():
        wanted, live = split_rule(entry, names, namespace, split), rules[index]
        if index not in stored:
            wanted, live = _proportions(wanted), _proportions(live)
        if not same(wanted, live):
            return True
    return False


def _proportions(rule: Object) -> dict[str, Any]:
    """Give a rule with its weights in the smallest whole numbers: without a memo nobody knows the original ones."""
    refs = plain_refs(refs_of(rule))
    weights = reduced([ref["weight"] for ref in refs])
    return {**rule, "backendRefs": [{**ref, "weight": each} for ref, each in zip(refs, weights, strict=True)]}
