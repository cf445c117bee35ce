"""Reads the spec of a stored RolloutPolicy, the same way for the operator and for the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.strict import InvalidObjectError, parse_strict

UNKNOWN: Final = "this version of crossfade does not know that field"


def stored_spec(stored: Mapping[str, Any] | None) -> tuple[RolloutPolicySpec | None, str]:
    """The spec, and "": or None, and why it cannot be read, with its place.

    The API server has checked it, so it is a field that a newer version has brought, also deep inside: a rule that is not
    understood must hold, and not be passed.
    """
    try:
        return parse_strict(RolloutPolicySpec, stored or {}), ""
    except InvalidObjectError as error:
        first = error.problems[0]
        return None, f"spec.{f'{first.path}: {UNKNOWN}' if first.is_unknown else first}"
