"""`make demo`: a shop changes version under load, twice, and the terminal shows what its users meet.

First an update to a good version, then one to a version that crashes and is taken back by itself.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bench import analysis, manifests, operator_pods, shop_images
from bench.kube import ApiError, Kube, Object, wait_for
from bench.load_pod import Rates
from bench.scenarios.seen import Result
from bench.scenarios.shop import ENDED, Shop

CACHE = Path(os.environ.get("CROSSFADE_CACHE", Path.home() / ".cache" / "crossfade"))
NAMESPACE = "crossfade-demo"
COLORS = {"v1": "blue", "v2": "green", "v3": "magenta"}
BAR_WIDTH = 40
DRAWN_EVERY_S = 0.5
BAKE_S = 10
STRATEGIES: dict[str, Object] = {
    **manifests.STRATEGIES,
    "canary": {"steps": [{"weight": 25, "pauseSeconds": 6}, {"weight": 50, "pauseSeconds": 6}]},
    "rolling": {"batches": [{"replicas": 1, "pauseSeconds": 6}]},
    "blueGreen": {"promoteAfterSeconds": 4},
}
NEXT = """What to try next (the shop runs on in namespace {namespace}):
  export PATH="$PWD/.venv/bin:$PATH"
  crossfade -n {namespace} status shop
  crossfade -n {namespace} set image shop shop={good}      # a release of your own; watch it with
  crossfade -n {namespace} status shop --watch
  crossfade -n {namespace} abort shop                      # at any moment, back to the old version
  kubectl -n {namespace} get rollouts,releases             # what happened so far, and why
  make demo STRATEGY={other}                         # the same with another strategy
  make clean                                               # removes the cluster
"""


class Demo:
    """The shop, its load, and the screen."""

    def __init__(self, shop: Shop, console: Console) -> None:
        self.shop = shop
        self.console = console
        self.results: list[Result] = []
        self.said = ""

    def change(self, version: str, title: str) -> None:
        """One release, shown live until it has ended and two more seconds."""
        self.console.rule(f"[bold]{title}")
        since = apply(self.shop, version)
        self.show_until(since, lambda: self.shop.status.get("phase") in ENDED)
        self.show_until(since, after(2))
        self.results.append(self.result(title, since))

    def show_until(self, since: float, ended: Callable[[], bool]) -> None:
        """Draw until `ended`: in place on a terminal, else a line whenever something changed."""
        if not self.console.is_terminal:
            self._draw_until(lambda: self._say(since), ended)
            return
        with Live(console=self.console, auto_refresh=False) as live:
            self._draw_until(lambda: live.update(Group(*picture(self.shop, since)), refresh=True), ended)

    def _draw_until(self, draw: Callable[[], None], ended: Callable[[], bool]) -> None:
        def over() -> bool:
            draw()
            return ended()

        wait_for("the release to end", over, 300, DRAWN_EVERY_S)

    def _say(self, since: float) -> None:
        words = state_line(self.shop.rollout.get("status", {}))
        if words == self.said:
            return
        self.said = words
        shares = ", ".join(f"{version} {share:.0f} %" for version, share in recent_shares(self.shop).items())
        seconds = time.time() - since
        self.console.print(f"{seconds:5.1f} s  {words}; answers: {shares}; lost {lost(self.shop, since)}")

    def result(self, title: str, since: float) -> Result:
        assert self.shop.load
        new = analysis.new(record for record in self.shop.load.records() if record.at >= since)
        ended_at = self.shop.first_seen(lambda status: status.get("phase") in ENDED, since) or time.time()
        release = self.shop.wait_outcome(self.shop.number)
        figures: dict[str, Any] = {"strategy": next(iter(self.shop.strategy))}
        outcome, why = release.get("outcome", ""), release.get("why", "")
        return Result(title, len(new), len(analysis.lost(new)), ended_at - since, outcome, why, new, figures)


def apply(shop: Shop, version: str) -> float:
    """Apply the shop with the image of a version, the way a user's pipeline would."""
    pod_template = manifests.template(version, image=shop_images.image(version))
    pod_template["metadata"]["labels"].pop("version")
    pod_template["spec"]["containers"][0].pop("env")
    at = time.time()
    shop.kube.apply(manifests.rollout(NAMESPACE, shop.strategy, pod_template, **shop.spec))
    return at


def after(seconds: float) -> Callable[[], bool]:
    """Whether that many seconds have passed since now."""
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def lost(shop: Shop, since: float) -> int:
    """The requests lost so far in this release."""
    assert shop.load
    return len(analysis.lost(each for each in analysis.new(shop.load.arrived) if each.at >= since))


