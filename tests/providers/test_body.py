"""A body is taken in up to its limit, packed or not, and JSON no deeper than it may be."""

import gzip
import json
import tracemalloc

import pytest

from crossfade.providers.body import Intake, UnreadableError, json_of


def taken(parts: list[bytes], encoding: str = "", limit: int = 1000) -> bytes:
    intake = Intake(encoding, limit)
    for part in parts:
        intake.add(part)
    return intake.whole()


def test_a_body_at_its_limit_is_whole() -> None:
    assert taken([b"a" * 600, b"b" * 400]) == b"a" * 600 + b"b" * 400
    assert taken([gzip.compress(b"a" * 1000)], "gzip") == b"a" * 1000


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_a_packed_body_is_the_same_in_parts_of_any_size(size: int) -> None:
    packed = gzip.compress(json.dumps(list(range(200))).encode())
    parts = [packed[i : i + size] for i in range(0, len(packed), size)]
    assert json.loads(taken(parts, "GZIP ")) == list(range(200))


@pytest.mark.parametrize(
    ("parts", "encoding", "says"),
    [
        ([b"a" * 1001], "", "more than 1000 bytes"),
        ([b"a" * 600, b"a" * 600], "", "more than 1000 bytes"),
        ([gzip.compress(b"a" * 1001)], "gzip", "more than 1000 bytes"),
        ([gzip.compress(b"a" * 50)[:-9]], "gzip", "breaks off"),
        ([gzip.compress(b"a") + b"x", b"more"], "gzip", "behind the end"),
        ([b"no gzip"], "gzip", "not packed as it says"),
        ([b""], "br", "nobody asked for"),
        ([b""], "gzip, gzip", "nobody asked for"),
    ],
)
def test_what_cannot_be_taken_in_says_why(parts: list[bytes], encoding: str, says: str) -> None:
    with pytest.raises(UnreadableError, match=says):
        taken(parts, encoding)


def test_a_bomb_is_let_go_before_it_has_grown() -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024), compresslevel=1)
    tracemalloc.start()
    with pytest.raises(UnreadableError, match="more than 1 MiB"):
        taken([bomb[i : i + 65536] for i in range(0, len(bomb), 65536)], "gzip", 1024 * 1024)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize("depth", [64])
def test_json_at_the_limit_of_depth_is_read(depth: int) -> None:
    assert json_of(b"[" * depth + b"]" * depth)
    assert json_of(b'{"a":' * (depth - 1) + b"[1]" + b"}" * (depth - 1))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[" * 65 + b"]" * 65, "more than 64 levels"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "more than 64 levels"),
        (b"[" * 500_000, "more than 64 levels"),
        (b'{"a": 1', "breaks off"),
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"1" * 5000, "no JSON"),
        (b"<html>", "no JSON"),
    ],
)
def test_what_is_no_json_or_too_deep_says_so(body: bytes, says: str) -> None:
    with pytest.raises(UnreadableError, match=says):
        json_of(body)
