"""HTTPRoute: carries everything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crossfade.routers.kinds import BACKEND_FILTERS, HEADER_REGEX, QUERY_REGEX, RouteKind, Wish

NEEDS: Final[Mapping[Wish, tuple[str, ...]]] = {
    "weights": ("HTTPRoute",),
    "mirror": ("HTTPRouteRequestMirror",),
    "mirror share": ("HTTPRouteRequestMirror", "HTTPRouteRequestPercentageMirror"),
    "second mirror": ("HTTPRouteRequestMultipleMirrors",),
    # The cookie is set by a filter of the reference and found again by an expression in the header `Cookie`.
    "sticky": ("HTTPRouteResponseHeaderModification", BACKEND_FILTERS, HEADER_REGEX),
    "header match": ("HTTPRoute",),
    "header regex match": (HEADER_REGEX,),
    "cookie match": (HEADER_REGEX,),
    "query match": ("HTTPRouteQueryParamMatching",),
    "query regex match": ("HTTPRouteQueryParamMatching", QUERY_REGEX),
    "request timeout": ("HTTPRouteRequestTimeout",),
    "backend timeout": ("HTTPRouteBackendTimeout",),
}

KIND: Final = RouteKind("HTTPRoute", "httproutes", NEEDS, "")
