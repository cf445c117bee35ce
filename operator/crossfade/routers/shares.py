"""Weights: how the share of one reference is split in two while all others keep theirs."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Final

MAX_WEIGHT: Final = 1_000_000
WHOLE: Final = 1000


def split_weights(weights: Sequence[int], stable_at: int, permille: int) -> tuple[list[int], int]:
    """Give the weights that are to be, and the candidate's.

    All are multiplied by one integer, the smallest that makes a tenth of a percent of the stable weight a whole number, so
    that 80 beside 20 becomes 1900 + 100 beside 500 at 50 ‰. Alone, the two always sum up to 1000, which is simple to read.
    Where that is more than a weight may be (1,000,000), the greatest that is not: then the candidate's is rounded.
    """
    if len(weights) == 1:
        return [WHOLE - permille], permille
    factor, base = _factor(weights, stable_at)
    scaled = [factor * weight for weight in base]
    candidate = (2 * scaled[stable_at] * permille + WHOLE) // (2 * WHOLE)
    scaled[stable_at] -= candidate
    return scaled, candidate


def is_too_fine(weights: Sequence[int], stable_at: int) -> bool:
    """Whether the stable weight is so small beside the others that a tenth of a percent of it cannot be told."""
    factor, base = _factor(weights, stable_at)
    return len(weights) > 1 and factor * base[stable_at] < WHOLE


def _factor(weights: Sequence[int], stable_at: int) -> tuple[int, list[int]]:
    common = gcd(*weights) or 1
    factor = 1
    for base in (list(weights), [weight // common for weight in weights]):
        factor = WHOLE // gcd(WHOLE, base[stable_at])
        if factor * max(base) <= MAX_WEIGHT:
            return factor, base
    return max(1, MAX_WEIGHT // max(base)), base


def part(stable: int, candidate: int) -> int:
    """Give the candidate's part in permille, rounded; 0 and 1000 only where it is nothing and all."""
    if not stable or not candidate:
        return WHOLE if candidate else 0
    return min(WHOLE - 1, max(1, round(WHOLE * candidate / (stable + candidate))))


def reduced(weights: Sequence[int]) -> list[int]:
    """Give the smallest whole numbers in the same proportions."""
    common = gcd(*weights) or 1
    return [weight // common for weight in weights]
