"""`make demo`: a shop changes version under load, and the terminal shows what its users meet.

First an update to a good version, then one to a version that crashes once it serves and is taken back by itself, and last, where a
router counts requests, one that answers 5 % of them with an error and is taken back by the judge.
"""

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.live import Live

from bench import analysis, demo_screen, manifests, operator_pods, routes
from bench.kube import ApiError, Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.seen import Result
from bench.scenarios.shop import ENDED, Shop

CACHE = Path(os.environ.get("CROSSFADE_CACHE", Path.home() / ".cache" / "crossfade"))
CONTEXT = "kind-crossfade"
CROSSFADE = Path(sys.executable).with_name("crossfade")
NAMESPACE = "crossfade-demo"
DRAWN_EVERY_S = 0.5
SHOWN_AFTER_THE_END_S = 3.0
LONGEST_RELEASE_S = 300
BAKE_S = 10
KEPT_S = 600
STRATEGIES: dict[str, Object] = {
    "canary": {
        "steps": [
            {"weight": 25, "pauseSeconds": 6},
            {"weight": 50, "pauseSeconds": 6},
            {"weight": 100, "pauseSeconds": 3},
        ]
    },
    "rolling": {"batches": [{"replicas": 1, "pauseSeconds": 6}]},
    "blueGreen": {"promoteAfterSeconds": 4},
    "bigBang": {},
    "recreate": {},
}
# A route splits exactly, whatever the number of pods.
BY_ROUTE: dict[str, Object] = {
    **STRATEGIES,
    "canary": {
        "steps": [
            {"weight": 1, "pauseSeconds": 5},
            {"weight": 10, "pauseSeconds": 5},
            {"weight": 50, "pauseSeconds": 5},
        ]
    },
}
MEASURED: Object = {"metrics": [{"name": "errors", "builtIn": {"errors": {}}, "intervalSeconds": 2}]}
"""In the background of each release: the router's own counts, of both sides."""

LIMITS = (
    "What was caught: pods that crash, or never become ready. Without a router that counts answers nobody measures them here, "
    "so a version that stays up and answers wrongly would have gone through; for that there is `abort`, at any moment.\n"
)
JUDGED = (
    "What was caught: pods that crash, and answers that are worse than those of the old version, by what the router counts. "
    "`crossfade verdict {release}` has the counts of each window. Errors that both versions have alike are nobody's fault.\n"
)
NEXT = """\
What to try next. The load has ended; the shop runs on in namespace {namespace}:
  alias cf='{crossfade}'
  cf status shop                                # where it stands, and what to type next
  cf set image shop shop={good}   # a release of your own …
  cf status shop --watch                        # … to follow
  cf abort shop                                 # … and to take back while it is under way
  cf undo shop                                  # once it is complete: back to the version before
  {kubectl} get rollouts.crossfade.dev,releases.crossfade.dev
{by_route}  make demo STRATEGY={other}                  # the same with another strategy
  make clean                                    # removes the cluster
"""
NEXT_BY_ROUTE = """\
  {kubectl} get httproute shop -o yaml   # its weights are Crossfade's meanwhile, all else is yours
  curl -H 'Host: {host}' http://127.0.0.1:{port}/   # what a user gets
  make demo ROUTER=none                         # the same by pods behind the Service, without a route
"""
INTERRUPTED = """
Ended by you. The shop is still there: `kubectl --context {context} delete namespace {namespace}` removes it,
`make demo` starts anew, `make clean` removes the cluster.
"""


class Demo:
    """The shop, its load, and where it is shown."""

    def __init__(self, shop: Shop, console: Console) -> None:
        self.shop = shop
        self.console = console
        self.results: list[Result] = []

    def change(self, old: str, new: str, title: str) -> None:
        """One release, shown live until it has ended and a little longer."""
        self.console.rule(f"[bold]{title}")
        since, number = apply(self.shop, new), self.shop.number
        with self._shown(since, (old, new)) as show:
            show_until(show, lambda: self.shop.number > number and self.shop.status.get("phase") in ENDED)
            show_until(show, after(SHOWN_AFTER_THE_END_S))
        self.console.print()
        self.results.append(self._result(f"{old} → {new}", since))

    def _shown(self, since: float, versions: tuple[str, ...]) -> "Shown":
        return Shown(self.console, lambda: demo_screen.picture(self.shop, since), versions)

    def _result(self, title: str, since: float) -> Result:
        assert self.shop.load
        new = demo_screen.new_since(self.shop.load.arrived, since)
        ended_at = self.shop.first_seen(lambda status: status.get("phase") in ENDED, since) or time.time()
        release = self.shop.wait_outcome(self.shop.number)
        figures: dict[str, Any] = {"strategy": next(iter(self.shop.strategy))}
        outcome, why, down_s = (
            release.get("outcome", ""),
            release.get("why", ""),
            release.get("downtimeSeconds"),
        )
        why += f". Nothing served for {down_s:.1f} s" if down_s else ""
        return Result(title, len(new), len(analysis.lost(new)), ended_at - since, outcome, why, new, figures)


class Shown:
    """Shows a picture at each call: in place on a terminal, else a line whenever something changed."""

    def __init__(
        self, console: Console, look: Callable[[], demo_screen.Picture], versions: tuple[str, ...]
    ) -> None:
        self.console = console
        self.look = look
        self.versions = versions
        self.last: tuple[Any, ...] = ()
        self.live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Self:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.live:
            self.live.stop()

    def __call__(self) -> None:
        seen = self.look()
        if self.live:
            self.live.update(demo_screen.drawn(seen, self.versions), refresh=True)
        elif demo_screen.changes_of(seen) != self.last:
            self.last = demo_screen.changes_of(seen)
            self.console.print(demo_screen.line(seen), soft_wrap=True)


