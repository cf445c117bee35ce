"""What a container wrote before it ended, as people can read it: the line that tells most, and the last few lines.

The kubelet keeps its termination message or, where that is empty, the end of its log: at most 80 lines or 2048 bytes. It is the
application's own text, so nothing in it is believed, and nothing of it may reach a terminal but printable characters.
"""

from __future__ import annotations

import re
from itertools import pairwise

from crossfade.api.status import LAST_LINES_LENGTH, LINE_LENGTH

ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, the cursor, clearing the screen
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)"  # the title of the window, links
    r"|\x1b[ -/]*[0-~]"
)
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Also those of Unicode that turn the direction of what follows, or end a line."""

PYTHON = "Traceback (most recent call last)"
CAUSED_BY = "Caused by: "
GO = ("panic: ", "fatal error: ")
RUST = re.compile(r"thread '.*' (\(\d+\) )?panicked at ")
FRAME = re.compile(r"\s+at \S")
"""A line of a stack in Java and JavaScript; the exception stands above the first one."""


def plain(text: str) -> str:
    """The text in one line, without control and escape characters, so that it changes nothing where it is printed."""
    kept = ESCAPES.sub("", text).replace("\t", " ").replace("\n", " ").replace("\r", " ")
    return CONTROLS.sub("", kept).strip()


def last_lines(text: str) -> list[str]:
    """The last lines, the last one first: at most 5, each of at most 200 characters; empty ones are left out."""
    return [_clipped(line) for line in reversed(_lines(text)) if line.strip()][:LAST_LINES_LENGTH]


def telling(text: str) -> str:
    """The one line that says most: the error of a traceback, a stack or a panic, else the last line; "" where there is none.

    Python's, Java's, JavaScript's, Go's and Rust's are known. Their root cause is told: what is named last.
    """
    lines = [line for line in _lines(text) if line.strip()]
    known = _python(lines) or _caused_by(lines) or _go(lines) or _rust(lines) or _above_frames(lines)
    return _clipped(known or next(reversed(lines), ""))


def _lines(text: str) -> list[str]:
    """Each without control characters; what stands before it, such as the tab of a frame, is one space or more."""
    whole = ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return [CONTROLS.sub("", line).rstrip() for line in whole.split("\n")]


def _clipped(line: str) -> str:
    bare = line.strip()
    return bare if len(bare) <= LINE_LENGTH else f"{bare[: LINE_LENGTH - 1]}…"


def _python(lines: list[str]) -> str:
    """The first line after the last traceback's frames, which are indented; those of a group begin with a bar."""
    starts = [index for index, line in enumerate(lines) if PYTHON in line]
    after = lines[starts[-1] + 1 :] if starts else []
    return next((line for line in after if not line.startswith((" ", "|"))), "")


def _caused_by(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.lstrip().startswith(CAUSED_BY)), "")


def _go(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.lstrip().startswith(GO)), "")


def _rust(lines: list[str]) -> str:
    """Since Rust 1.73 what it says stands in the line below."""
    found = next((i for i in reversed(range(len(lines))) if RUST.match(lines[i])), None)
    return "" if found is None else " ".join(lines[found : found + 2])


def _above_frames(lines: list[str]) -> str:
    heads = [line for line, below in pairwise(lines) if FRAME.match(below) and not FRAME.match(line)]
    return next(reversed(heads), "")
