"""Which namespaces this process works in: one, or all but those that have an operator of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_PATTERN: Final = re.compile(r"[a-z0-9][-a-z0-9]{0,62}\*?")


@dataclass(frozen=True)
class Scope:
    """`namespace`: the only one, None for all; `skipped`: names that are left alone, `*` at the end for any rest."""

    namespace: str | None = None
    skipped: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.namespace is not None:
            return f"the namespace {self.namespace}"
        return "all namespaces" + (f" but {', '.join(self.skipped)}" if self.skipped else "")

    def covers(self, namespace: str) -> bool:
        """Whether what is in a namespace is this process's concern; what belongs to the cluster always is."""
        if self.namespace is not None:
            return namespace in {"", self.namespace}
        return not any(_matches(pattern, namespace) for pattern in self.skipped)


EVERYWHERE: Final = Scope()


def skipped(text: str) -> tuple[str, ...]:
    """Read `--skip-namespaces`: names with commas between. ValueError says what is wrong with one."""
    patterns = tuple(part.strip() for part in text.split(",") if part.strip())
    wrong = _not_names(patterns)
    if wrong:
        raise ValueError(
            f"{wrong[0]!r} is no name of a namespace: write lower case letters, digits and '-',"
            " and a '*' at the end for every name that begins so"
        )
    return patterns


def _not_names(patterns: Sequence[str]) -> list[str]:
    return [pattern for pattern in patterns if not _PATTERN.fullmatch(pattern)]


def _matches(pattern: str, namespace: str) -> bool:
    if pattern.endswith("*"):
        return namespace.startswith(pattern[:-1])
    return namespace == pattern
