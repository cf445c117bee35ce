"""The proxy's log: each request with what the server really answered, and what the asker was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus

from faults.asked import Asked


@dataclass(frozen=True)
class Record:
    """One request. `status` is the server's answer, 0 where it was never reached or did not answer.

    `at_s` and `answered_s` are monotonic seconds of this machine; `fault` is the fault that struck it, "" for none.
    """

    asked: Asked
    status: int
    fault: str
    at_s: float
    answered_s: float

    @property
    def accepted(self) -> bool:
        """Whether the server carried it out."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def __str__(self) -> str:
        told = f" [{self.fault}]" if self.fault else ""
        by = f" by {self.asked.manager}" if self.asked.manager else ""
        return f"{self.at_s:.3f} +{(self.answered_s - self.at_s) * 1000:.0f}ms {self.status} {self.asked}{by}{told}"


def made(records: Iterable[Record]) -> Counter[tuple[str, str]]:
    """Accepted creates and deletes by verb and kind: what must not be doubled by any fault.

    A delete whose answer was lost is asked again, by the HTTP client itself: it is bound to the UID of what is being
    deleted already, and counts once.
    """
    counted: Counter[tuple[str, str]] = Counter()
    unheard: set[str] = set()
    for each in records:
        asked = each.asked
        if not each.accepted or not asked.is_write or asked.verb not in {"create", "delete"}:
            continue
        again = asked.verb == "delete" and str(asked) in unheard
        counted[asked.verb, asked.kind] += not again
        unheard.discard(str(asked))
        if each.fault == "CutReply":
            unheard.add(str(asked))
    return counted


def by_verb(records: Iterable[Record]) -> Counter[tuple[str, str]]:
    """Accepted writes by verb and kind, with the subresource after the kind."""
    return Counter(
        (each.asked.verb, "/".join(filter(None, (each.asked.kind, each.asked.subresource))))
        for each in records
        if each.accepted and each.asked.is_write
    )
