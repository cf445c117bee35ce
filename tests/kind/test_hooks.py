"""Hooks are real Jobs: a migration before the first pod, a smoke test before traffic, a clean-up after, and what hangs."""

from collections.abc import Callable
from typing import Any

import pytest

from bench import operator_pods
from bench.kube import Kube, Object, wait_for
from bench.scenarios.shop import Shop

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
raise SystemExit(met != "v2")
"""


def hook(name: str, code: str, timeout_s: int = 300, image: str = "{{image}}", **when: str) -> Object:
    """A hook that runs Python in the candidate's own image."""
    container = {"name": "job", "image": image, "command": ["python3", "-c", code]}
    job = {"template": {"spec": {"containers": [container]}}, "timeoutSeconds": timeout_s}
    return {"name": name, "job": job, **when}


def left(text: str, code: int = 0) -> str:
    """Python that leaves a line and ends."""
    return f"open('/dev/termination-log', 'w').write('{text}'); raise SystemExit({code})"


def shop(kube: Kube, namespace: str, *hooks: Object, strategy: Object | None = None, **spec: Any) -> Shop:
    chosen = strategy or {"blueGreen": {}}
    return Shop(kube, namespace, chosen, replicas=2, bakeSeconds=2, hooks=list(hooks), **spec)


def measured(status: Object) -> dict[str, Object]:
    """What the hooks came to, by name."""
    return {each["metric"]: each for each in status.get("measurements", ())}


def jobs(kube: Kube, namespace: str, name: str) -> list[Object]:
    found: list[Object] = kube.list("Job", namespace, f"crossfade.dev/hook={name}")
    return found


def succeeded(kube: Kube, namespace: str, name: str) -> list[Object]:
    """Those whose container ran to a good end: one that a busy node could not start is made anew."""
    return [each for each in jobs(kube, namespace, name) if each.get("status", {}).get("succeeded")]


def cleaned_up(one: Shop) -> Object:
    """The status once the clean-up of the last release has ended."""
    return one.wait_status("the clean-up", lambda told: measured(told).get("clean-up", {}).get("outcome"))


def test_a_release_migrates_smokes_and_cleans_up(kube: Kube, namespace: str, tell: Tell) -> None:
    hooks = (
        hook("migrate", left("12 rows moved"), before="Start"),
        hook("smoke", ASK_PREVIEW, before="Traffic"),
        hook("clean-up", left("old column dropped"), after="Promote"),
    )
    with shop(kube, namespace, *hooks) as one:
        one.created("v1")
        cleaned_up(one)  # else the next release might begin before its Job is made
        one.apply("v2")
        one.wait_phase("Healthy")
        status = cleaned_up(one)
        told = {name: each["message"] for name, each in measured(status).items()}
        tell(f"hooks: {told}")
        assert told == {
            "migrate": "migrate: exit code 0: 12 rows moved",
            "smoke": "smoke: exit code 0: met v2",
            "clean-up": "clean-up: exit code 0: old column dropped",
        }
        assert len(succeeded(kube, namespace, "migrate")) == 2  # the first release migrated too
        assert len(succeeded(kube, namespace, "clean-up")) == 2
        release = one.wait_outcome(2)
        assert {each["metric"] for each in release["measurements"]} >= {"migrate", "smoke"}


def test_a_migration_that_fails_ends_the_release_before_any_pod(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    with shop(kube, namespace, strategy={"rolling": {}}) as one:
        one.created("v1")
        one.spec["hooks"] = [
            hook("migrate", left("no table named users", 3), before="Start"),
            hook("restore", left("restored"), after="Rollback"),
        ]
        one.apply("v2")
        status = one.wait_phase("RolledBack")
        tell(f"a migration fails: {status['message']}")
        assert status["failed"]["reason"] == "HookFailed"
        assert "hook migrate: exit code 3: no table named users" in status["message"]
        assert not [
            pod for pod in one.pods.history if "v2" in str(pod.object.get("spec", {}).get("containers"))
        ]
        one.wait_status(
            "the restore", lambda told: measured(told).get("restore", {}).get("outcome") == "Passed"
        )


def test_a_smoke_test_that_hangs_is_ended_and_the_release_goes_back(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    with shop(kube, namespace) as one:
        one.created("v1")
        one.spec["hooks"] = [hook("smoke", "import time; time.sleep(3600)", timeout_s=90, before="Traffic")]
        one.apply("v2")
        status = one.wait_phase("RolledBack")
        tell(f"a Job that hangs: {status['message']}")
        assert "hook smoke: it did not end within 90 s" in status["message"]


def test_a_job_whose_image_does_not_exist_asks_a_person(kube: Kube, namespace: str, tell: Tell) -> None:
    with shop(kube, namespace) as one:
        one.created("v1")
        one.spec["hooks"] = [hook("smoke", "", timeout_s=8, image="crossfade-gone:1", before="Traffic")]
        one.apply("v2")
        status = one.wait_phase("Paused")
        tell(f"an image that does not exist: {status['message']}")
        assert "hook smoke: no data: no container of it started within 8 s" in status["message"]
        one.act("Promote")
        one.wait_phase("Healthy")


@pytest.mark.serial
def test_an_operator_that_is_killed_in_a_migration_finds_its_job_again(
    kube: Kube, namespace: str, tell: Tell
) -> None:
    with shop(kube, namespace) as one:
        one.created("v1")
        one.spec["hooks"] = [hook("migrate", "import time; time.sleep(20)", before="Start")]
        one.apply("v2")
        wait_for("the migration", lambda: jobs(kube, namespace, "migrate"))
        operator_pods.killed_for(kube, 3)
        one.wait_phase("Healthy")
        assert len(succeeded(kube, namespace, "migrate")) == 1
        tell("killed in a migration: one Job, and the release went on")


def test_a_metric_is_what_a_job_leaves(kube: Kube, namespace: str, tell: Tell) -> None:
    def loaded(line: str) -> Object:
        job = hook("load", left(line))["job"]
        metric = {"name": "load", "job": job, "success": "result < 0.5"}
        return {"canary": {"steps": [{"weight": 50, "analysis": {"metrics": [metric]}}]}}

    with shop(kube, namespace, strategy=loaded("0.3")) as one:
        one.created("v1")
        one.apply("v2")
        one.wait_phase("Healthy")
        tell(f"a Job's number: {measured(one.wait_outcome(2))['load']['message']}")
        one.strategy = loaded("0.7")
        one.apply("v3")
        status = one.wait_phase("RolledBack")
        tell(f"a Job's number: {status['message']}")
        assert "load: 0.7 is bad (result < 0.5)" in status["message"]
