"""The border between the cluster's words and a terminal: nothing that others wrote commands it.

Everything that is printed goes by here: by `print` through the streams of `harmless_streams`, and drawn through `terminal`. A
test looks that no other file makes a Console.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TextIO, cast

from crossfade.api.printable import one_line, printable

if TYPE_CHECKING:
    from rich.console import Console


class _Harmless:
    """A stream that writes characters which would command a terminal as their numbers."""

    def __init__(self, stream: TextIO) -> None:
        self.rich_proxied_file = (
            stream  # what rich draws has been made harmless in parts: its own commands must pass
        )
        self._stream = stream

    def write(self, text: str) -> int:
        """Write it, made harmless."""
        return self._stream.write(printable(text))

    def __getattr__(self, name: str) -> Any:
        """Be the stream in all else."""
        return getattr(self._stream, name)


@contextlib.contextmanager
def harmless_streams() -> Iterator[None]:
    """For the length of the block, whatever is printed is made harmless."""
    out, err = cast("TextIO", _Harmless(sys.stdout)), cast("TextIO", _Harmless(sys.stderr))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield


def print_records(lines: Iterable[str]) -> None:
    """Print lines as RFC 4180 ends them, with CR LF: each is made harmless by itself, and so has no other CR in it."""
    out = sys.stdout
    plain = getattr(out, "rich_proxied_file", out)
    for line in lines:
        plain.write(f"{one_line(line)}\r\n")


def terminal(width: int | None = None) -> Console:
    """What draws on standard output; `width` where that is no terminal. Text is never taken for markup."""
    from rich.console import Console, ConsoleOptions, RenderableType  # noqa: PLC0415 -- costs 0.1 s
    from rich.segment import Segment  # noqa: PLC0415

    class Harmless(Console):
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterator[Segment]:
            """The parts that are drawn: those that are text are made harmless, those that move the cursor are rich's own."""
            for part in super().render(renderable, options):
                yield part if part.control else part._replace(text=printable(part.text))

    return Harmless(width=width, markup=False, emoji=False)
