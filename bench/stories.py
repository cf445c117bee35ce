"""The table's rows: each story with its fields filled in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from bench import manifests
from bench.kube import Kube
from bench.scenarios import abort, bad_candidates, crashes, plain, scale, strategies, superseding, workers
from bench.scenarios.seen import Result

Play = Callable[[Kube, str], Result]


@dataclass(frozen=True)
class Story:
    """One row: a name to choose it by, and the function that plays it in a namespace.

    `alone`: its figure is in seconds that a busy node would stretch, so nothing plays beside it. `routed`: it is about
    what a router does, so that there is nothing to tell without one.
    """

    name: str
    play: Play
    alone: bool = False
    routed: bool = False


STORIES = (
    Story("plain", partial(plain.rolling_update, pre_stop_s=0)),
    Story("plain-drained", partial(plain.rolling_update, pre_stop_s=5)),
    *(
        Story(strategy, partial(strategies.good_update, strategy=strategy), alone=strategy == "recreate")
        for strategy in ("rolling", "canary", "blueGreen", "bigBang", "recreate")
    ),
    Story("abort", abort.abort_at_half, alone=True),
    *(
        Story(
            f"crash-{strategy}" + ("-staggered" if apart_s else ""),
            partial(crashes.crash_while_baking, strategy=strategy, apart_s=apart_s),
            alone=True,
        )
        for strategy, apart_s in (
            ("blueGreen", crashes.AT_ONCE_S),
            ("blueGreen", crashes.STAGGERED_S),
            ("bigBang", crashes.AT_ONCE_S),
            ("canary", crashes.AT_ONCE_S),
            ("rolling", crashes.AT_ONCE_S),
        )
    ),
    Story(
        "crash-retries", partial(crashes.crash_behind_retries, strategy="blueGreen"), alone=True, routed=True
    ),
    Story("eviction", partial(crashes.evicted_while_baking, strategy="blueGreen")),
    Story("stable-crash", crashes.stable_crashes_before_promotion),
    Story("never-ready", partial(bad_candidates.never_ready, strategy="blueGreen")),
    Story("image-missing", partial(bad_candidates.image_missing, strategy="canary")),
    Story("image-name", partial(bad_candidates.image_name_invalid, strategy="bigBang")),
    Story("supersede-half", superseding.superseded_at_half),
    Story("supersede-bake", partial(superseding.superseded_while_baking, strategy="blueGreen")),
    Story("scale", scale.scaled_in_the_middle),
    *(
        Story(f"worker-{strategy}", partial(workers.worker_update, strategy=strategy))
        for strategy in manifests.STRATEGIES
    ),
)
