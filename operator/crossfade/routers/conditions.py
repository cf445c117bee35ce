"""Conditions of groups and cookies as matches of a rule, and the matches of two sources combined.

Routers differ in how they read an expression: Traefik looks for it anywhere in the value, Envoy wants it to fit the whole. So
every expression is written with both ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossfade.api.traffic import Match, Valued
from crossfade.routers.split import Cookies, Object

MAX_CONDITIONS = 16


@dataclass(frozen=True)
class Condition:
    """What requests must have: headers and query parameters, as a route writes them."""

    headers: tuple[Mapping[str, str], ...] = ()
    query: tuple[Mapping[str, str], ...] = field(default=())


def condition_of(match: Match) -> Condition:
    """Give the condition of one `match` of a step."""
    headers = [_named(match.header)] if match.header else []
    if match.cookie:
        value = (
            re.escape(match.cookie.exact) if match.cookie.exact is not None else f"(?:{match.cookie.regex})"
        )
        headers.append(cookie_header(match.cookie.name, value))
    return Condition(tuple(headers), (_named(match.query),) if match.query else ())


def _named(valued: Valued) -> Mapping[str, str]:
    if valued.exact is not None:
        return {"type": "Exact", "name": valued.name, "value": valued.exact}
    return {"type": "RegularExpression", "name": valued.name, "value": f"^(?:{valued.regex})$"}


def cookie_header(name: str, value: str) -> Mapping[str, str]:
    """Give the header that requests with this cookie have, whatever other cookies stand around it."""
    expression = rf"^(.*;\s*)?{re.escape(name)}={value}(;.*)?$"
    return {"type": "RegularExpression", "name": "Cookie", "value": expression}


def cookie_condition(cookies: Cookies, value: str) -> Condition:
    """Give the condition that requests of users who are kept on a side meet."""
    return Condition((cookie_header(cookies.name, re.escape(value)),))


def group_conditions(matches: Sequence[Match], cookies: Cookies | None) -> list[Condition]:
    """Give the conditions of the groups, one is enough.

    A rule with more headers goes first, and headers count before query parameters: so a group that is known by a query
    parameter alone is written once more for users who have a cookie of ours, or their cookie would win.
    """
    plain = [condition_of(match) for match in matches]
    if cookies is None:
        return plain
    either = f"(?:{re.escape(cookies.stable)}|{re.escape(cookies.candidate)})"
    kept = cookie_header(cookies.name, either)
    return plain + [Condition((kept,), each.query) for each in plain if not each.headers]


def combined(match: Object, condition: Condition) -> dict[str, Any]:
    """Give one match of a rule that also asks for the condition.

    Raises ValueError with what they both say something about: a name may stand only once in a match.
    """
    parts = {
        "headers": _joined("header", match.get("headers"), condition.headers),
        "queryParams": _joined("query parameter", match.get("queryParams"), condition.query),
    }
    return {**match, **{key: value for key, value in parts.items() if value}}


def _joined(what: str, there: Sequence[Object] | None, more: Sequence[Object]) -> list[dict[str, Any]]:
    joined = [dict(each) for each in there or []]
    for each in more:
        same = [old for old in joined if _folded(what, old) == _folded(what, each)]
        if same and {"type": "Exact", **same[0], "name": ""} != {**each, "name": ""}:
            raise ValueError(f"the {what} {each['name']}")
        if not same:
            joined.append(dict(each))
    if len(joined) > MAX_CONDITIONS:
        raise ValueError(f"{len(joined)} {what}s")
    return joined


def _folded(what: str, condition: Object) -> str:
    name = str(condition.get("name", ""))
    return name.lower() if what == "header" else name
