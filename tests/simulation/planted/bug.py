"""A bug that is planted, where the model checker finds it, and which promise that breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

Patch = pytest.MonkeyPatch


class Bug(NamedTuple):
    """`plant` makes the product wrong. `walks`: to be taken beside the search, for what needs several disturbances at once."""

    plant: Callable[[Patch], None]
    strategy: str
    world: str
    promise: str
    walks: int = 5

    @property
    def name(self) -> str:
        """What it is stored by."""
        return f"{self.plant.__name__.strip('_')}, {self.strategy}, {self.world}"
