"""What changed from one pod template to another."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from crossfade.view.attempts import Attempt
from crossfade.view.yaml_text import yaml_of

Object = Mapping[str, Any]


def difference(before: Object, after: Object, before_name: str, after_name: str) -> tuple[str, ...]:
    """Give the lines of a unified diff of two templates as YAML, keys in one order; none where they are equal."""
    old, new = yaml_of(before).splitlines(), yaml_of(after).splitlines()
    return tuple(difflib.unified_diff(old, new, before_name, after_name, lineterm=""))


def title(attempt: Attempt) -> str:
    """Name a release in the head of a diff. Example: `shop release 2 (revision 7c9f4b8d51, RolledBack)`."""
    outcome = attempt.outcome or "under way"
    return f"{attempt.rollout} release {attempt.number} (revision {attempt.revision}, {outcome})"
