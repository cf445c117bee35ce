"""Every command of docs/tutorial.md, one after the other, as it is written there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pytest_kind import KindCluster

pytestmark = [pytest.mark.usefixtures("running_operator"), pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text()
BLOCK = re.compile(r"```(sh|yaml)\n(.*?)```", re.DOTALL)
ENDS_WITH = re.compile(r"# ends with (\d)")
LIMIT_S = 600


def commands(block: str) -> Iterator[tuple[str, int]]:
    """Each command of a block with the exit code that it says; a quoted text may go over several lines."""
    command = ""
    for line in block.splitlines():
        command += line if not command else f"\n{line}"
        if command.count("'") % 2 == 0:
            told = ENDS_WITH.search(command)
            yield command, int(told[1]) if told else 0
            command = ""


@pytest.fixture
def environment(cluster: KindCluster, namespace: str, tmp_path: Path) -> dict[str, str]:
    """What a reader has: the tools, and a kubeconfig, here of a namespace of its own."""
    config = yaml.safe_load(Path(cluster.kubeconfig_path).read_text())
    for each in config["contexts"]:
        each["context"]["namespace"] = namespace
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    tools = f"{Path(sys.executable).parent}:{Path(cluster.kubectl_path).parent}"
    return {**os.environ, "KUBECONFIG": str(tmp_path / "config"), "PATH": f"{tools}:{os.environ['PATH']}"}


def test_every_command_of_the_tutorial_does_what_it_says(environment: dict[str, str], tmp_path: Path) -> None:
    told: list[str] = []
    for kind, block in BLOCK.findall(PAGE):
        if kind == "yaml":
            (tmp_path / "rollout.yaml").write_text(block)
            continue
        for command, code in commands(block):
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
            told.append(f"$ {command}\n{done.stdout}{done.stderr}")
            assert done.returncode == code, "\n".join(told[-6:])
    print("\n".join(told))
    seen = "\n".join(told)
    assert "CandidateCrashed" in seen
    assert "looks good" in seen
