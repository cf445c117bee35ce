"""As whom a user asks: what a kubeconfig says of it (`as`, `as-groups`, `as-uid`, `as-user-extra`), as headers of requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

FIELDS: Final = frozenset({"as", "as-groups", "as-uid", "as-user-extra"})
LEGAL: Final = "!#$&'*+^`|"
"""What may stand in the name of a header beside letters, digits and `-._~`; the rest, % too, is written as %XX, as client-go does."""


def impersonation(user: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Give the headers of one entry of `users`, none where it is itself; raises ValueError for what is not said wholly.

    The API server takes groups, a uid and extras only with a name: without one they would be dropped, and the user be itself.
    """
    headers = tuple(_headers(user))
    if headers and not user.get("as"):
        said = ", ".join(sorted(FIELDS & user.keys()))
        raise ValueError(f"the kubeconfig's user has {said} without `as`: name the user to be as well")
    if any({"\r", "\n"} & set(value) for _, value in headers):
        raise ValueError("the kubeconfig's user is to be one with a line break in it: write the name without")
    return headers


def _headers(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if user.get("as"):
        yield "Impersonate-User", str(user["as"])
    if user.get("as-uid"):
        yield "Impersonate-Uid", str(user["as-uid"])
    for group in _listed(user.get("as-groups")):
        yield "Impersonate-Group", group
    for key, values in (user.get("as-user-extra") or {}).items():
        for value in _listed(values):
            yield f"Impersonate-Extra-{quote(str(key), safe=LEGAL)}", value


def _listed(values: Any) -> list[str]:
    if not isinstance(values or [], list):
        raise ValueError(  # noqa: TRY004 -- what is wrong is in a file
            f"the kubeconfig's user has {values!r} where a list is meant: write [{values}]"
        )
    return [str(each) for each in values or []]
