"""What must never be read anywhere but in the request that needs it: it shows itself as stars, and is taken out of others' texts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

STARS: Final = "***"
SHORTEST: Final = 4
"""Characters of a secret that are looked for in texts: shorter ones are in every text."""

_UNSENDABLE: Final = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class Secret:
    """A text that no repr, message or log shows. `reveal` is for the request alone."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        return self._text

    def __str__(self) -> str:
        return STARS

    @property
    def sendable(self) -> bool:
        """Whether it can stand in a header: no line ends, nothing but ASCII."""
        return not _UNSENDABLE.search(self._text)


@dataclass(frozen=True)
class Basic:
    """A user and a password, sent as RFC 7617 says."""

    user: str = field(repr=False)
    password: Secret

    def header(self) -> Secret:
        pair = f"{self.user}:{self.password.reveal()}".encode()
        return Secret(f"Basic {base64.b64encode(pair).decode()}")


@dataclass(frozen=True)
class Bearer:
    """A token, sent as RFC 6750 says; a line end after it, as files have one, is left out."""

    token: Secret

    def header(self) -> Secret:
        return Secret(f"Bearer {self.token.reveal().strip()}")


Credentials = Basic | Bearer


def hidden_of(credentials: Credentials | None) -> tuple[Secret, ...]:
    """What of them must not be shown."""
    match credentials:
        case Basic(_, password):
            return (credentials.header(), password)
        case Bearer(token):
            return (credentials.header(), token)
        case None:
            return ()


def scrubbed(text: str, hidden: Iterable[Secret]) -> str:
    """The text without any of the secrets, nor the last word of one (`Bearer x` hides x too)."""
    words = {part for each in hidden for part in _parts(each.reveal()) if len(part) >= SHORTEST}
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, STARS)
    return text


def _parts(secret: str) -> tuple[str, ...]:
    whole = secret.strip()
    return (whole, whole.rpartition(" ")[2])
