"""What is installed: with one's own image, and with definitions that nobody deletes unawares."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pytest_kind import KindCluster

from bench.kube import ApiError, Kube, Object, wait_for

pytestmark = pytest.mark.usefixtures("running_operator")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text()
DEFINITION = "CustomResourceDefinition"
DRY = "?dryRun=All"
PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def definition(kube: Kube) -> Iterator[str]:
    """A definition in the group of ours that nobody needs; its name."""
    plural = f"t{uuid.uuid4().hex[:8]}"
    name = f"{plural}.crossfade.dev"
    kube.create(definition_of(plural))
    yield name
    allow(kube, name)
    kube.delete(DEFINITION, "", name)


def definition_of(plural: str) -> Object:
    schema = {"openAPIV3Schema": {"type": "object"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": DEFINITION,
        "metadata": {"name": f"{plural}.crossfade.dev"},
        "spec": {
            "group": "crossfade.dev",
            "names": {"plural": plural, "kind": plural.capitalize()},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def allow(kube: Kube, name: str) -> None:
    if kube.get(DEFINITION, "", name):
        change = {"metadata": {"annotations": {"crossfade.dev/deletion": "allowed"}}}
        kube.request("PATCH", f"{PATH}/{name}", change, "application/merge-patch+json")


@pytest.mark.parametrize("plural", ["rollouts", "releases", "rolloutactions"])
def test_the_definitions_are_not_deleted_unawares(kube: Kube, plural: str) -> None:
    """Asked without doing it: the answer comes from admission all the same."""
    with pytest.raises(ApiError, match=f"kubectl annotate crd {plural}.crossfade.dev") as refused:
        kube.request("DELETE", f"{PATH}/{plural}.crossfade.dev{DRY}")
    assert refused.value.status == 403


@pytest.mark.serial  # for a moment after it the server may refuse lists of other kinds
def test_a_definition_goes_once_somebody_has_said_so(kube: Kube, definition: str) -> None:
    with pytest.raises(ApiError, match=r"docs/uninstall\.md"):
        kube.delete(DEFINITION, "", definition)
    allow(kube, definition)
    kube.delete(DEFINITION, "", definition)
    wait_for("its end", lambda: kube.get(DEFINITION, "", definition) is None, 180)


def test_the_page_says_how_to_name_ones_own_image(cluster: KindCluster, tmp_path: Path) -> None:
    """The kustomization of the page, with the folder of this checkout in place of the page's."""
    block = next(each for each in PAGE.split("```yaml\n")[1:] if "images:" in each).partition("```")[0]
    overlay = yaml.safe_load(block)
    (image,) = overlay["images"]
    overlay["resources"] = [os.path.relpath(ROOT / "manifests", tmp_path.resolve())]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    made = subprocess.run(
        [cluster.kubectl_path, "kustomize", tmp_path], check=True, capture_output=True, text=True
    )
    (deployment,) = (each for each in yaml.safe_load_all(made.stdout) if each["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{image['newName']}:{image['newTag']}"
