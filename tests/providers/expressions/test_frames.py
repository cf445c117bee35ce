"""What goes between the two processes is a length and JSON; anything else ends the talk."""

from __future__ import annotations

import asyncio
import io

import pytest

from crossfade.providers.expressions.frames import (
    BrokenFrameError,
    packed,
    read_question,
    read_reply,
    reply,
)


def test_a_question_arrives_with_its_payload() -> None:
    stream = io.BytesIO(packed({"do": "check"}, b"\x00\xff") + packed({"do": "path"}))
    assert read_question(stream) == ({"do": "check"}, b"\x00\xff")
    assert read_question(stream) == ({"do": "path"}, b"")
    assert read_question(stream) is None


@pytest.mark.parametrize("cut", range(0, 20, 3))
def test_a_question_that_breaks_off_is_the_end(cut: int) -> None:
    assert read_question(io.BytesIO(packed({"do": "check"}, b"abc")[:cut])) is None


async def read(data: bytes) -> object:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    stream.feed_eof()
    return await read_reply(stream)


async def test_a_reply_arrives() -> None:
    assert await read(reply({"value": True})) == {"value": True}


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x02no",
        b"\xff\xff\xff\xff",
        b"\x00\x02\x00\x01" + b" " * 131073,
        b"\x00\x00\x27\x10" + b"[" * 10000,
    ],
)
async def test_a_reply_that_is_no_object_or_too_long_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenFrameError):
        await read(data)


async def test_a_reply_that_breaks_off_is_the_end() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await read(reply({"value": True})[:-1])
