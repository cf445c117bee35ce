"""The load client speaks enough HTTP/2 to tell how each request ended, also when the server takes no more."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import pytest

from bench import analysis
from bench.load import hpack, http2
from bench.load.connections import Target
from bench.load.http2 import (
    ACK,
    DATA,
    END_HEADERS,
    END_STREAM,
    GOAWAY,
    HEADERS,
    PING,
    RST_STREAM,
    SETTINGS,
    frame,
)
from bench.load.records import Recorder

OK = bytes([0x88])
PAGE = b'{"version": "v7", "pod": "shop-1"}'


@pytest.mark.parametrize(
    ("block", "status"),
    [
        (OK, "200"),
        (bytes([0x20]) + OK, "200"),
        (bytes([0x8E]), "500"),
        (bytes([0x08, 0x03]) + b"503", "503"),
        (bytes([0x48, 0x03]) + b"502", "502"),
        (bytes.fromhex("48826c02"), "502"),
        # RFC 7541, C.6.1: 302, as Huffman code.
        (bytes.fromhex("488264025885aec3771a4b"), "302"),
    ],
)
def test_the_status_is_read_whichever_way_it_is_written(block: bytes, status: str) -> None:
    assert hpack.status_of(block) == status


@pytest.mark.parametrize(
    ("count", "written"), [(5, "05"), (126, "7e"), (127, "7f00"), (128, "7f01"), (1337, "7fba09")]
)
def test_a_long_string_says_its_length_in_parts(count: int, written: str) -> None:
    assert hpack.length(count).hex() == written


def test_a_request_says_method_path_host_and_the_asked_headers() -> None:
    target = Target(("127.0.0.1", 1), "shop.example", "/cart", (("X-Group", "beta"),), 1.0)
    assert hpack.request_headers(target) == (
        b"\x82\x86\x04\x05/cart\x01\x0cshop.example\x00\x07x-group\x04beta"
    )


Respond = Callable[[int, asyncio.StreamWriter], Awaitable[None]]


async def records_of(
    respond: Respond,
    count: int = 1,
    timeout_s: float = 2.0,
    before: int = 0,
    after: int = 0,
    settings: bytes = b"",
) -> list[analysis.Record]:
    """What `count` requests at once on one line leave, where the server answers each stream by `respond`.

    So many as `before` and `after` are asked one by one.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readexactly(24)).startswith(b"PRI * HTTP/2.0")
        writer.write(frame(SETTINGS, 0, 0, settings) + frame(PING, 0, 0, bytes(8)))
        acknowledged = set()
        try:
            while True:
                head = await reader.readexactly(9)
                kind, flags, stream = struct.unpack(">BBI", head[3:])
                await reader.readexactly(int.from_bytes(head[:3]))
                if flags & ACK and kind in (SETTINGS, PING):
                    acknowledged.add(kind)
                if kind == HEADERS:
                    await respond(stream, writer)
        except asyncio.IncompleteReadError:
            assert acknowledged == {SETTINGS, PING}
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        line = http2.Line(Target(server.sockets[0].getsockname(), "shop", "/", (), timeout_s))
        recorder = Recorder()
        for _ in range(before):
            await http2.request(line, recorder)
        await asyncio.gather(*(http2.request(line, recorder) for _ in range(count)))
        for _ in range(after):
            await http2.request(line, recorder)
    return analysis.parse(recorder.records)


async def well(stream: int, writer: asyncio.StreamWriter) -> None:
    writer.write(frame(HEADERS, END_HEADERS, stream, OK) + frame(DATA, END_STREAM, stream, PAGE))


def outcomes(records: list[analysis.Record]) -> list[tuple[str, str, str]]:
    return [(record.kind, record.outcome, record.version) for record in records]


async def test_requests_at_once_on_one_connection_each_get_their_answer() -> None:
    assert outcomes(await records_of(well, count=5)) == [("h", "200", "v7")] * 5


async def test_an_error_of_the_proxy_is_told_by_its_status() -> None:
    async def unwell(stream: int, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(HEADERS, END_HEADERS | END_STREAM, stream, bytes([0x08, 0x03]) + b"502"))

    assert outcomes(await records_of(unwell)) == [("h", "502", "-")]


async def test_padding_and_parts_change_nothing() -> None:
    async def padded(stream: int, writer: asyncio.StreamWriter) -> None:
        flags = END_HEADERS | http2.PADDED | http2.PRIORITY
        writer.write(frame(HEADERS, flags, stream, bytes([2, 0, 0, 0, 0, 9]) + OK + bytes(2)))
        writer.write(frame(DATA, 0, stream, PAGE[:9]))
        writer.write(frame(DATA, END_STREAM | http2.PADDED, stream, bytes([1]) + PAGE[9:] + bytes(1)))

    assert outcomes(await records_of(padded)) == [("h", "200", "v7")]


async def test_no_more_is_asked_at_once_than_the_server_takes_and_what_timed_out_counts_no_more() -> None:
    asked = []

    async def only_the_first(stream: int, writer: asyncio.StreamWriter) -> None:
        asked.append(stream)
        if stream == 1:
            await well(stream, writer)

    limit = struct.pack(">HI", http2.MAX_CONCURRENT_STREAMS, 2)
    records = await records_of(only_the_first, count=5, before=1, after=1, timeout_s=1.0, settings=limit)
    assert sorted(record.outcome for record in records) == ["200", *["timeout"] * 6]
    assert asked[:3] == [1, 3, 5]
    assert asked[-1] >= 7, "those that timed out left room for it"


async def test_a_stream_that_is_reset_is_lost() -> None:
    async def reset(stream: int, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(RST_STREAM, 0, stream, struct.pack(">I", 2)))

    assert outcomes(await records_of(reset)) == [("h", "reset", "-")]


async def test_a_request_that_the_server_did_not_begin_is_asked_again() -> None:
    asked = []

    async def refuse_the_first(stream: int, writer: asyncio.StreamWriter) -> None:
        asked.append(stream)
        if len(asked) == 1:
            writer.write(frame(RST_STREAM, 0, stream, struct.pack(">I", http2.REFUSED_STREAM)))
        else:
            await well(stream, writer)

    assert outcomes(await records_of(refuse_the_first)) == [("h", "200", "v7")]
    assert asked == [1, 3]


async def test_a_server_that_takes_no_more_is_left_without_a_loss() -> None:
    asked = []

    async def leave_after_the_first(stream: int, writer: asyncio.StreamWriter) -> None:
        asked.append(stream)
        if len(asked) == 1:
            writer.write(frame(GOAWAY, 0, 0, struct.pack(">II", stream, 0)))
        if len(asked) != 2:
            await well(stream, writer)

    assert outcomes(await records_of(leave_after_the_first, count=2)) == [("h", "200", "v7")] * 2
    assert asked == [1, 3, 1]


async def test_a_connection_that_ends_loses_what_was_under_way() -> None:
    async def end(stream: int, writer: asyncio.StreamWriter) -> None:
        writer.close()

    assert outcomes(await records_of(end)) in ([("h", "closed", "-")], [("h", "reset", "-")])


async def test_an_answer_that_does_not_come_is_a_timeout() -> None:
    async def nothing(stream: int, writer: asyncio.StreamWriter) -> None:
        return

    assert outcomes(await records_of(nothing, timeout_s=0.05)) == [("h", "timeout", "-")]