def show_until(show: Callable[[], None], ended: Callable[[], bool]) -> None:
    """Draw, again and again, until it is over."""

    def over() -> bool:
        show()
        return ended()

    wait_for("the release to end", over, LONGEST_RELEASE_S, DRAWN_EVERY_S)


def after(seconds: float) -> Callable[[], bool]:
    """Whether that many seconds have passed since now."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def apply(shop: Shop, version: str) -> float:
    """Apply the shop with the image of a version, the way a user's pipeline would; the unix time just before."""
    pod_template = manifests.template(version, image=manifests.shop(version))
    pod_template["metadata"]["labels"].pop("version")
    pod_template["spec"]["containers"][0].pop("env")
    at = time.time()
    applied = shop.kube.apply(manifests.rollout(NAMESPACE, shop.strategy, pod_template, **shop.spec))
    shop.await_generation(applied["metadata"]["generation"])
    return at


def fresh_namespace(kube: Kube, console: Console) -> None:
    """The demo's namespace, without what an earlier demo left in it."""
    if kube.get("Namespace", "", NAMESPACE):
        console.print("Removing the shop of the last demo …")
        kube.delete("Namespace", "", NAMESPACE)
        wait_for("the last demo's namespace to go", lambda: not kube.get("Namespace", "", NAMESPACE))
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    accounts = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    wait_for("the default service account", lambda: kube.request("GET", accounts)["items"])


def play(kube: Kube, strategy: str, console: Console) -> list[Result]:
    """Create v1, update to v2, try v3, and where answers are measured v4."""
    by_route = routes.to(NAMESPACE, manifests.NAME)
    fields = (BY_ROUTE if by_route else STRATEGIES)[strategy]
    measured = {"analysis": MEASURED} if is_measured(strategy, by_route) else {}
    with Shop(
        kube, NAMESPACE, {strategy: fields}, bakeSeconds=BAKE_S, keepFailedSeconds=KEPT_S, **measured
    ) as shop:
        console.print(f"A shop of version v1 with 4 pods, strategy {strategy}, in namespace {NAMESPACE} …")
        shop.put_route()
        apply(shop, "v1")
        shop.wait_phase("Healthy")
        way = f"through {by_route.router}, by the HTTPRoute {by_route.name}" if by_route else "to the Service"
        console.print(f"Load inside the cluster, {way}: 200 new connections a second …")
        shop.put_under_load(Rates(seconds=2 * LONGEST_RELEASE_S))
        demo = Demo(shop, console)
        of = 3 if measured else 2
        demo.change("v1", "v2", f"1 of {of}: to v2, a good version")
        demo.change("v2", "v3", f"2 of {of}: to v3, which crashes 4 s after its first answer")
        if measured:
            demo.change("v2", "v4", f"3 of {of}: to v4, which answers 5 % of requests with an error")
        return demo.results


def is_measured(strategy: str, route: routes.Route | None) -> bool:
    """Whether the router tells both sides apart: Traefik does, and only where the route moves the requests."""
    return route is not None and route.router == "traefik" and strategy in {"canary", "blueGreen", "bigBang"}


def tell(console: Console, results: list[Result], strategy: str, route: routes.Route | None) -> None:
    """The table, what it does not show, and what to try next."""
    console.print(demo_screen.table(results))
    last = f"{manifests.NAME}-{len(results) + 1}"
    console.print(JUDGED.format(release=last) if is_measured(strategy, route) else LIMITS, markup=False)
    kubectl = "kubectl" if shutil.which("kubectl") else max((CACHE / "bin").glob("kubernetes-*/kubectl"))
    words = {
        "namespace": NAMESPACE,
        "crossfade": f"{CROSSFADE} --context {CONTEXT} -n {NAMESPACE}",
        "kubectl": f"{kubectl} --context {CONTEXT} -n {NAMESPACE}",
        "good": manifests.shop("dev"),
        "other": "blueGreen" if strategy != "blueGreen" else "canary",
    }
    words["by_route"] = (
        NEXT_BY_ROUTE.format(host=route.host, port=routes.LOCAL_PORTS[route.router], **words) if route else ""
    )
    console.print(NEXT.format(**words), soft_wrap=True, markup=False)


def main() -> int:
    """Play the demo; the exit code is 0 when it came to its end."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--strategy", choices=list(STRATEGIES), default="canary")
    parser.add_argument(
        "--router", choices=routes.CHOICES, default=routes.ROUTERS[0], help="what users come through"
    )
    parser.add_argument("--kubeconfig", type=Path, default=CACHE / "kubeconfig")
    options = parser.parse_args()
    console = Console(highlight=False)
    try:
        kube = Kube(options.kubeconfig)
        operator_pods.wait_available(kube)
        fresh_namespace(kube, console)
        with routes.through(options.router):
            results = play(kube, options.strategy, console)
            tell(console, results, options.strategy, routes.to(NAMESPACE, manifests.NAME))
    except KeyboardInterrupt:
        console.print(INTERRUPTED.format(context=CONTEXT, namespace=NAMESPACE), soft_wrap=True)
        return 130
    except (ApiError, AssertionError) as error:
        console.print(f"The demo stopped: {error}", style="red", markup=False)
        console.print(
            f"See what is there: kubectl --context {CONTEXT} -n {NAMESPACE} get rollouts.crossfade.dev,releases.crossfade.dev,pods,events"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
