"""RolloutPolicies in files: parsed as strictly as the API server does, with all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crossfade.api.policy import RolloutPolicy
from crossfade.api.strict import InvalidObjectError, parse_strict
from crossfade.cli.errors import CommandError
from crossfade.core.policy.window_problems import problems

Raw = dict[str, Any]


def checked(policies: Iterable[tuple[str, Raw]]) -> list[Raw]:
    """Give the policies as they are written; raises CommandError with all that is wrong in any of them."""
    found = list(policies)
    wrong = [problem for name, each in found for problem in _problems(name, each)]
    if wrong:
        raise CommandError("\n".join(wrong))
    return [each for _, each in found]


def _problems(name: str, policy: Raw) -> list[str]:
    metadata = policy.get("metadata")
    called = metadata.get("name", "") if isinstance(metadata, dict) else ""
    where = f"{name}: RolloutPolicy '{called}'"
    try:
        parsed = parse_strict(RolloutPolicy, policy)
    except InvalidObjectError as error:
        return [f"{where}: {problem}" for problem in error.problems]
    windows = parsed.spec.windows
    return [f"{where}: window {each.name}: {told}" for each in windows for told in problems(each)]
