"""What the rules of a route say of requests, read from the rules alone: nothing here knows how the operator writes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from simulation.remembered import once_for_each

Spec = Mapping[str, Any]
NONE = Fraction(0)


def weight_of(ref: Mapping[str, Any]) -> int:
    """The weight of a reference; an absent one is 1."""
    return int(ref.get("weight", 1))


@once_for_each
def weights(spec: Spec) -> tuple[Mapping[str, int], ...]:
    """For each rule, the weight of every Service that it names."""
    return tuple(_weights(rule) for rule in spec.get("rules") or ())


def _weights(rule: Mapping[str, Any]) -> Mapping[str, int]:
    summed: Counter[str] = Counter()
    for ref in rule.get("backendRefs") or ():
        summed[ref["name"]] += weight_of(ref)
    return summed


@once_for_each
def mirrored(spec: Spec) -> frozenset[str]:
    """The Services that get copies of requests."""
    return frozenset(
        each["requestMirror"]["backendRef"]["name"]
        for rule in spec.get("rules") or ()
        for each in _filters(rule)
        if each.get("type") == "RequestMirror"
    )


def _filters(rule: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from rule.get("filters") or ()
    for ref in rule.get("backendRefs") or ():
        yield from ref.get("filters") or ()


@once_for_each
def receiving(spec: Spec) -> frozenset[str]:
    """The Services that get requests, or copies of them."""
    return frozenset(
        {name for rule in weights(spec) for name, weight in rule.items() if weight} | mirrored(spec)
    )


@once_for_each
def named(spec: Spec) -> frozenset[str]:
    """The Services that it names at all."""
    return frozenset({name for rule in weights(spec) for name in rule} | mirrored(spec))


def part_of(spec: Spec, service: str, *others: str) -> Fraction:
    """The largest part that a Service gets, in any rule, of what it and the `others` get together."""
    parts = [
        Fraction(rule.get(service, 0), whole)
        for rule in weights(spec)
        if (whole := sum(rule.get(name, 0) for name in {service, *others}))
    ]
    return max(parts, default=NONE)


def foreign_parts(spec: Spec, *ours: str) -> tuple[Mapping[str, Fraction], ...]:
    """For each rule, the part of all its requests that each Service gets that is none of ours."""
    return tuple(
        {name: Fraction(weight, sum(rule.values()) or 1) for name, weight in rule.items() if name not in ours}
        for rule in weights(spec)
    )


def without(spec: Spec, candidate: str) -> dict[str, Any]:
    """The same without any mention of the candidate, without weights, and without the filters of its references."""
    return {**spec, "rules": [_bare(rule, candidate) for rule in spec.get("rules") or ()]}


def _bare(rule: Mapping[str, Any], candidate: str) -> dict[str, Any]:
    refs = [
        {key: value for key, value in ref.items() if key not in {"weight", "filters"}}
        for ref in rule.get("backendRefs") or ()
        if ref["name"] != candidate
    ]
    filters = [
        each
        for each in rule.get("filters") or ()
        if ((each.get("requestMirror") or {}).get("backendRef") or {}).get("name") != candidate
    ]
    bare = {**rule, "backendRefs": refs, "filters": filters}
    return {key: value for key, value in bare.items() if key != "filters" or filters}
