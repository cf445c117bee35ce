"""Hooks are real Jobs: a migration before the first pod, a smoke test before traffic, a clean-up after, and what hangs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bench.kube import Kube, Object
from bench.scenarios.seen import version_of
from bench.scenarios.shop import Shop
from kind.hooks import hook, left, measured, succeeded
from kind.story import Story

pytestmark = pytest.mark.usefixtures("running_operator")

Tell = Callable[[str], None]

# What a smoke test does: it asks the candidate by the preview's own Service, and leaves what it was answered.
# The pods are ready when it runs; kube-proxy may learn of them a few seconds later.
ASK_PREVIEW = """
import time, urllib.request
until = time.time() + 60
while True:
    try:
        met = urllib.request.urlopen("http://{{candidateService}}/", timeout=5).headers["X-Version"]
        break
    except OSError:
        if time.time() > until:
            raise
        time.sleep(1)
open("/dev/termination-log", "w").write("met " + met)
raise SystemExit(met == "{stable}")
"""


class TestReleasesWithHooks(Story):
    @classmethod
    @contextmanager
    def begin(cls, kube: Kube, namespace: str) -> Iterator[Shop]:
        with Shop(kube, namespace, {"blueGreen": {}}, replicas=1, bakeSeconds=1) as shop:
            shop.created("v1")
            yield shop

    def test_a_release_migrates_smokes_and_cleans_up(self, shop: Shop, tell: Tell) -> None:
        shop.spec["hooks"] = [
            hook("migrate", left("12 rows moved"), before="Start"),
            hook("smoke", ASK_PREVIEW.replace("{stable}", shop.stable), before="Traffic"),
            hook("clean-up", left("old column dropped"), after="Promote"),
        ]
        new = shop.introduce()
        shop.wait_phase("Healthy")
        status = shop.wait_status(
            "the clean-up", lambda told: measured(told).get("clean-up", {}).get("outcome")
        )
        told = {name: each["message"] for name, each in measured(status).items()}
        tell(f"hooks: {told}")
        assert told == {
            "migrate": "migrate: exit code 0: 12 rows moved",
            "smoke": f"smoke: exit code 0: met {new}",
            "clean-up": "clean-up: exit code 0: old column dropped",
        }
        assert len(succeeded(shop.kube, shop.namespace, "migrate")) == 1
        assert len(succeeded(shop.kube, shop.namespace, "clean-up")) == 1
        release = shop.wait_outcome(shop.number)
        assert {each["metric"] for each in release["measurements"]} >= {"migrate", "smoke"}

    def test_a_migration_that_fails_ends_the_release_before_any_pod(self, shop: Shop, tell: Tell) -> None:
        shop.strategy = {"rolling": {}}
        shop.spec["hooks"] = [
            hook("migrate", left("no table named users", 3), before="Start"),
            hook("restore", left("restored"), after="Rollback"),
        ]
        new = shop.introduce()
        status = shop.wait_phase("RolledBack")
        tell(f"a migration fails: {status['message']}")
        assert status["failed"]["reason"] == "HookFailed"
        assert "hook migrate: exit code 3: no table named users" in status["message"]
        assert not [pod for pod in shop.pods.history if version_of(pod.object) == new]
        shop.wait_status(
            "the restore", lambda told: measured(told).get("restore", {}).get("outcome") == "Passed"
        )

    @pytest.mark.deep
    def test_a_smoke_test_that_hangs_is_ended_and_the_release_goes_back(self, shop: Shop, tell: Tell) -> None:
        shop.spec["hooks"] = [hook("smoke", "import time; time.sleep(3600)", timeout_s=40, before="Traffic")]
        shop.introduce()
        status = shop.wait_phase("RolledBack")
        tell(f"a Job that hangs: {status['message']}")
        assert "hook smoke: it did not end within 40 s" in status["message"]

    @pytest.mark.deep
    def test_a_job_whose_image_does_not_exist_asks_a_person(self, shop: Shop, tell: Tell) -> None:
        shop.spec["hooks"] = [hook("smoke", "", timeout_s=8, image="crossfade-gone:1", before="Traffic")]
        shop.introduce()
        status = shop.wait_phase("Paused")
        tell(f"an image that does not exist: {status['message']}")
        assert "hook smoke: no data: no container of it started within 8 s" in status["message"]
        shop.act("Promote")
        shop.wait_phase("Healthy")

    @pytest.mark.deep
    def test_a_metric_is_what_a_job_leaves(self, shop: Shop, tell: Tell) -> None:
        shop.strategy = loaded("0.3")
        shop.introduce()
        shop.wait_phase("Healthy")
        tell(f"a Job's number: {measured(shop.wait_outcome(shop.number))['load']['message']}")
        shop.strategy = loaded("0.7")
        shop.introduce()
        status = shop.wait_phase("RolledBack")
        tell(f"a Job's number: {status['message']}")
        assert "load: 0.7 is bad (result < 0.5)" in status["message"]


def loaded(line: str) -> Object:
    """A canary that is measured by a Job which leaves this."""
    metric = {"name": "load", "job": hook("load", left(line))["job"], "success": "result < 0.5"}
    return {"canary": {"steps": [{"weight": 50, "analysis": {"metrics": [metric]}}]}}
