"""Failures in words: what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
from http import HTTPStatus

from crossfade.cli.exit_codes import ExitCode
from crossfade.wire.errors import ApiError

INSTALL = "kubectl apply --server-side -k manifests/"


class CommandError(Exception):
    """Ends the command; the message is for the user, on one or more lines."""

    def __init__(self, message: str, code: ExitCode = ExitCode.ERROR) -> None:
        super().__init__(message)
        self.code = code


def explained(error: ApiError) -> str:
    """Say an answer of the API server with what to do about it."""
    if error.status == 0:
        return error.message
    if error.status == HTTPStatus.UNAUTHORIZED:
        return (
            f"The API server does not know you ({error.message}). Log in again, or choose another --context."
        )
    if error.status == HTTPStatus.FORBIDDEN:
        return (
            f"You may not do this: {error.message}. Ask an admin of the cluster for that verb on that resource in a "
            "Role; `kubectl auth can-i --list` shows what you have."
        )
    if error.not_found and "namespaces" not in error.message:
        return (
            "The cluster does not know the kinds of crossfade.dev/v1alpha1: Crossfade is not installed there. "
            f"Install it with `{INSTALL}`, or choose another --context."
        )
    if error.not_found:
        return f"{error.message}. Choose one that exists with -n."
    return f"The API server refused it: {error.message}"


def no_such_rollout(name: str, namespace: str, names: list[str]) -> str:
    """Say that a Rollout does not exist, and which ones do."""
    if not names:
        return (
            f"There is no Rollout '{name}' in namespace '{namespace}', nor any other. "
            "Choose another namespace with -n; `crossfade list -A` shows all."
        )
    close = difflib.get_close_matches(name, names, n=1)
    hint = f" Did you mean '{close[0]}'?" if close else ""
    return f"There is no Rollout '{name}' in namespace '{namespace}'.{hint} There are: {', '.join(sorted(names))}."