def recent_shares(shop: Shop) -> dict[str, float]:
    """Percent of the answers of the last second by version."""
    assert shop.load
    recent = [record for record in shop.load.recent(1.2) if not record.lost]
    return {version: analysis.share(recent, version) for version in sorted({each.version for each in recent})}


def picture(shop: Shop, since: float) -> list[Text]:
    """What is shown live: the state, the pods, a bar of answers per version, the losses."""
    status, gone = shop.rollout.get("status", {}), lost(shop, since)
    shares = recent_shares(shop)
    bars = [bar(version, shares.get(version, 0.0)) for version in sorted({*shares, "v1", "v2"})]
    return [
        Text(f"{time.time() - since:5.1f} s  {state_line(status)}", style="bold"),
        Text(f"         {status.get('progress', {}).get('waitingFor') or status.get('message', '')}"),
        *bars,
        Text(f"         lost requests: {gone}", style="red" if gone else "green"),
    ]


def bar(version: str, share: float) -> Text:
    """One version's share of the answers as a bar."""
    full = round(share * BAR_WIDTH / 100)
    return Text(f"     {version}  ") + Text("█" * full, COLORS.get(version, "")) + Text(f" {share:.0f} %")


def state_line(status: Object) -> str:
    """Phase, stage, weight and the pods of both sides, in one line."""
    sides = [
        f"{side} {status[side].get('ready', 0)}/{status[side].get('replicas', 0)} ready"
        for side in ("stable", "candidate")
        if status.get(side)
    ]
    stage = f"stage {status['stage']}, {status.get('weight', 0)} % wanted" if status.get("stage") else ""
    return "; ".join(part for part in (status.get("phase", ""), stage, *sides) if part)


def table(results: list[Result]) -> Table:
    """What became of each release."""
    rows = Table(title="What the shop's users saw: 200 new connections a second")
    for column in ("strategy", "release", "requests", "lost", "seconds", "what happened and why"):
        rows.add_column(column, overflow="fold")
    for each in results:
        happened = f"{each.happened}. {each.why}".strip()
        cells = (each.figures["strategy"], each.scenario, str(each.requests), str(each.lost))
        rows.add_row(*cells, f"{each.seconds:.1f}", happened)
    return rows


def fresh_namespace(kube: Kube) -> None:
    """The demo's namespace, without what an earlier demo left in it."""
    if kube.get("Namespace", "", NAMESPACE):
        kube.delete("Namespace", "", NAMESPACE)
        wait_for(
            "the namespace of the last demo to go", lambda: not kube.get("Namespace", "", NAMESPACE), 120
        )
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    accounts = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    wait_for("the default service account", lambda: kube.request("GET", accounts)["items"], 30)


def play(kube: Kube, strategy: str, console: Console) -> list[Result]:
    """Create v1, update to v2, and try v3."""
    chosen = {strategy: STRATEGIES[strategy]}
    with Shop(kube, NAMESPACE, chosen, bakeSeconds=BAKE_S) as shop:
        console.print(f"A shop with 4 pods at v1, strategy {strategy}, in namespace {NAMESPACE} …")
        apply(shop, "v1")
        shop.wait_phase("Healthy")
        console.print("Load: 200 new connections a second …")
        shop.put_under_load(Rates(seconds=600))
        demo = Demo(shop, console)
        demo.change("v2", "to v2, which is well")
        demo.change("v3", "to v3, which crashes 4 s after it was let in")
        return demo.results


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--strategy", choices=list(STRATEGIES), default="canary")
    parser.add_argument("--kubeconfig", type=Path, default=CACHE / "kubeconfig")
    options = parser.parse_args()
    console, kube = Console(highlight=False), Kube(options.kubeconfig)
    operator_pods.wait_available(kube)
    shop_images.load_into(max((CACHE / "bin").glob("kind-*/kind")))
    fresh_namespace(kube)
    try:
        results = play(kube, options.strategy, console)
    except (ApiError, AssertionError) as error:
        console.print(f"The demo stopped: {error}", style="red")
        console.print(f"Look at it with: kubectl -n {NAMESPACE} get rollouts,releases,pods,events")
        return 1
    console.print(table(results))
    other = "blueGreen" if options.strategy != "blueGreen" else "canary"
    console.print(NEXT.format(namespace=NAMESPACE, good=shop_images.image("v1"), other=other), soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
