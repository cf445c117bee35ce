"""What keeps a route from being split, as one sentence for the person who can change it."""

from __future__ import annotations

from crossfade.routers.memo import concerns
from crossfade.routers.refs import (
    MODIFIER,
    filters_of,
    is_service,
    namespace_of,
    other_filters,
    refers,
    refs_of,
    rules_of,
    title_of,
    weight_of,
    without_cookie,
)
from crossfade.routers.shares import is_too_fine
from crossfade.routers.split import Names, Object, Split

MAX_REFS = 16
MAX_FILTERS = 16


def problem(route: Object, names: Names, split: Split | None = None) -> str:
    """Say what is wrong with the route, and what to write; "" where nothing is.

    With `split` also what is wrong for this split: filters that it needs and that a rule leaves no place for. A rule that
    refers to the candidate is not asked about its numbers: they are ours.
    """
    namespace = namespace_of(route)
    rules = rules_of(route)
    named = [index for index, rule in enumerate(rules) if names.rule in ("", rule.get("name", ""))]
    if not named and names.rule:
        return _no_such_rule(route, names.rule)
    without = [index for index in named if not concerns(rules[index], names, namespace)]
    if without and (names.rule or len(without) == len(named)):
        return _not_among(route, names, without)
    for index in named:
        if index not in without and (found := _of_rule(rules[index], names, namespace, split)):
            return f"{_where(route, index)} {found}"
    return (
        ""
        if named
        else f"{title_of(route)} has no rules: write one with Service {names.stable} among its backendRefs"
    )


def _where(route: Object, index: int) -> str:
    name = rules_of(route)[index].get("name")
    return f"rule {name} of {title_of(route)}" if name else f"rules[{index}] of {title_of(route)}"


def _field(route: Object) -> str:
    """Give the member of spec.traffic that names this kind of route: `httpRoute` for an HTTPRoute."""
    return f"{str(route.get('kind', 'Route')).removesuffix('Route').lower()}Route"


def _no_such_rule(route: Object, rule: str) -> str:
    there = sorted({str(each["name"]) for each in rules_of(route) if each.get("name")})
    field = f"spec.traffic.{_field(route)}.rule"
    if not there:
        return (
            f"{title_of(route)} has no rule named {rule}, its rules have no names: "
            f"give the rule that name, or leave out {field} to split every rule of the Service"
        )
    return f"{title_of(route)} has no rule named {rule}: write one of {', '.join(there)} in {field}"


def _not_among(route: Object, names: Names, without: list[int]) -> str:
    namespace = namespace_of(route)
    where = _where(route, without[0]) if names.rule else f"no rule of {title_of(route)}"
    for index in without:
        for ref in refs_of(rules_of(route)[index]):
            if ref.get("name") == names.stable:
                return f"{_where(route, index)} {_other_object(ref, names.stable, namespace)}"
    has = "does not have" if names.rule else "has"
    return (
        f"{where} {has} Service {names.stable} among its backendRefs: "
        f"add it, for example {{name: {names.stable}, port: 80}}, or name another route or rule"
    )


def _other_object(ref: Object, stable: str, namespace: str) -> str:
    other = ref.get("namespace", namespace)
    if other != namespace:
        return (
            f"sends requests to {stable} of namespace {other}: "
            f"only the Service of namespace {namespace} can be split, write a reference without a namespace"
        )
    kind = f"{ref.get('kind', 'Service')}{'.' if ref.get('group') else ''}{ref.get('group', '')}"
    return f"means the {kind} {stable}, not the Service: write a reference without group and kind"


def _of_rule(rule: Object, names: Names, namespace: str, split: Split | None) -> str:
    if not refers(rule, names.candidate, namespace) and (found := _of_numbers(rule, names, namespace)):
        return found
    return _of_filters(rule, names, namespace, split) if split else ""


def _of_numbers(rule: Object, names: Names, namespace: str) -> str:
    refs = refs_of(rule)
    stable = [ref for ref in refs if is_service(ref, names.stable, namespace)]
    if len(stable) > 1:
        return f"refers to Service {names.stable} {len(stable)} times: write one reference with the sum of the weights"
    if weight_of(stable[0]) == 0:
        return (
            f"gives Service {names.stable} weight 0, so there is no share to split: "
            "write a weight above 0, or name another rule"
        )
    if len(refs) >= MAX_REFS:
        return f"has {len(refs)} backendRefs, the most there may be, and one more is needed: remove one"
    if is_too_fine([weight_of(ref) for ref in refs], refs.index(stable[0])):
        return (
            f"gives Service {names.stable} weight {weight_of(stable[0])} beside {max(map(weight_of, refs))}, "
            "too little to be split in tenths of a percent: write weights that are nearer to each other"
        )
    return ""


def _of_filters(rule: Object, names: Names, namespace: str, split: Split) -> str:
    kept = other_filters(rule, names.candidate, namespace)
    if split.mirror and len(kept) >= MAX_FILTERS:
        return f"has {len(kept)} filters, the most there may be, and mirror needs one more: remove one"
    if split.cookies:
        return next(
            (
                _of_cookie(ref)
                for ref in refs_of(rule)
                if is_service(ref, names.stable, namespace) and _of_cookie(ref)
            ),
            "",
        )
    return ""


def _of_cookie(ref: Object) -> str:
    filters = filters_of(without_cookie(ref))
    modifiers = [each.get("responseHeaderModifier") or {} for each in filters if each.get("type") == MODIFIER]
    headers = [each["name"] for one in modifiers for key in ("add", "set") for each in one.get(key) or []]
    headers += [each for one in modifiers for each in one.get("remove") or []]
    if any(str(each).lower() == "set-cookie" for each in headers):
        return (
            f"changes Set-Cookie in the filters of its reference to {ref['name']}, where sticky has to set a cookie: "
            "move that filter to the rule, or leave out sticky"
        )
    if not modifiers and len(filters) >= MAX_FILTERS:
        return f"has {len(filters)} filters at its reference to {ref['name']}, and sticky needs one more: remove one"
    return ""
