"""What a JSONPath finds in an answer, by the other process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from crossfade.providers.expressions.process import Evaluator
from crossfade.providers.outcome import Refused, SourceError

LONGEST: Final = 512
"""Characters of a path."""


@dataclass(frozen=True)
class Found:
    """The values, see `jsonpath.Paths.find`, and whether several are meant, however many there are."""

    values: tuple[Any, ...]
    several: bool = False


class Paths:
    """Compiles and follows paths."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    async def refusal(self, path: str) -> Refused | SourceError | None:
        """Say why it is no path, for when a template is seen; None where it is one."""
        if why := _unaskable(path):
            return Refused(why)
        reply = await self._ask({"do": "path", "path": path}, path, b"")
        return reply if isinstance(reply, Refused | SourceError) else None

    async def find(self, path: str, document: bytes) -> Found | Refused | SourceError:
        """What it leads to. A SourceError's sentence begins with what the document does."""
        if why := _unaskable(path):
            return Refused(why)
        found = await self._ask({"do": "find", "path": path}, path, document)
        match found:
            case Refused() | SourceError():
                return found
            case [bool() as several, [*values]]:
                return Found(tuple(values), several)
        return SourceError("cannot be read by the process that follows paths")

    async def _ask(self, question: dict[str, str], path: str, document: bytes) -> Any:
        reply = await self._evaluator.ask(question, path, document)
        match reply:
            case Refused(why):
                return Refused(f"the path {why}")
            case SourceError():
                return reply
            case {"value": value}:
                return value
            case {"refused": str() as why}:
                return Refused(f"the path {why}")
            case {"unreadable": str() as why}:
                return SourceError(why)
        return SourceError("cannot be read by the process that follows paths")


def _unaskable(path: str) -> str:
    return "" if path and len(path) <= LONGEST else f"a path has between 1 and {LONGEST} characters"
