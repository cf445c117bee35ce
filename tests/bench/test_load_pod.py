"""The load client's log is read to its end, however often it breaks off."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from bench import load_pod
from bench.kube import ApiError, Kube
from bench.load_pod import Load, Rates

LOG = [b"# begin\n", b"1.000 n 200 v1 2.0\n", b"1.010 n refused - 2.0\n", b"# end\n"]


class Answer:
    """So many chunks of the log, and what ends them."""

    def __init__(self, chunks: list[bytes], ends: Exception | None = None) -> None:
        self.chunks, self.ends = chunks, ends

    def stream(self, **_: object) -> Iterator[bytes]:
        yield from self.chunks
        if self.ends is not None:
            raise self.ends


class Server:
    """Answers a request for the log with each of these in turn."""

    def __init__(self, *answers: Answer | ApiError) -> None:
        self.answers = list(answers)

    def stream(self, _: str) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer


def read(monkeypatch: pytest.MonkeyPatch, *answers: Answer | ApiError) -> Load:
    monkeypatch.setattr(load_pod, "AGAIN_S", 0)
    load = Load(cast("Kube", Server(*answers)), "ns", "shop", Rates())
    load._follow()
    return load


def test_a_log_that_breaks_off_is_read_on_and_each_line_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    no_more = Answer([b"failed to create fsnotify watcher: too many open files\n"])
    cut, part = Answer(LOG[:2], OSError("reset")), Answer([*LOG[:2], LOG[2][:5]])
    load = read(monkeypatch, ApiError(500, "the container is not there yet"), no_more, cut, part, Answer(LOG))
    assert [each.outcome for each in load.arrived] == ["200", "refused"]
    assert load.notes == ["# begin", "# end"]


def test_a_log_that_is_gone_is_told_and_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    load = read(monkeypatch, Answer(LOG[:2]), ApiError(404, "no such pod"))
    assert len(load.arrived) == 1
    assert load.notes[-1].startswith("# the log is gone")


class Node:
    """A server whose node starts no container of the first pod."""

    def __init__(self) -> None:
        self.made = 0
        self.phase = ""

    def create(self, _: object) -> None:
        self.made += 1
        self.phase = "Failed" if self.made == 1 else "Running"

    def get(self, *_: object) -> Any:
        return {"status": {"phase": self.phase}} if self.phase else None

    def delete(self, *_: object, grace_s: int) -> None:
        assert grace_s == 0
        self.phase = ""


def test_a_pod_that_the_node_could_not_start_is_made_anew() -> None:
    node = Node()
    load = Load(cast("Kube", node), "ns", "shop", Rates())
    load._make()
    assert [load._runs() for _ in range(3)] == [False, False, True]
    assert node.made == 2
