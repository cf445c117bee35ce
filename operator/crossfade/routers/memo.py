"""What the rules were before: said by the rules themselves, or found again in what was stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from crossfade.routers.refs import (
    cookie_of,
    filters_of,
    is_service,
    mirrors,
    namespace_of,
    other_filters,
    plain_filters,
    plain_refs,
    refers,
    refs_of,
    rules_of,
    set_cookie,
    weight_of,
    with_cookie,
    without_cookie,
    without_empty,
)
from crossfade.routers.shares import MAX_WEIGHT, part, reduced, split_weights
from crossfade.routers.split import Before, Cookies, Names, Object, Split

Entry = Mapping[str, Any]
"""`backendRefs` and, where there are some, `filters` of one rule."""

_INDEXES: Final = frozenset(map(str, range(16)))
"""Of as many rules as a route has at most."""

Likeness = Callable[[Object, Entry], bool]


def touched(route: Object, names: Names) -> list[int]:
    """Give the indexes of the rules that are ours to change: of that name, where one is named, and with one of the Services.

    One that refers to the candidate is ours whatever its name is by now: nobody else writes that Service, and what was divided must end.
    """
    namespace = namespace_of(route)
    return [
        index
        for index, rule in enumerate(rules_of(route))
        if refers(rule, names.candidate, namespace)
        or (names.rule in ("", rule.get("name", "")) and concerns(rule, names, namespace))
    ]


def concerns(rule: Object, names: Names, namespace: str) -> bool:
    """Whether a rule sends requests to one of the Services, or copies of them to the candidate."""
    return refers(rule, names.candidate, namespace) or has_ref(rule, names.stable, namespace)


def has_ref(rule: Object, name: str, namespace: str) -> bool:
    """Whether the Service is among the backendRefs of a rule."""
    return any(is_service(ref, name, namespace) for ref in refs_of(rule))


def weights_of(rule: Object, names: Names, namespace: str) -> tuple[int, int]:
    """Give the weights of the stable Service and of the candidate in a rule, 0 where there is no reference."""
    stable, candidate = (
        sum(weight_of(ref) for ref in refs_of(rule) if is_service(ref, name, namespace))
        for name in (names.stable, names.candidate)
    )
    return stable, candidate


def bare(rule: Object, names: Names, namespace: str) -> dict[str, Any]:
    """Give what a rule is without the candidate, as well as the rule alone can tell: its weight is the stable's again."""
    refs = [_without_mirror(without_cookie(ref), names, namespace) for ref in refs_of(rule)]
    if has_ref(rule, names.candidate, namespace):
        refs = _given_back(refs, names, namespace)
    kept = other_filters(rule, names.candidate, namespace)
    return without_empty({"backendRefs": refs, "filters": kept})


def _without_mirror(ref: dict[str, Any], names: Names, namespace: str) -> dict[str, Any]:
    if not mirrors(ref, names.candidate, namespace):
        return ref
    kept = other_filters(ref, names.candidate, namespace)
    return without_empty({**ref, "filters": kept})


def _given_back(refs: Sequence[dict[str, Any]], names: Names, namespace: str) -> list[dict[str, Any]]:
    """Give the references with the candidate's weight at the first reference to stable, in the smallest whole numbers."""
    candidates = [ref for ref in refs if is_service(ref, names.candidate, namespace)]
    kept = [ref for ref in refs if not is_service(ref, names.candidate, namespace)]
    if not any(is_service(ref, names.stable, namespace) for ref in kept):
        kept.insert(refs.index(candidates[0]), {**candidates[0], "name": names.stable, "weight": 0})
    at = stable_at(kept, names, namespace)
    weights = [weight_of(ref) for ref in kept]
    weights[at] += sum(map(weight_of, candidates))
    weights = _some(weights, at)
    return [{**ref, "weight": weight} for ref, weight in zip(kept, reduced(weights), strict=True)]


def _some(weights: list[int], at: int) -> list[int]:
    """Give the weights, and where all are zero 1 at that place: a rule like that answers nobody, and is never written."""
    return weights if any(weights) else [int(index == at) for index in range(len(weights))]


def stable_at(refs: Sequence[Object], names: Names, namespace: str) -> int:
    """Give the index of the first reference to the stable Service; there must be one."""
    return next(index for index, ref in enumerate(refs) if is_service(ref, names.stable, namespace))


def split_rule(entry: Entry, names: Names, namespace: str, split: Split) -> dict[str, Any]:
    """Give references and filters of a rule that was `entry`, shared as is wanted. Without stable nothing is to share."""
    if not has_ref(entry, names.stable, namespace):
        return dict(entry)
    filters = filters_of(entry)
    if split.mirror:
        filters.append(mirror_filter(entry, names, namespace, split.mirror))
    refs = refs_of(entry)
    if split.permille or split.cookies:
        refs = _shared(refs, names, namespace, split)
    return without_empty({"backendRefs": refs, "filters": filters})


