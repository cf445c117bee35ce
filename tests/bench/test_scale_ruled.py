"""What policies cost is told by ratios, and a single write at rest is one too many."""

from dataclasses import replace

from bench.scale import figures, ruled
from bench.scale.figures import Changes, Stretch
from bench.scale.readings import Reading


def sent(writes: float, reads: float = 0.0) -> Stretch:
    """So many requests, in passes that took less than 100 ms."""
    samples = {
        (figures.REQUESTS, frozenset({("method", "PUT"), ("kind", "Rollout")})): writes,
        (figures.REQUESTS, frozenset({("method", "GET"), ("kind", "Pod")})): reads,
        (f"{figures.LATENCY}_bucket", frozenset({("le", "0.1")})): 10.0,
        (f"{figures.LATENCY}_bucket", frozenset({("le", "+Inf")})): 10.0,
    }
    return Stretch(60.0, Reading(samples, {}))


WITHOUT = Changes(
    rollouts=10, per_second=2.0, created=sent(110), updated=sent(220), rested=sent(0), memory_bytes=100e6
)


def missed(under: Changes, others: int = 0, seconds: float = 2.0) -> list[str]:
    return ruled.missed(ruled.Compared(20, WITHOUT, under, ruled.Reach(seconds, about=4, others=others)))


def test_the_same_with_policies_misses_nothing() -> None:
    assert missed(WITHOUT) == []
    assert missed(replace(WITHOUT, rested=sent(0, reads=50))) == []


def test_each_figure_that_policies_make_worse_is_missed() -> None:
    worse = replace(WITHOUT, created=sent(130), rested=sent(1), memory_bytes=106e6)
    assert missed(worse, others=1, seconds=11) == [
        "create: requests per Rollout: 1.18, target ≤ 1.1",
        "memory of the leader, MB: 1.06, target ≤ 1.05",
        "at rest: writes: 1, target ≤ 0",
        "an edit is told by 4 Rollouts, s: 11.0, target ≤ 10",
        "others that were written to: 1, target ≤ 0",
    ]
