"""Bodies of answers, taken in under a limit: a bomb is let go before it has grown, and JSON is not read deeper than it may be."""

from __future__ import annotations

import json
import zlib
from typing import Any, Final

LONGEST: Final = 1024 * 1024
DEEPEST: Final = 64
"""Levels of lists and objects in a JSON document; Prometheus's answers have 6."""

_GZIP: Final = 16 + zlib.MAX_WBITS


class UnreadableError(Exception):
    """What came cannot be taken in; its text says why, as the end of a sentence."""


class Intake:
    """Takes a body part by part, and unpacks it. Holds `limit` bytes and one part at most, whatever comes."""

    def __init__(self, encoding: str, limit: int = LONGEST) -> None:
        self._limit = limit
        self._unpack = _unpacking(encoding.strip().lower())
        self._body = bytearray()
        self._came = 0

    def add(self, part: bytes) -> None:
        """Take the next part. Raises UnreadableError where that is too much, or no such packing."""
        self._came += len(part)
        room = self._limit - len(self._body)
        if self._unpack is None:
            unpacked = part
        elif self._unpack.eof:
            raise UnreadableError("sends more behind the end of what it has packed")
        else:
            unpacked = self._unpacked(self._unpack, part, room + 1)
        if self._came > self._limit or len(unpacked) > room:
            raise UnreadableError(f"sends more than {size(self._limit)}: ask for less, or for one number")
        self._body += unpacked

    def whole(self) -> bytes:
        """All of it. Raises UnreadableError where the end is missing."""
        if self._unpack is not None and self._came and not self._unpack.eof:
            raise UnreadableError("sends a packed answer that breaks off")
        return bytes(self._body)

    @staticmethod
    def _unpacked(unpack: zlib._Decompress, part: bytes, most: int) -> bytes:
        try:
            return unpack.decompress(part, most)
        except zlib.error:
            raise UnreadableError("sends what is not packed as it says") from None


def _unpacking(encoding: str) -> zlib._Decompress | None:
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "x-gzip"):
        raise UnreadableError("sends an answer packed in a way that nobody asked for")
    return zlib.decompressobj(_GZIP)


def size(count: int) -> str:
    """Bytes, as people say them."""
    return f"{count // 1024 // 1024} MiB" if count % (1024 * 1024) == 0 else f"{count} bytes"


def json_of(body: bytes, deepest: int = DEEPEST) -> Any:
    """Read a JSON document; NaN and Infinity as numbers, as many write them. Raises UnreadableError."""
    try:
        document = json.loads(body)
    except RecursionError:
        raise UnreadableError(_too_deep(deepest)) from None
    except ValueError:  # UnicodeDecodeError and JSONDecodeError are; so is a number of 5,000 digits
        raise UnreadableError("sends what is no JSON, or breaks off in it") from None
    if _is_deeper(document, deepest):
        raise UnreadableError(_too_deep(deepest))
    return document


def _is_deeper(document: Any, deepest: int) -> bool:
    level = [document] if isinstance(document, list | dict) else []
    for _ in range(deepest):
        level = [
            inside
            for each in level
            for inside in (each.values() if isinstance(each, dict) else each)
            if isinstance(inside, list | dict)
        ]
        if not level:
            return False
    return True


def _too_deep(deepest: int) -> str:
    return f"sends JSON with more than {deepest} levels: ask for less of it"
