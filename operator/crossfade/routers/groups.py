"""The route of our own beside the one that is split: groups of users, users who are kept by a cookie, previews.

It has the same parents and hostnames. Each of its rules is a touched rule with a condition more, so that it goes before it:
what asks for more headers wins. A route of its own, since a rule that is put into a live route costs requests (5 of 8,000 on
Envoy; beside it none).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crossfade.api.traffic import Match
from crossfade.routers.conditions import Condition, combined, cookie_condition, group_conditions
from crossfade.routers.memo import Entry, has_ref, remembered, stable_at
from crossfade.routers.refs import is_service, namespace_of, refs_of, rules_of, title_of
from crossfade.routers.split import Before, Cookies, Names, Object

MAX_RULES = 16
MAX_MATCHES_OF_RULE = 64
MAX_MATCHES = 128


@dataclass(frozen=True)
class Groups:
    """The spec of the route of our own; None where none is needed. `problem`: why it cannot be made, and what to write."""

    spec: Mapping[str, Any] | None = None
    problem: str = ""


@dataclass(frozen=True)
class Preview:
    """How the candidate is met before the switch: by conditions at the route's hostnames, and at hostnames of its own."""

    by_match: Mapping[str, Any] | None = None
    by_hostname: Mapping[str, Any] | None = None
    problem: str = ""


def groups(
    route: Object, names: Names, before: Before, matches: Sequence[Match], cookies: Cookies | None
) -> Groups:
    """Give the route that sends groups of users to the candidate, and users with a cookie to the side that they met first.

    Groups first. A rule that sends them elsewhere too (other backends) goes on doing so for users with a cookie.
    """
    if not matches and cookies is None:
        return Groups()
    namespace = namespace_of(route)
    entries = {
        index: entry
        for index, entry in remembered(route, names, before).items()
        if has_ref(entry, names.stable, namespace)
    }
    rules: list[dict[str, Any]] = []
    try:
        for index, entry in entries.items() if matches else ():
            refs = [candidate_ref(entry, names, namespace)]
            rules.append(_rule(route, index, entry, group_conditions(matches, cookies), refs))
        for value, name in _sides(cookies, names):
            for index, entry in entries.items():
                refs = _with_name(entry, names, namespace, name)
                condition = cookie_condition(cookies, value) if cookies else Condition()
                rules.append(_rule(route, index, entry, [condition], refs))
    except ValueError as error:
        return Groups(problem=str(error))
    problem = _too_many(route, rules)
    return Groups(problem=problem) if problem else Groups(_spec(route, rules))


def _sides(cookies: Cookies | None, names: Names) -> list[tuple[str, str]]:
    if cookies is None:
        return []
    return [(cookies.candidate, names.candidate), (cookies.stable, names.stable)]


def preview(
    route: Object, names: Names, before: Before, matches: Sequence[Match], hostnames: Sequence[str]
) -> Preview:
    """Give the routes at which the candidate can be looked at before any user meets it.

    At hostnames of its own everything is as at the route's, but for the stable Service the candidate answers.
    """
    by_match = groups(route, names, before, matches, None)
    if by_match.problem:
        return Preview(problem=by_match.problem)
    if not hostnames:
        return Preview(by_match.spec)
    taken = sorted(set(hostnames) & set(route.get("spec", {}).get("hostnames") or []))
    if taken:
        return Preview(
            problem=f"{', '.join(taken)} is among the hostnames of {title_of(route)}, where users are: "
            "write other hostnames for the preview"
        )
    rules = [dict(rule) for rule in rules_of(route)]
    for index, entry in remembered(route, names, before).items():
        if has_ref(entry, names.stable, namespace_of(route)):
            refs = [candidate_ref(entry, names, namespace_of(route))]
            rules[index] = {**_rest(rules[index]), **_filters(entry), "backendRefs": refs}
    return Preview(by_match.spec, _spec(route, rules) | {"hostnames": list(hostnames)})


def candidate_ref(entry: Entry, names: Names, namespace: str) -> dict[str, Any]:
    """Give the reference to the candidate alone, with port and filters of the reference to stable."""
    refs = refs_of(entry)
    return {**refs[stable_at(refs, names, namespace)], "name": names.candidate, "weight": 1}


def _with_name(entry: Entry, names: Names, namespace: str, name: str) -> list[dict[str, Any]]:
    return [
        {**ref, "name": name} if is_service(ref, names.stable, namespace) else dict(ref)
        for ref in refs_of(entry)
    ]


def _rule(
    route: Object, index: int, entry: Entry, conditions: Sequence[Condition], refs: list[dict[str, Any]]
) -> dict[str, Any]:
    live = rules_of(route)[index]
    matches = [
        _combined(route, index, match, each) for match in live.get("matches") or [{}] for each in conditions
    ]
    rest = {key: value for key, value in _rest(live).items() if key not in ("name", "matches")}
    return {"matches": matches, **rest, **_filters(entry), "backendRefs": refs}


def _combined(route: Object, index: int, match: Object, condition: Condition) -> dict[str, Any]:
    try:
        return combined(match, condition)
    except ValueError as error:
        where = rules_of(route)[index].get("name") or f"rules[{index}]"
        raise ValueError(
            f"{where} of {title_of(route)} matches {error} already, which match or sticky asks for too: "
            "a match may say it only once, so use another one"
        ) from error


def _rest(rule: Object) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key not in ("backendRefs", "filters")}


def _filters(entry: Entry) -> dict[str, Any]:
    return {"filters": entry["filters"]} if entry.get("filters") else {}


def _too_many(route: Object, rules: Sequence[Object]) -> str:
    counts = [len(rule["matches"]) for rule in rules]
    if len(rules) > MAX_RULES:
        return (
            f"groups and cookies for {title_of(route)} need {len(rules)} rules, and a route may have {MAX_RULES}: "
            "name one rule of it in spec.traffic"
        )
    if max(counts, default=0) > MAX_MATCHES_OF_RULE:
        return (
            f"groups for {title_of(route)} need {max(counts)} matches in a rule, and there may be {MAX_MATCHES_OF_RULE}: "
            "write fewer matches, or one with a regex"
        )
    if sum(counts) > MAX_MATCHES:
        return (
            f"groups and cookies for {title_of(route)} need {sum(counts)} matches, and a route may have {MAX_MATCHES}: "
            "write fewer matches, or name one rule of it in spec.traffic"
        )
    return ""


def _spec(route: Object, rules: list[dict[str, Any]]) -> dict[str, Any]:
    spec = route.get("spec", {})
    kept = {key: spec[key] for key in ("parentRefs", "hostnames") if spec.get(key)}
    return {**kept, "rules": rules}
