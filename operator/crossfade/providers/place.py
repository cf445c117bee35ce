"""A URL, read once and strictly, so that what is checked is what is asked: no second reader, no second meaning."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, urlsplit

from crossfade.providers.address import Address
from crossfade.providers.outcome import Refused

LONGEST: Final = 2048
PORTS: Final = {"http": 80, "https": 443}

_HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_LIKE_A_NUMBER: Final = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_PLAIN: Final = re.compile(r"[\x21-\x7e]*")
_TURNING: Final = re.compile(r"(?:^|/)\.{1,2}(?:/|$)|//|\\|%(?:2e|2f|5c|00)", re.IGNORECASE)
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Place:
    """Where to ask. Path and query are as written, and shown nowhere: tokens stand there too."""

    scheme: str
    host: str
    port: int
    path: str = field(default="/", repr=False)
    query: str = field(default="", repr=False)

    @property
    def origin(self) -> str:
        """Scheme, host and port: what messages say of it. The scheme's own port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port != PORTS[self.scheme] else "")

    @property
    def address(self) -> Address | None:
        """The host, where it is an address and no name."""
        return address_of(self.host)


def address_of(host: str) -> Address | None:
    """Read an address as it is written in full; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def place_of(url: str) -> Place | Refused:
    """Read a URL, or say what is wrong with it, without any of it that may be a secret."""
    if len(url) > LONGEST or not _PLAIN.fullmatch(url):
        return Refused(
            f"a URL has at most {LONGEST} characters, all of them ASCII, and no spaces: escape others"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return Refused("the URL cannot be read: write http://host:port/path")
    if why := _wrong(parts):
        return Refused(why)
    host = _host(parts)
    if not host:
        return Refused(
            "the URL's host is neither a name nor an address in full: write it as letters, or as 10.0.0.1"
        )
    return Place(parts.scheme, host, port or PORTS[parts.scheme], parts.path or "/", parts.query)


def _wrong(parts: SplitResult) -> str:
    if parts.scheme not in PORTS:
        return "the URL begins with neither http:// nor https://: only these are asked"
    if "@" in parts.netloc:
        return "the URL has a user or a password in it: name a Secret for them, and take them out of the URL"
    if parts.fragment:
        return "the URL has a # in it: what follows is sent nowhere; take it out"
    if _TURNING.search(parts.path) or _BROKEN_ESCAPE.search(parts.path + parts.query):
        return "the URL's path has parts that lead elsewhere (.., //, an escaped / or .): write the path that is meant"
    return ""


def _host(parts: SplitResult) -> str:
    """The host in the one form that it is compared and connected to in; "" where it is none."""
    written = (parts.hostname or "").rstrip(".")
    address = address_of(written)
    if address is not None:
        return "" if "%" in written else str(address)
    if len(written) > 253 or _LIKE_A_NUMBER.fullmatch(written):
        return ""  # 127.1, 0x7f000001: some read an address where others read a name
    return written if _HOST.fullmatch(written) else ""
