"""A gate that somebody else keeps: a webhook that is sent what is at stake, signed, and answers yes, no, or not yet.

| answer | means |
|---|---|
| 204, or 200 with `{"answer": "yes"}` | yes |
| 409, or 200 with `{"answer": "no"}` | no |
| 202, or 200 with `{"answer": "notYet"}` | not yet; `Retry-After` in seconds is heeded |
| anything else | an error of the source: neither yes nor no |

A 200 without one of these words is an error too: a login page or a proxy answers so. `message` beside `answer` is shown to people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from crossfade.providers.body import UnreadableError
from crossfade.providers.fetch import USUAL, Answer, Fetch, Limits, Request
from crossfade.providers.outcome import Refused, SourceError
from crossfade.providers.place import Place
from crossfade.providers.said import shortened
from crossfade.providers.secret import Secret
from crossfade.providers.signature import signed


@dataclass(frozen=True)
class Yes:
    message: str = ""


@dataclass(frozen=True)
class No:
    message: str = ""


@dataclass(frozen=True)
class NotYet:
    """`after_s`: when it wants to be asked again; None where it does not say."""

    message: str = ""
    after_s: float | None = None


Decision = Yes | No | NotYet


@dataclass(frozen=True)
class Webhook:
    """Whom to ask. `key`: the Secret's bytes."""

    url: str
    key: bytes = field(repr=False)
    limits: Limits = USUAL

    async def ask(
        self, fetch: Fetch, question: Mapping[str, Any], message_id: str, at_s: int
    ) -> Decision | SourceError | Refused:
        """Ask once. `message_id`: the same for the same question, however often it is asked; `at_s`: now, since 1970."""
        place = fetch.place(self.url)
        if isinstance(place, Refused):
            return place
        body = json.dumps(question, separators=(",", ":")).encode()
        headers = signed(self.key, message_id, at_s, body)
        if isinstance(headers, Refused):
            return headers
        headers |= {"Content-Type": Secret("application/json"), "Accept": Secret("application/json")}
        answer = await fetch(Request(place, "POST", headers, body, self.limits))
        return decision(answer, place) if isinstance(answer, Answer) else answer


def decision(answer: Answer, place: Place) -> Decision | SourceError:
    """What an answer means; see the table above."""
    match answer.status:
        case HTTPStatus.NO_CONTENT:
            return Yes()
        case HTTPStatus.OK:
            return _worded(answer, place)
        case HTTPStatus.ACCEPTED:
            return NotYet(_message(answer), answer.retry_after_s)
        case HTTPStatus.CONFLICT:
            return No(_message(answer))
    return SourceError(
        f"{place.origin} answers with {answer.status}, which is neither yes (204), no (409) nor not yet (202)",
        answer.retry_after_s,
    )


def _worded(answer: Answer, place: Place) -> Decision | SourceError:
    message = _message(answer)
    match _document(answer):
        case {"answer": "yes"}:
            return Yes(message)
        case {"answer": "no"}:
            return No(message)
        case {"answer": "notYet"}:
            return NotYet(message, answer.retry_after_s)
    return SourceError(
        f'{place.origin} answers with 200 and without {{"answer": "yes"}}, "no" or "notYet", so nothing is decided: '
        "let it answer so, or with 204, 409 or 202"
    )


def _message(answer: Answer) -> str:
    match _document(answer):
        case {"message": str() as text}:
            return shortened(text)
    return ""


def _document(answer: Answer) -> Any:
    try:
        return answer.document()
    except UnreadableError:
        return None
