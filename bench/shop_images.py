"""The sample shop as three images, so that changing the image is all that a release needs.

crossfade-shop:v1 and :v2 are well; :v3 crashes a few seconds after it was let in.
"""

import subprocess
from pathlib import Path

ENVIRONMENTS = {
    "v1": "VERSION=v1",
    "v2": "VERSION=v2",
    "v3": "VERSION=v3 CRASH_AFTER_SERVING_S=4",
}
CLUSTER = "crossfade"


def image(version: str) -> str:
    """The image of a version."""
    return f"crossfade-shop:{version}"


def load_into(kind: Path) -> None:
    """Make the images from crossfade-shop:dev and load them into the node; done already, this is quick."""
    for version, environment in ENVIRONMENTS.items():
        dockerfile = f"FROM {image('dev')}\nENV {environment}\n"
        run(["docker", "build", "-q", "-t", image(version), "-"], dockerfile)
    run([str(kind), "load", "docker-image", "--name", CLUSTER, *map(image, ENVIRONMENTS)])


def run(command: list[str], text: str = "") -> None:
    """Run a command; its own words are the error when it fails."""
    finished = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} failed: {finished.stderr.strip()}")
