"""What others say of themselves, as a message can hold it: one line, not long, without what commands a terminal."""

from __future__ import annotations

from typing import Final

from crossfade.api.printable import one_line

LONGEST: Final = 200


def shortened(text: str) -> str:
    """The text, made so."""
    line = one_line(text.strip())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
