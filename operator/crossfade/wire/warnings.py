"""What an API server says beside its answer: the `Warning` headers."""

from __future__ import annotations

import re
from typing import Final

_WARNING: Final = re.compile(r'\d{3} [^ ,]+ "((?:[^"\\]|\\.)*)"')


def warnings_of(headers: str) -> tuple[str, ...]:
    """Read the texts of one or more `Warning` headers, joined by commas: `299 - "first", 299 - "second"` (RFC 7234, 5.5)."""
    return tuple(re.sub(r"\\(.)", r"\1", each) for each in _WARNING.findall(headers))
