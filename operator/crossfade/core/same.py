"""Whether what is stored says what is wanted already: nothing is written that is so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def has(live: Any, wanted: Any) -> bool:
    """Whether everything `wanted` says is so in `live`, which may say more.

    The API server leaves out zeros (`minReadySeconds: 0` is stored as nothing).
    """
    if wanted == 0 and live is None:
        return True
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(has(live.get(k), v) for k, v in wanted.items())
    if isinstance(wanted, list):
        return isinstance(live, list) and all(any(has(item, w) for item in live) for w in wanted)
    return bool(live == wanted)
