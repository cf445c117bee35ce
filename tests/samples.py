"""What the inner loop takes of a whole set, of cases or of generated examples: `make check` takes the rest."""

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest
from hypothesis import settings

WHOLE = 100
"""What hypothesis tries where nothing else is said."""


def examples(whole: int) -> int:
    """So many, where the profile tries `WHOLE`; in proportion where it tries fewer."""
    return max(5, whole * settings.default.max_examples // WHOLE)


def every(nth: int, *axes: Iterable[Any]) -> list[Any]:
    """All combinations of the axes, as rows; all but each `nth` of them, from the first on, are deep.

    Where `nth` has no divisor in common with the axes' lengths, those that are left are spread over their values.
    """
    rows = [tuple(_flat(row)) for row in product(*axes)]
    return [pytest.param(*row, marks=[pytest.mark.deep] * bool(n % nth)) for n, row in enumerate(rows)]


def _flat(row: tuple[Any, ...]) -> Iterable[Any]:
    for each in row:
        yield from each if isinstance(each, tuple) else (each,)
