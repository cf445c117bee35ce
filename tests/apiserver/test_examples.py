"""What the README tells people to apply works as it is."""

from pathlib import Path

import pytest
import yaml

from bench.kube import Kube, Object
from bench.manifests import STRATEGIES
from bench.watch import Watch

EXAMPLES = sorted((Path(__file__).parents[2] / "manifests/examples").glob("*.yaml"))
MEASURED = sorted((Path(__file__).parents[2] / "manifests/examples/analysis").glob("*.yaml"))
CREATED_WITHIN_S = 300

pytestmark = pytest.mark.usefixtures("running_operator")


def documents(path: Path) -> list[Object]:
    return [each for each in yaml.safe_load_all(path.read_text()) if each and each["kind"] != "Kustomization"]


def rollouts(path: Path) -> list[Object]:
    return [each for each in documents(path) if each["kind"] == "Rollout"]


def test_there_is_an_example_for_each_strategy() -> None:
    shown = {next(iter(each["spec"]["strategy"])) for path in EXAMPLES for each in rollouts(path)}
    assert shown == set(STRATEGIES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_becomes_healthy(kube: Kube, namespace: str, path: Path) -> None:
    for document in documents(path):
        kube.apply({**document, "metadata": {**document["metadata"], "namespace": namespace}})
    with Watch(kube, "Rollout", namespace) as watch:
        watch.wait_until(
            f"health of {path.name}",
            lambda seen: all(phase_of(seen, each) == "Healthy" for each in rollouts(path)),
            CREATED_WITHIN_S,
        )


def phase_of(watch: Watch, rollout: Object) -> str:
    seen = watch.latest.get(rollout["metadata"]["name"], {})
    return str(seen.get("status", {}).get("phase", ""))


@pytest.mark.parametrize("path", MEASURED, ids=lambda path: path.stem)
def test_the_api_server_takes_an_example_of_analysis(kube: Kube, namespace: str, path: Path) -> None:
    for document in documents(path):
        whole = document["kind"] == "ClusterAnalysisTemplate"
        place = {} if whole else {"namespace": namespace}
        made = kube.apply({**document, "metadata": {**document["metadata"], **place}})
        assert made["metadata"]["uid"]
        if whole:
            kube.delete(document["kind"], "", document["metadata"]["name"])
