"""`python -m bench.scale`: what hundreds of Rollouts cost the operator and the API server, as a table."""

import argparse
import math
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from bench.kube import Kube
from bench.scale import figures, held_figures, holding, phases, ruled

CACHE = Path(os.environ.get("CROSSFADE_CACHE", Path.home() / ".cache" / "crossfade"))

ROLLOUTS = 500
MEASURED = 200


def main() -> int:
    """Run each size in turn; 1 where a target is missed."""
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that everything is removed then, too
    if options.analysis:
        return with_analysis(options)
    if options.policies:
        return under_policies(options)
    kube, runs = Kube(options.kubeconfig), []
    try:
        for rollouts in sorted(options.rollouts or [ROLLOUTS]):
            print(f"== {rollouts} Rollouts")
            runs.append(
                phases.measure(
                    kube, rollouts, options.per_second, options.rest_seconds, routed=options.routes
                )
            )
    finally:
        if runs:
            Console(width=options.width).print(figures.table(runs))
    return told(figures.missed(runs))


def with_analysis(options: argparse.Namespace) -> int:
    """Run each size in turn, measured and not; 1 where a target is missed."""
    kube, missed = Kube(options.kubeconfig), []
    for rollouts in sorted(options.rollouts or [MEASURED]):
        compared = holding.measure(kube, rollouts, options.rest_seconds, options.aborts)
        Console(width=options.width).print(held_figures.table(compared))
        missed += held_figures.missed(compared)
    return told(missed)


def under_policies(options: argparse.Namespace) -> int:
    """Run each size in turn, without policies and under them; 1 where a target is missed."""
    kube, missed = Kube(options.kubeconfig), []
    for rollouts in sorted(options.rollouts or [ROLLOUTS]):
        compared = ruled.measure(kube, rollouts, options.per_second, options.rest_seconds, options.policies)
        Console(width=options.width).print(ruled.table(compared))
        missed += ruled.missed(compared)
    return told(missed)


def told(missed: list[str]) -> int:
    """Say which targets are missed; 1 where there is one."""
    print("\n".join(["Missed:", *missed]) if missed else "Every target is reached.")
    return 1 if missed else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument(
        "--rollouts",
        type=positive,
        nargs="+",
        help=f"how many; several are run in turn (default {ROLLOUTS}; with --analysis {MEASURED})",
    )
    parser.add_argument(
        "--per-second",
        type=pace,
        default=math.inf,
        help="so many are created, and later updated, a second (default: as fast as the API server takes them)",
    )
    parser.add_argument(
        "--routes",
        action="store_true",
        help="each has an HTTPRoute of its user's, on Traefik (default: none)",
    )
    parser.add_argument(
        "--analysis",
        action="store_true",
        help="what measuring each every 10 s costs, and how long aborts take then (default: nothing is measured)",
    )
    parser.add_argument(
        "--policies",
        type=positive,
        help="the same once more under so many RolloutPolicies, compared (default: none)",
    )
    parser.add_argument(
        "--aborts",
        type=positive,
        default=held_figures.LEAST_ABORTS,
        help="with --analysis: how many are aborted (default %(default)s)",
    )
    parser.add_argument("--rest-seconds", type=positive, default=120, help="length of the rest (default 120)")
    parser.add_argument("--kubeconfig", type=Path, default=CACHE / "kubeconfig")
    parser.add_argument("--width", type=int, default=None, help="of the table, default the terminal's")
    return parser.parse_args()


def positive(text: str) -> int:
    """A number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is below 1")
    return number


def pace(text: str) -> float:
    """A number above 0."""
    number = float(text)
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
