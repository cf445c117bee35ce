"""`python -m bench`: every strategy and failure under load on the kind cluster, as a table."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from rich.console import Console

from bench import namespaces, operator_pods, routes
from bench.kube import Kube
from bench.load_pod import Rates
from bench.manifests import STRATEGIES
from bench.scenarios.at_rest import at_rest, result_of
from bench.scenarios.operator_killed import killed_in_the_middle
from bench.scenarios.seen import Result
from bench.stories import STORIES, Story
from bench.table import table

CACHE = Path(os.environ.get("CROSSFADE_CACHE", Path.home() / ".cache" / "crossfade"))
REST_S = 120


def main() -> int:
    options = arguments()
    kube = Kube(options.kubeconfig)
    operator_pods.wait_available(kube)
    chosen = chosen_of(options.stories, options.router)
    together = [story for story in chosen if not story.alone]
    with ThreadPoolExecutor(options.jobs) as pool:
        results = dict(
            zip(together, pool.map(lambda story: played(kube, story, options.router), together), strict=True)
        )
    results |= {story: played(kube, story, options.router) for story in chosen if story.alone}
    rows = [results[story] for story in chosen]
    for name, play in ALONE.items():
        if not options.stories or name in options.stories:
            rows += played_alone(kube, play, options.router)
    Console(width=options.width).print(table((row for row in rows if row), options.router))
    return 0 if all(rows) else 1


def chosen_of(names: list[str], router: str) -> list[Story]:
    """The stories of these names, by default all, as far as they can be told with that router."""
    told = [story for story in STORIES if router != routes.NONE or not story.routed]
    return [story for story in told if not names or story.name in names]


def arguments() -> argparse.Namespace:
    names = ", ".join([*(story.name for story in STORIES), *ALONE])
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("stories", nargs="*", help=f"which to play, by default all: {names}")
    parser.add_argument("--kubeconfig", type=Path, default=CACHE / "kubeconfig")
    parser.add_argument(
        "--router", choices=routes.CHOICES, default=routes.NONE, help="what users come through (default none)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="stories at a time (default 2)")
    parser.add_argument("--width", type=int, default=None, help="of the table, default the terminal's")
    return parser.parse_args()


def played(kube: Kube, story: Story, router: str) -> Result | None:
    """One story in a namespace of its own; None, and a line that says why, where it could not be told."""
    started, namespace = time.monotonic(), namespaces.make(kube, "bench")
    try:
        with routes.through(router):
            result = story.play(kube, namespace)
    except Exception as error:  # noqa: BLE001 - one story that fails must not hide the others
        print(f"{story.name}: {error}", file=sys.stderr)
        return None
    finally:
        namespaces.forget(namespace)
        kube.delete("Namespace", "", namespace)
    print(f"{story.name}: {result.lost} lost of {result.requests} ({time.monotonic() - started:.0f} s)")
    return result


def played_alone(
    kube: Kube, play: Callable[[Kube, dict[str, str]], list[Result]], router: str
) -> list[Result]:
    """A story that needs the cluster for itself, with a namespace for each strategy."""
    made = {strategy: namespaces.make(kube, "bench") for strategy in STRATEGIES}
    try:
        with routes.through(router):
            return play(kube, made)
    finally:
        for namespace in made.values():
            namespaces.forget(namespace)
            kube.delete("Namespace", "", namespace)


def operator_killed(kube: Kube, made: dict[str, str]) -> list[Result]:
    killed_for = partial(operator_pods.killed_for, kube)
    return list(killed_in_the_middle(kube, made, Rates(per_s=100, kept=2), killed_for).values())


def settled(kube: Kube, made: dict[str, str]) -> list[Result]:
    return [result_of(at_rest(kube, made, REST_S))]


ALONE = {"operator-killed": operator_killed, "settled": settled}


if __name__ == "__main__":
    sys.exit(main())
