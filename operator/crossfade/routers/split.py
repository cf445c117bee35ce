"""What is wanted of a route, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Object = Mapping[str, Any]

Before = Mapping[str, Mapping[str, Any]]
"""What the rules that are changed were before: by the rule's index as text, its `backendRefs`, and its `filters` where it
had some. JSON, so that it can be stored beside the route."""


def canary_of(service: str) -> str:
    """Give the name of the canary Service beside a production Service."""
    return f"{service}-canary"


@dataclass(frozen=True)
class Names:
    """Which rules, and which Services. `rule`: the rule's name; "": every rule that names `stable` among its backendRefs."""

    stable: str
    candidate: str
    rule: str = ""


@dataclass(frozen=True)
class Cookies:
    """The cookie that keeps a user on a side: its name, and its value for each side."""

    name: str
    stable: str
    candidate: str


@dataclass(frozen=True)
class Split:
    """How the requests of the stable reference are to be shared.

    `permille`: the candidate's part of them, 0 to 1000. `mirror`: percent of them that are copied to the candidate, 0 to 100.
    `cookies`: set on answers, so that users stay where they are; None: nobody is kept.
    """

    permille: int
    mirror: int = 0
    cookies: Cookies | None = None
