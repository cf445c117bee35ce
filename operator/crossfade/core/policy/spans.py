"""Times between two moments: added, taken away, cut. A span is `(begins, ends)` in whole seconds since 1970, its end not in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Span = tuple[int, int]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same times as few spans as can be, in order: what overlaps or meets becomes one, what is empty goes."""
    found: list[Span] = []
    for begins, ends in sorted(span for span in spans if span[0] < span[1]):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return found


def cut(spans: Iterable[Span], begins: int, ends: int) -> list[Span]:
    """What of merged spans lies between two moments."""
    return [(max(a, begins), min(b, ends)) for a, b in spans if a < ends and b > begins]


def outside(spans: Sequence[Span], begins: int, ends: int) -> list[Span]:
    """What lies between two moments and in none of these merged spans."""
    edges = [begins, *(edge for span in cut(spans, begins, ends) for edge in span), ends]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]


def without(spans: Sequence[Span], gone: Sequence[Span]) -> list[Span]:
    """What of merged spans lies in none of the merged others."""
    return [piece for begins, ends in spans for piece in outside(gone, begins, ends)]


def holding(spans: Iterable[Span], at: int) -> Span | None:
    """The one that holds a moment; None where none does."""
    return next((span for span in spans if span[0] <= at < span[1]), None)
