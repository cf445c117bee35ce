"""What a reference of a route is: whose it is, its weight, its cookie, and when two of them say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from crossfade.routers.split import Object

COOKIE_PREFIX: Final = "crossfade-"
"""How the names of our cookies begin: by it they are found again where nobody remembers them."""

MODIFIER: Final = "ResponseHeaderModifier"
MIRROR: Final = "RequestMirror"


def namespace_of(route: Object) -> str:
    """Give the namespace that the route is in."""
    return str(route.get("metadata", {}).get("namespace", ""))


def title_of(route: Object) -> str:
    """Give what a route is called in a sentence: `HTTPRoute shop`."""
    return f"{route.get('kind', 'route')} {route.get('metadata', {}).get('name', '')}".strip()


def gateways_of(route: Object, namespace: str) -> list[str]:
    """Give the Gateways that are a route's parents, as `namespace/name`, each once; `namespace`: where the route is."""
    refs = (route.get("spec") or {}).get("parentRefs") or ()
    named = (ref for ref in refs if ref.get("kind", "Gateway") == "Gateway")
    return list(dict.fromkeys(f"{ref.get('namespace') or namespace}/{ref.get('name')}" for ref in named))


def rules_of(route: Object) -> list[dict[str, Any]]:
    """Give the rules of a route; they may not be changed."""
    return list(route.get("spec", {}).get("rules") or [])


def refs_of(rule: Object) -> list[dict[str, Any]]:
    """Give the references of a rule; they may not be changed."""
    return list(rule.get("backendRefs") or [])


def filters_of(owner: Object) -> list[dict[str, Any]]:
    """Give the filters of a rule or of a reference; they may not be changed."""
    return list(owner.get("filters") or [])


def is_service(ref: Object, name: str, namespace: str) -> bool:
    """Whether a reference means the Service `name` of `namespace`, where the route is."""
    return (
        ref.get("name") == name
        and not ref.get("group")
        and ref.get("kind", "Service") == "Service"
        and ref.get("namespace", namespace) == namespace
    )


def weight_of(ref: Object) -> int:
    """Give the weight of a reference: one that says none has 1."""
    weight = ref.get("weight")
    return 1 if weight is None else int(weight)


def mirrors(owner: Object, name: str, namespace: str) -> list[dict[str, Any]]:
    """Give the filters of a rule or of a reference that copy requests to the Service `name`."""
    return [each for each in filters_of(owner) if is_mirror_to(each, name, namespace)]


def is_mirror_to(filter_: Object, name: str, namespace: str) -> bool:
    """Whether a filter copies requests to the Service `name`."""
    target = (filter_.get("requestMirror") or {}).get("backendRef") or {}
    return filter_.get("type") == MIRROR and is_service(target, name, namespace)


def other_filters(owner: Object, name: str, namespace: str) -> list[dict[str, Any]]:
    """Give the filters of a rule or of a reference that copy nothing to the Service `name`."""
    return [each for each in filters_of(owner) if not is_mirror_to(each, name, namespace)]


def refers(rule: Object, name: str, namespace: str) -> bool:
    """Whether a rule sends requests to the Service `name`, if only with weight 0, or copies of them."""
    return any(is_service(ref, name, namespace) for ref in refs_of(rule)) or copies(rule, name, namespace)


def copies(rule: Object, name: str, namespace: str) -> bool:
    """Whether a rule, or one of its references, copies requests to the Service `name`."""
    return any(mirrors(owner, name, namespace) for owner in (rule, *refs_of(rule)))


def cookie_name(rollout: str) -> str:
    """Give the name of the cookie that keeps users of a Rollout on a side."""
    return f"{COOKIE_PREFIX}{rollout}"


def set_cookie(name: str, value: str) -> dict[str, str]:
    """Give the header that sets a cookie for the whole host until the browser ends."""
    return {"name": "Set-Cookie", "value": f"{name}={value}; Path=/; HttpOnly; SameSite=Lax"}


def is_ours(header: Object) -> bool:
    """Whether a header that is added to answers sets a cookie of ours."""
    return str(header.get("name", "")).lower() == "set-cookie" and str(header.get("value", "")).startswith(
        COOKIE_PREFIX
    )


def cookie_of(ref: Object) -> tuple[str, str] | None:
    """Give the name and the value of the cookie of ours that a reference sets; None where it sets none."""
    for each in filters_of(ref):
        for header in (each.get("responseHeaderModifier") or {}).get("add") or []:
            if is_ours(header):
                name, _, value = header["value"].partition(";")[0].partition("=")
                return name, value
    return None


def with_cookie(ref: Object, header: Mapping[str, str]) -> dict[str, Any]:
    """Give a reference whose answers set the cookie. A filter that changes their headers is extended: only one may be."""
    filters, found = [], False
    for each in filters_of(ref):
        if each.get("type") == MODIFIER and not found:
            found = True
            modifier = each.get("responseHeaderModifier") or {}
            added = [*(modifier.get("add") or []), dict(header)]
            filters.append({**each, "responseHeaderModifier": {**modifier, "add": added}})
        else:
            filters.append(each)
    if not found:
        filters.append({"type": MODIFIER, "responseHeaderModifier": {"add": [dict(header)]}})
    return {**ref, "filters": filters}


def without_cookie(ref: Object) -> dict[str, Any]:
    """Give a reference without the cookie of ours; it is the same where there is none."""
    if cookie_of(ref) is None:
        return dict(ref)
    kept = [each for each in map(_without_ours, filters_of(ref)) if each is not None]
    return without_empty({**ref, "filters": kept})


def _without_ours(filter_: dict[str, Any]) -> dict[str, Any] | None:
    modifier = filter_.get("responseHeaderModifier") or {}
    added = modifier.get("add") or []
    kept = [header for header in added if not is_ours(header)]
    if len(kept) == len(added):
        return filter_
    rest = {key: value for key, value in {**modifier, "add": kept}.items() if value}
    return {**filter_, "responseHeaderModifier": rest} if rest else None


def without_empty(owner: Mapping[str, Any]) -> dict[str, Any]:
    """Give a rule or a reference without an empty list of filters."""
    return {key: value for key, value in owner.items() if key != "filters" or value}


def plain_refs(refs: Sequence[Object]) -> list[dict[str, Any]]:
    """Give references with everything said that the API server adds: equal where they mean the same."""
    return [
        without_empty(
            {
                "group": "",
                "kind": "Service",
                **ref,
                "weight": weight_of(ref),
                "filters": plain_filters(filters_of(ref)),
            }
        )
        for ref in refs
    ]


def plain_filters(filters: Sequence[Object]) -> list[dict[str, Any]]:
    """Give filters with everything said that the API server adds."""
    return [_plain_filter(each) for each in filters]


def _plain_filter(filter_: Object) -> dict[str, Any]:
    plain = dict(filter_)
    mirror = plain.get("requestMirror")
    if mirror:
        plain["requestMirror"] = {
            **mirror,
            "backendRef": {"group": "", "kind": "Service", **(mirror.get("backendRef") or {})},
        }
        if mirror.get("fraction"):
            plain["requestMirror"]["fraction"] = {"denominator": 100, **mirror["fraction"]}
    if plain.get("requestRedirect") is not None:
        plain["requestRedirect"] = {"statusCode": 302, **plain["requestRedirect"]}
    if plain.get("cors") is not None:
        plain["cors"] = {"maxAge": 5, **plain["cors"]}
    return plain
