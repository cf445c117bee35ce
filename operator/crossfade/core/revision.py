"""What names a revision: a hash of the pod template as submitted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

HASH_LENGTH = 10


def revision_of(template: Mapping[str, Any]) -> str:
    """The name of the revision that `template` is: 10 hexadecimal digits.

    Equal for templates that differ only in the order of keys or in nulls. Over what was submitted, never over
    what a server or a client library made of it, so that no upgrade of either redeploys anything. Empty
    objects and lists count: `emptyDir: {}` means something.
    """
    text = json.dumps(_without_nulls(template), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(v) for v in value]
    return value
