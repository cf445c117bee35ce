"""What goes wrong, and for which requests. A new fault is one class here and one branch in `proxy`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Event

from faults.asked import Asked

REASONS = {
    403: "Forbidden",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
}


@dataclass(frozen=True)
class Drop:
    """The request never reaches the server: the connection ends without an answer."""


@dataclass(frozen=True)
class CutReply:
    """The server carries the request out; the connection ends after so many bytes of its answer's body.

    With 0 nothing arrives at all, not even a status line.
    """

    body_bytes: int = 0


@dataclass(frozen=True)
class Refuse:
    """The server answers with an error at once and carries nothing out."""

    status: int
    retry_after_s: int | None = None


@dataclass(frozen=True)
class Delay:
    """The request reaches the server only after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Hold:
    """The request reaches the server only once the event is set."""

    let_go: Event


@dataclass(frozen=True)
class Expire:
    """A watch begins with ERROR 410: what it wants to go on from is forgotten."""


@dataclass(frozen=True)
class Then:
    """The server carries the request out, then `happens` is called: how the asker is killed or frozen.

    Its answer is lost, or with `answers` sent afterwards.
    """

    happens: Callable[[], None]
    answers: bool = False


Fault = Drop | CutReply | Refuse | Delay | Hold | Expire | Then


@dataclass(frozen=True)
class Where:
    """Which requests: None means any. `verb` "write" means every one; `name` is a shell pattern (`shop*`).

    A dry run fits no verb: it is no create, though it is asked for like one.
    """

    verb: str | None = None
    kind: str | None = None
    name: str | None = None
    subresource: str | None = None

    def fits(self, asked: Asked) -> bool:
        asked_for = asked.is_write if self.verb == "write" else self.verb == asked.verb and not asked.dry_run
        return (
            (self.verb is None or asked_for)
            and self.kind in {None, asked.kind}
            and self.subresource in {None, asked.subresource}
            and (self.name is None or fnmatchcase(asked.name, self.name))
        )


@dataclass
class Rule:
    """A fault for the requests of `where`: the first `after` pass, the next `times` are struck (None: all)."""

    fault: Fault
    where: Where
    after: int = 0
    times: int | None = 1
    seen: int = 0

    def strikes(self, asked: Asked) -> bool:
        """Count the request, and tell whether it is struck."""
        if not self.where.fits(asked):
            return False
        self.seen += 1
        return self.after < self.seen and (self.times is None or self.seen <= self.after + self.times)

    @property
    def struck(self) -> int:
        """How many requests were struck so far."""
        past = max(0, self.seen - self.after)
        return past if self.times is None else min(past, self.times)