def _shared(refs: Sequence[Object], names: Names, namespace: str, split: Split) -> list[dict[str, Any]]:
    at = stable_at(refs, names, namespace)
    asked = _some([weight_of(ref) for ref in refs], at)
    if not asked[at]:  # nothing is to share: as it will be read back
        asked = reduced(asked)
    weights, candidate_weight = split_weights(asked, at, split.permille)
    shared = [{**ref, "weight": weight} for ref, weight in zip(refs, weights, strict=True)]
    candidate = {**refs[at], "name": names.candidate, "weight": candidate_weight}
    if split.cookies:
        shared[at] = with_cookie(shared[at], set_cookie(split.cookies.name, split.cookies.stable))
        candidate = with_cookie(candidate, set_cookie(split.cookies.name, split.cookies.candidate))
    return [*shared[: at + 1], candidate, *shared[at + 1 :]]


def mirror_filter(entry: Entry, names: Names, namespace: str, percent: int) -> dict[str, Any]:
    """Give the filter that copies requests to the candidate; all of them need no percent, which fewer routers know."""
    stable = refs_of(entry)[stable_at(refs_of(entry), names, namespace)]
    target = {key: stable[key] for key in ("group", "kind", "name", "namespace", "port") if key in stable} | {
        "name": names.candidate
    }
    share = {} if percent == 100 else {"percent": percent}
    return {"type": "RequestMirror", "requestMirror": {"backendRef": target, **share}}


def read_split(rule: Object, names: Names, namespace: str) -> Split:
    """Give the split that a rule is written for, as far as it can be read."""
    copies = mirrors(rule, names.candidate, namespace)
    percent = copies[0]["requestMirror"].get("percent", 100) if copies else 0
    cookies = [
        next((cookie_of(ref) for ref in refs_of(rule) if is_service(ref, name, namespace)), None)
        for name in (names.stable, names.candidate)
    ]
    stable, candidate = cookies
    kept = Cookies(stable[0], stable[1], candidate[1]) if stable and candidate else None
    return Split(part(*weights_of(rule, names, namespace)), percent, kept)


def same(rule: Object, other: Object) -> bool:
    """Whether two rules have the same references and filters, whether the API server has filled in defaults or not."""
    return plain_refs(refs_of(rule)) == plain_refs(refs_of(other)) and plain_filters(
        filters_of(rule)
    ) == plain_filters(filters_of(other))


def remembered(route: Object, names: Names, before: Before) -> dict[int, Entry]:
    """Give what each touched rule was, by its index now.

    A rule without the candidate is what it is. For another, the stored entry that it was made from is looked for: rules may
    have been reordered since. First by what it says exactly, then by the same references and filters, then by the index.
    """
    namespace = namespace_of(route)
    rules = rules_of(route)
    stored = found_again(route, names, before)
    return {
        index: stored.get(index) or bare(rules[index], names, namespace) for index in touched(route, names)
    }


def found_again(route: Object, names: Names, before: Before) -> dict[int, Entry]:
    """Give the stored entry of each split rule, by the rule's index now, where there is one."""
    namespace = namespace_of(route)
    rules = rules_of(route)
    open_ = [index for index in touched(route, names) if refers(rules[index], names.candidate, namespace)]
    spare = {
        int(key): before[key]
        for key in sorted(before, key=str)
        if key in _INDEXES and is_usable(before[key], names, namespace)
    }
    found: dict[int, Entry] = {}
    for index, key in _pairs(rules, open_, spare, _likenesses(names, namespace)):
        if index not in found and key in spare:
            found[index] = spare.pop(key)
    return found


def _likenesses(names: Names, namespace: str) -> tuple[Likeness, ...]:
    def as_written(rule: Object, entry: Entry) -> bool:
        split = read_split(rule, names, namespace)
        return alike(rule, entry) and same(rule, split_rule(entry, names, namespace, split))

    def alike(rule: Object, entry: Entry) -> bool:
        return same(_unweighted(bare(rule, names, namespace)), _unweighted(entry))

    return as_written, alike


def _pairs(
    rules: Sequence[Object],
    indexes: Sequence[int],
    spare: Mapping[int, Entry],
    likenesses: Sequence[Likeness],
) -> Iterator[tuple[int, int]]:
    """Give rules and entries that belong together, the likeliest first."""
    entries = dict(spare)
    for is_like in likenesses:
        likely = [(index, key) for index in indexes for key in entries if is_like(rules[index], entries[key])]
        yield from (pair for pair in likely if pair[0] == pair[1])
        yield from likely


def _unweighted(entry: Entry) -> dict[str, Any]:
    return {**entry, "backendRefs": [{**ref, "weight": 1} for ref in refs_of(entry)]}


def is_usable(entry: object, names: Names, namespace: str) -> bool:
    """Whether a stored entry can be written back: somebody may have spoiled it, in whichever way."""
    try:
        return isinstance(entry, Mapping) and _is_whole(entry, names, namespace)
    except (AttributeError, TypeError, ValueError):
        return False


def _is_whole(entry: Entry, names: Names, namespace: str) -> bool:
    """Raises AttributeError, TypeError or ValueError where something in it is not of its kind."""
    refs, _ = plain_refs(refs_of(entry)), plain_filters(filters_of(entry))
    return (
        all(type(ref.get("weight", 1)) is int for ref in refs_of(entry))
        and all(0 <= ref["weight"] <= MAX_WEIGHT for ref in refs)
        and weights_of(entry, names, namespace)[0] > 0
        and not refers(entry, names.candidate, namespace)
    )
