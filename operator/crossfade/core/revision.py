"""What names a revision: a hash of the pod template as submitted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

HASH_LENGTH = 10


def revision_of(template: Mapping[str, Any]) -> str:
    """The name of the revision that `template` is: 10 hexadecimal digits.

    Equal for templates that differ only in the order of keys, in nulls, or in labels, annotations or metadata that
    are empty: their pods are the same. Over what was submitted, never over what a server or a client library made of
    it, so that no upgrade of either redeploys anything. Other empty objects and lists count: `emptyDir: {}` means
    something.
    """
    return named(without_nulls(template))


def named(plain: dict[str, Any]) -> str:
    """The same of a template that has no nulls: a pass asks for it many times."""
    return _hashed(_lean(plain))


def without_nulls(template: Mapping[str, Any]) -> dict[str, Any]:
    """The template less its nulls: they are no part of the revision, so they must not reach its pods."""
    return {key: _dropped(value) for key, value in template.items() if value is not None}


def _dropped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_nulls(value)
    return [_dropped(each) for each in value] if isinstance(value, list | tuple) else value


def _lean(template: dict[str, Any]) -> dict[str, Any]:
    """The template less metadata that says nothing."""
    meta = template.get("metadata")
    if not isinstance(meta, Mapping):
        return template
    telling = {key: value for key, value in meta.items() if value or key not in {"labels", "annotations"}}
    rest = {key: value for key, value in template.items() if key != "metadata"}
    return {**rest, "metadata": telling} if telling else rest


def _hashed(template: dict[str, Any]) -> str:
    text = json.dumps(template, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH]
