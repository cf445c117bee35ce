"""What an API server refuses, as one kind of error."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from crossfade.api.parsing import parsed


@dataclass(frozen=True)
class Cause:
    """One part of a refusal: the word for it, the field it speaks of, and the sentence."""

    reason: str
    field: str
    message: str


class ApiError(Exception):
    """The API server said no, or could not be reached (`status` 0).

    `reason` is the server's CamelCase word (NotFound, Conflict, AlreadyExists, Invalid, Forbidden …), or
    `Unreachable`, or `NoCluster` where no kubeconfig names one; `message` is a whole sentence for people.
    """

    def __init__(self, status: int, reason: str, message: str, causes: tuple[Cause, ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes

    @property
    def not_found(self) -> bool:
        """There is no such object."""
        return self.status == HTTPStatus.NOT_FOUND

    @property
    def conflict(self) -> bool:
        """What was seen is not what is stored: look again."""
        return self.status == HTTPStatus.CONFLICT and self.reason != "AlreadyExists"

    @property
    def already_exists(self) -> bool:
        """A create found an object of that name."""
        return self.status == HTTPStatus.CONFLICT and self.reason == "AlreadyExists"

    @property
    def invalid(self) -> bool:
        """The server will say no again until the object changes."""
        return self.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}

    @property
    def unsure(self) -> bool:
        """Whether the request may have been carried out all the same: there was no answer, or one of a server in trouble."""
        return self.status == 0 or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def passing(self) -> bool:
        """The server is overloaded, starting, or out of reach: the same request may succeed in a moment."""
        return self.unsure or self.status == HTTPStatus.TOO_MANY_REQUESTS

    @property
    def namespace_terminating(self) -> bool:
        """The namespace is being deleted: nothing new can be made in it."""
        return any(cause.reason == "NamespaceTerminating" for cause in self.causes)

    @property
    def version_too_large(self) -> bool:
        """The server has never come to the resource version that was asked for: that lies in a future that it lacks."""
        return any(cause.reason == "ResourceVersionTooLarge" for cause in self.causes)


def refusal(status: int, text: bytes) -> ApiError:
    """Read a `Status` object, plain or in a watch's line; any other body (a proxy's page) is shown cut short."""
    try:
        said = parsed(text)
        said = said.get("object", said)
        details = said.get("details") or {}
        causes = tuple(
            Cause(cause.get("reason", ""), cause.get("field", ""), cause.get("message", ""))
            for cause in details.get("causes") or ()
        )
        reason, message = said.get("reason", ""), said.get("message", "")
    except (ValueError, AttributeError):
        reason, message, causes, details = "", text[:500].decode(errors="replace"), (), None
    unsaid = status == HTTPStatus.UNPROCESSABLE_ENTITY and details == {}
    if unsaid or any("test failed" in cause.message for cause in causes):
        # A JSON Patch that does not fit what is stored, by a `test` or by its paths, is answered 422, which elsewhere means
        # an object that can never be stored; that says which object and why, and this (seen on 1.36) says nothing.
        return ApiError(HTTPStatus.CONFLICT, "Conflict", message, causes)
    return ApiError(status, reason or HTTPStatus(status).phrase, message or f"HTTP {status}", causes)
