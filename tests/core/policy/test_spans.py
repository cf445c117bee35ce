"""Spans: what is added, cut and taken away is the same set of seconds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from crossfade.core.policy.spans import Span, cut, holding, merged, outside, without

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


def seconds(spans: list[Span]) -> set[int]:
    """Every second that is in a span."""
    return {second for begins, ends in spans for second in range(begins, ends)}


def in_order(spans: list[Span]) -> bool:
    """Whether none is empty, none overlaps or meets the next."""
    edges = [edge for span in spans for edge in span]
    return edges == sorted(set(edges))


@settings(deadline=None)
@given(SPANS)
def test_merged_spans_are_the_same_seconds_in_order(spans: list[Span]) -> None:
    assert seconds(merged(spans)) == seconds(spans)
    assert in_order(merged(spans))


@settings(deadline=None)
@given(SPANS, SPANS)
def test_what_is_taken_away_is_gone_and_the_rest_stays(spans: list[Span], gone: list[Span]) -> None:
    left = without(merged(spans), merged(gone))
    assert seconds(left) == seconds(spans) - seconds(gone)
    assert in_order(left)


@settings(deadline=None)
@given(SPANS, st.integers(0, 40), st.integers(0, 40))
def test_between_two_moments_every_second_is_in_or_outside(spans: list[Span], begins: int, ends: int) -> None:
    inside, out = cut(merged(spans), begins, ends), outside(merged(spans), begins, ends)
    assert seconds(inside) | seconds(out) == set(range(begins, ends))
    assert not seconds(inside) & seconds(out)
    assert in_order(out)


@settings(deadline=None)
@given(SPANS, st.integers(0, 40))
def test_the_span_that_holds_a_second_is_found(spans: list[Span], at: int) -> None:
    found = holding(merged(spans), at)
    assert (found is not None) == (at in seconds(spans))
    assert found is None or found[0] <= at < found[1]
