"""Text from a cluster as a terminal may get it: whatever somebody wrote there, it moves no cursor and sets no title."""

from __future__ import annotations

import re

SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
"""What terminals act upon: CSI, OSC and the two-character ones; logs are full of colours."""

CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Give one line of text without sequences and control characters; a tab stays."""
    return CONTROLS.sub("", SEQUENCES.sub("", text))
