"""What goes between the two processes: a length of 4 bytes, then so many bytes. A message is a frame of JSON and one of plain bytes."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Mapping
from typing import Any, BinaryIO, Final

LONGEST_QUESTION: Final = 2 * 1024 * 1024
LONGEST_REPLY: Final = 128 * 1024
"""Bytes that the operator takes from the other process at most: it may be in the hands of an expression."""

_LENGTH: Final = struct.Struct(">I")

Message = Mapping[str, Any]


class BrokenFrameError(Exception):
    """What came is no frame, or one that is too long, or no JSON object."""


def packed(message: Message, payload: bytes = b"") -> bytes:
    """A question as bytes."""
    head = json.dumps(message).encode()
    return _LENGTH.pack(len(head)) + head + _LENGTH.pack(len(payload)) + payload


def reply(message: Message) -> bytes:
    """A reply as bytes."""
    head = json.dumps(message).encode()
    return _LENGTH.pack(len(head)) + head


def read_question(stream: BinaryIO) -> tuple[Message, bytes] | None:
    """Read a question; None where the other side has gone."""
    head = _frame(stream)
    payload = _frame(stream) if head is not None else None
    return None if head is None or payload is None else (_object(head), payload)


async def read_reply(stream: asyncio.StreamReader) -> Message:
    """Read a reply. Raises BrokenFrameError, and IncompleteReadError where the other side has gone."""
    (length,) = _LENGTH.unpack(await stream.readexactly(_LENGTH.size))
    if length > LONGEST_REPLY:
        raise BrokenFrameError(f"a reply of {length} bytes")
    return _object(await stream.readexactly(length))


def _frame(stream: BinaryIO) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LONGEST_QUESTION:
        return None
    body = stream.read(length)
    return body if len(body) == length else None


def _object(head: bytes) -> Message:
    try:
        read = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise BrokenFrameError("no JSON") from error
    if not isinstance(read, dict):
        raise BrokenFrameError("no object")
    return read
