"""Why there is no answer, in our own words: those of the libraries may have the URL in them, and so a secret."""

from __future__ import annotations

import os
import ssl
from typing import Final, TypeVar

import aiohttp

from crossfade.providers.outcome import Refused, SourceError
from crossfade.providers.resolve import ForbiddenAddressError

DEEPEST: Final = 8
Found = TypeVar("Found", bound=BaseException)


def no_answer(error: Exception, origin: str, within_s: float) -> SourceError | Refused:
    """Turn what was raised while asking into a sentence."""
    forbidden = _cause(error, ForbiddenAddressError)
    if forbidden is not None:
        return Refused(f"{origin}: {forbidden}")
    return SourceError(f"{origin} {_why(error, within_s)}")


def _why(error: Exception, within_s: float) -> str:
    match error:
        case TimeoutError():
            return f"has not answered within {within_s:g} s: ask for something that takes less, or give it more time"
        case aiohttp.ClientConnectorDNSError():
            return "has a name that cannot be looked up: is it written right, with its namespace?"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return f"cannot be trusted: {_distrust(error)}"
        case aiohttp.ClientConnectorError():
            return f"cannot be reached ({_reason(error.os_error)}): does it run, and is the port right?"
        case aiohttp.ServerDisconnectedError():
            return "closed the connection before it answered"
        case aiohttp.ClientPayloadError():
            return "broke off in the middle of its answer"
        case aiohttp.ClientResponseError() | aiohttp.InvalidURL():
            return "does not speak HTTP as it should: is the port right?"
        case _:
            return "closed the connection in the middle"


def _reason(error: OSError) -> str:
    """The system's own word for it: asyncio puts the address there."""
    return os.strerror(error.errno) if error.errno else "no connection"


def _distrust(error: Exception) -> str:
    cause = _cause(error, ssl.SSLCertVerificationError)
    if cause is None:
        return "it does not speak TLS as it should; is http:// meant?"
    return f"its certificate is not good ({cause.verify_message}); give the operator the authority that signed it"


def _cause(error: BaseException | None, kind: type[Found]) -> Found | None:
    """The error of that kind behind another: aiohttp keeps it as an attribute, or raises from it."""
    for _ in range(DEEPEST):
        if error is None or isinstance(error, kind):
            return error
        error = (
            getattr(error, "os_error", None) or getattr(error, "certificate_error", None) or error.__cause__
        )
    return None
