"""The one way out: every source is asked by this, within limits that no template can change.

Whom the operator allows, at addresses that were checked and then connected to, without redirects, cookies or proxies of the
environment, within one time for all of it, up to so many bytes, packed or not. What is wrong is told by the origin of the URL alone.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import aiohttp
from yarl import URL

from crossfade.providers.address import address_refusal
from crossfade.providers.allowed import AllowList
from crossfade.providers.body import LONGEST, Intake, UnreadableError, json_of
from crossfade.providers.failures import no_answer
from crossfade.providers.outcome import Refused, SourceError
from crossfade.providers.place import Place, place_of
from crossfade.providers.resolve import CheckedResolver, LookUp
from crossfade.providers.said import shortened
from crossfade.providers.secret import Secret, scrubbed

WITHIN_S: Final = 10.0
LONGEST_WITHIN_S: Final = 60.0
CHUNK: Final = 64 * 1024
LONGEST_SENT: Final = 256 * 1024
CONNECTIONS: Final = 64
CONNECTIONS_EACH: Final = 8
LONGEST_WAIT_S: Final = 3600.0
METHODS: Final = ("GET", "POST")

_OURS: Final = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        "upgrade",
        "te",
        "trailer",
    }
)


@dataclass(frozen=True)
class Limits:
    """What one request may take: seconds from looking up the name to the last byte, and bytes of its answer, unpacked."""

    within_s: float = WITHIN_S
    longest: int = LONGEST


USUAL: Final = Limits()


@dataclass(frozen=True)
class Request:
    """What to ask. Headers are secret, all of them: credentials stand there."""

    place: Place
    method: str = "GET"
    headers: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes = field(default=b"", repr=False)
    limits: Limits = USUAL
    hidden: tuple[Secret, ...] = ()

    def scrubbed(self, text: str) -> str:
        """A text that came back, without what was sent in secret."""
        return scrubbed(text, (*self.hidden, *self.headers.values()))

    def told(self, text: str) -> str:
        """The same, as a message can hold it: cut only then, so that no part of a secret is left."""
        return shortened(self.scrubbed(text))


@dataclass(frozen=True)
class Answer:
    """What came back, whole. `kind`: its media type in small letters, without parameters."""

    status: int
    kind: str
    body: bytes = field(repr=False)
    retry_after_s: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_html(self) -> bool:
        return "html" in self.kind or self.body[:64].lstrip().lower().startswith(
            (b"<!doctype html", b"<html")
        )

    def document(self) -> Any:
        """Its body as JSON. Raises UnreadableError."""
        if self.is_html:
            raise UnreadableError(
                "answers with a page for people: write the URL of its API, and see that no login stands before it"
            )
        return json_of(self.body)


class Fetch:
    """Asks. One for the process; used as `async with Fetch(allowed) as fetch: await fetch(request)`."""

    def __init__(
        self, allowed: AllowList, *, look_up: LookUp | None = None, trust: ssl.SSLContext | None = None
    ) -> None:
        self._allowed, self._look_up, self._trust = allowed, look_up, trust
        self._session: aiohttp.ClientSession | None = None
        self._resolver: CheckedResolver | None = None

    async def __aenter__(self) -> Self:
        self._resolver = CheckedResolver(self._look_up)
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,
            limit=CONNECTIONS,
            limit_per_host=CONNECTIONS_EACH,
            ssl=self._trust or True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            headers={"User-Agent": "crossfade", "Accept-Encoding": "gzip"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None and self._resolver is not None:
            await self._session.close()
            await self._resolver.close()

    def place(self, url: str) -> Place | Refused:
        """Read a URL, and say whether it may be asked: for when a template is seen."""
        place = place_of(url)
        return place if isinstance(place, Refused) else (self._refusal(place) or place)

    async def __call__(self, request: Request) -> Answer | SourceError | Refused:
        """Ask once. Never raises for what a source does, and never tells a secret."""
        refused = self._refusal(request.place) or _unsendable(request)
        if refused is not None:
            return refused
        try:
            async with asyncio.timeout(min(request.limits.within_s, LONGEST_WITHIN_S)):
                return await self._asked(request)
        except UnreadableError as error:
            return SourceError(f"{request.place.origin} {error}")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return no_answer(error, request.place.origin, request.limits.within_s)

    def _refusal(self, place: Place) -> Refused | None:
        if why := self._allowed.refusal(place):
            return Refused(why)
        if place.address and (why := address_refusal(place.address, named=False)):
            return Refused(
                f"{place.origin} is {why}, which is never asked, whatever the list of sources says"
            )
        return None

    async def _asked(self, request: Request) -> Answer | SourceError | Refused:
        if self._session is None:
            raise RuntimeError("asked outside of `async with`")
        headers = {name: secret.reveal() for name, secret in request.headers.items()}
        async with self._session.request(
            request.method,
            _url(request.place),
            headers=headers,
            data=request.body or None,
            allow_redirects=False,
        ) as answer:
            if 300 <= answer.status < 400:
                return _redirected(request.place, answer.status)
            return await _taken_in(answer, min(request.limits.longest, LONGEST))


async def _taken_in(answer: aiohttp.ClientResponse, longest: int) -> Answer:
    intake = Intake(answer.headers.get("Content-Encoding", ""), longest)
    async for part in answer.content.iter_chunked(CHUNK):
        intake.add(part)
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Answer(
        answer.status, kind, intake.whole(), wait_s(answer.headers.get("Retry-After", "")), answer.headers
    )


def _url(place: Place) -> URL:
    """The URL from the parts that were checked, untouched."""
    return URL.build(
        scheme=place.scheme,
        host=place.host,
        port=place.port,
        path=place.path,
        query_string=place.query,
        encoded=True,
    )


def _unsendable(request: Request) -> Refused | None:
    if request.method not in METHODS:
        return Refused(f"sources are asked by {' or '.join(METHODS)} alone")
    if len(request.body) > LONGEST_SENT:
        return Refused(f"what is sent has more than {LONGEST_SENT // 1024} KiB: send less")
    for name, secret in request.headers.items():
        if name.lower() in _OURS:
            return Refused(f"the header {name.title()} is written by the operator itself: leave it out")
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum() or not secret.sendable:
            return Refused(
                "a header's name or value has characters that no header may have (a line end?): look at the Secret"
            )
    return None


def _redirected(place: Place, status: int) -> Refused:
    return Refused(
        f"{place.origin} answers with {status} and sends elsewhere, which is not followed: write the URL that answers"
    )


def wait_s(retry_after: str) -> float | None:
    """What a source asked for in seconds; a date is not read: clocks differ."""
    return (
        min(float(retry_after), LONGEST_WAIT_S) if retry_after.isascii() and retry_after.isdecimal() else None
    )
