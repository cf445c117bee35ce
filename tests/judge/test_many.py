"""The study runs the product's formulas: those for many at once give what the judge gives for each."""

import numpy as np
import pytest

from crossfade.judge.counts import Counts, Stratum, Window
from crossfade.judge.progress import Progress, folded, start
from crossfade.judge.settings import Settings
from crossfade.judge.verdict import Outcome, verdict
from judge import many
from judge.streams import Streams, World

WORLDS = [World(200, 0.005, 5), World(20, 0.05, 1, drift=0.3), World(2000, 0.001, 2, share=0.5)]
SETTINGS = [
    Settings(),
    Settings(tolerance=1.5, cap=5, negligible=None),
    Settings(burst=3, max_error_ratio=None),
]


def windows(seen: Streams, release: int) -> list[Window]:
    return [
        Window(
            10.0 * (i + 1),
            Counts(int(seen.candidate[release, i]), int(seen.candidate_total[i])),
            Counts(int(seen.stable[release, i]), int(seen.stable_total[i])),
        )
        for i in range(seen.shape[1])
    ]


def of_each(seen: Streams, settings: Settings, *, endless: bool = False) -> list[Progress]:
    return [
        folded(windows(seen, release), settings, None, start(endless=endless))
        for release in range(seen.shape[0])
    ]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("settings", SETTINGS)
def test_the_evidence_is_the_same(world: World, settings: Settings) -> None:
    seen = world.streams(6, 5, 1)
    each = of_each(seen, settings)
    assert np.allclose(many.log_worse(seen, settings)[:, -1], [done.not_worse.log_e for done in each])
    if settings.negligible is not None:
        assert np.allclose(many.log_fine(seen, settings)[:, -1], [done.log_fine for done in each])


@pytest.mark.parametrize("world", WORLDS)
def test_the_evidence_of_the_bake_is_the_same(world: World) -> None:
    seen, settings = world.streams(6, 5, 2), Settings()
    from_many = many.detected(many.against(seen, settings.tolerance, many.claims.WORSE), settings.cap)
    assert np.allclose(
        from_many[:, -1], [done.not_worse.log_e for done in of_each(seen, settings, endless=True)]
    )


def test_the_evidence_of_strata_is_the_same() -> None:
    zones, settings = [World(180, 0.05, share=0.3), World(20, 0.001, share=0.01)], Settings()
    a, b = (each.streams(6, 5, 4) for each in zones)
    won = many.against(a, settings.tolerance, many.claims.WORSE)
    won = won + many.against(b, settings.tolerance, many.claims.WORSE)
    for release, log_e in enumerate(many.added(won, settings.cap)[:, -1]):
        looks = [
            Window(
                one.at,
                one.candidate + other.candidate,
                one.stable + other.stable,
                (Stratum("a", one.candidate, one.stable), Stratum("b", other.candidate, other.stable)),
            )
            for one, other in zip(windows(a, release), windows(b, release), strict=True)
        ]
        assert np.isclose(folded(looks, settings).not_worse.log_e, log_e)


@pytest.mark.parametrize("world", WORLDS)
def test_what_is_decided_is_the_same(world: World) -> None:
    seen, settings = world.streams(20, 4, 3), Settings()
    fails, passes = many.fails(seen, settings).any(axis=1), many.passes(seen, settings).any(axis=1)
    for release in range(20):
        outcome = verdict(windows(seen, release), settings).outcome
        assert (outcome is Outcome.FAILED) == fails[release]
        assert (outcome is Outcome.PASSED) == (passes[release] and not fails[release])
