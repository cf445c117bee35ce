"""What follows from an error of CloudWatch's: to ask again later, or to change something, and what.

Source: its API reference, of errors that all actions have in common, and the JSON protocol (`__type`; its names end in `Exception`, those of the
older protocol do not).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from crossfade.providers.body import UnreadableError
from crossfade.providers.fetch import Answer, Request
from crossfade.providers.outcome import Refused, SourceError

_THROTTLED: Final = frozenset(
    {
        "Throttling",
        "Throttled",
        "RequestThrottled",
        "RequestLimitExceeded",
        "LimitExceeded",
        "TooManyRequests",
        "SlowDown",
    }
)
_AGAIN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ExpiredToken": "the session token has expired: write new keys into the Secret",
        "InternalFailure": "it failed itself",
        "InternalServer": "it failed itself",
        "InternalService": "it failed itself",
        "ServiceUnavailable": "it failed itself",
    }
)
POLICY: Final = "the keys may not ask: allow cloudwatch:GetMetricData to whom they belong"
_UNKNOWN: Final = (
    "the access key id or the session token is not known there: look at the Secret, and at the region"
)
_SIGNATURE: Final = "the signature is not good: look at the secret access key in the Secret, at the region, and at the operator's clock"
_KEYS: Final = "the keys are not good or may not ask: look at the Secret, at the region, and at who may do cloudwatch:GetMetricData"
_ACCESS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AccessDenied": POLICY,
        "NotAuthorized": POLICY,
        "OptInRequired": POLICY,
        "UnrecognizedClient": _UNKNOWN,
        "InvalidClientTokenId": _UNKNOWN,
        "MissingAuthenticationToken": _UNKNOWN,
        "InvalidSignature": _SIGNATURE,
        "SignatureDoesNotMatch": _SIGNATURE,
        "IncompleteSignature": _SIGNATURE,
        "RequestExpired": _SIGNATURE,
    }
)


def failure_of(answer: Answer, request: Request) -> SourceError | Refused:
    """What follows from a status other than 200, by the name of the error."""
    origin = request.place.origin
    error, message = _error(answer)
    name = _name(error)
    told = request.told(f"{error}: {message}" if message else error)
    sentence = f"{origin} answers with {answer.status}{f' ({told})' if told else ''}"
    if name in _THROTTLED or answer.status == 429:
        return SourceError(
            f"{sentence}: it is asked too often; make the interval longer", answer.retry_after_s
        )
    if name in _AGAIN or answer.status >= 500:
        why = _AGAIN.get(name, "it failed itself")
        return SourceError(f"{sentence}: {why}", answer.retry_after_s)
    if name in _ACCESS or answer.status in (401, 403):
        return Refused(f"{sentence}: {_ACCESS.get(name, _KEYS)}")
    if name and answer.status == 400:
        return Refused(f"{sentence}: look at the metrics, the expression and the period")
    return SourceError(f"{sentence}: is the URL that of CloudWatch?", answer.retry_after_s)


def _error(answer: Answer) -> tuple[str, str]:
    """The name of an error and what it says, "" where it is none of CloudWatch's."""
    try:
        document = answer.document()
    except UnreadableError:
        return "", ""
    match document:
        case {"__type": str() as error}:
            message = document.get("message", document.get("Message", ""))
            return error.rpartition("#")[2].partition(":")[0], message if isinstance(message, str) else ""
    return "", ""


def _name(error: str) -> str:
    """Without its end: the protocols call the same error ThrottlingException and Throttling."""
    return error.removesuffix("Exception").removesuffix("Error")
