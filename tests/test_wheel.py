"""What is installed from a wheel: the command line alone, and the operator's own dependencies by an extra."""

import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
OPERATORS_OWN = {
    "kopf",
    "prometheus-client",
    "python-json-logger",
    "aiohttp",
    "cel-expr-python",
    "jsonpath-rfc9535",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    built = WheelBuilder(str(ROOT)).build(
        directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"]
    )
    return Path(next(iter(built)))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as files:
        [name] = [name for name in files.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(files.read(name).decode())


def required(metadata: Message, extra: str) -> set[str]:
    """What it requires with that extra; "" is the base."""
    found = set()
    for line in metadata.get_all("Requires-Dist", []):
        needed, _, marker = line.partition(";")
        named = re.search(r"extra == ['\"](\w+)['\"]", marker)
        if (named[1] if named else "") == extra:
            found.add(re.split(r"[<>=!~ \[]", needed.strip())[0])
    return found


def test_the_base_is_what_the_command_line_needs(metadata: Message) -> None:
    assert required(metadata, "") == {
        "kubernetes",
        "pydantic",
        "pyyaml",
        "rich",
        "argcomplete",
        "cronsim",
        "tzdata",
    }


def test_what_only_the_operator_needs_is_an_extra(metadata: Message) -> None:
    assert required(metadata, "operator") == OPERATORS_OWN


def test_it_brings_both_names_of_the_command_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        [points] = [files.read(name).decode() for name in names if name.endswith("entry_points.txt")]
    assert re.findall(r"^([\w-]+) = ([\w.:]+)$", points, re.MULTILINE) == [
        ("crossfade", "crossfade.cli.main:run"),
        ("kubectl-crossfade", "crossfade.cli.main:run"),
    ]
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"crossfade"}


@pytest.mark.parametrize(
    "command", [["--help"], ["plan", "--offline", "-f", str(ROOT / "manifests" / "examples" / "canary.yaml")]]
)
def test_the_command_line_works_from_the_wheel_without_the_operators_dependencies(
    wheel: Path, command: list[str]
) -> None:
    absent = ["kopf", "prometheus_client", "pythonjsonlogger"]
    code = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); sys.modules.update(dict.fromkeys({absent!r})); "
        f"import crossfade; assert {wheel.name!r} in crossfade.__file__; "
        f"sys.argv = ['crossfade', *{command!r}]; from crossfade.cli.main import run; run()"
    )
    said = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "crossfade" in said.stdout or "canary" in said.stdout


@pytest.mark.parametrize("name", ["run", "dev", "uv"])
def test_locks_have_hashes_and_name_no_registry(name: str) -> None:
    lock = (ROOT / "requirements" / f"{name}.txt").read_text()
    pinned = re.findall(r"^[\w.\[\]-]+==", lock, re.MULTILINE)
    assert (
        len(pinned) == len(re.findall(r"^[\w.\[\]-]+==[^\n]*\\\n    --hash=sha256:", lock, re.MULTILINE)) > 0
    )
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock)


def test_the_image_gets_what_the_operator_needs() -> None:
    lock = (ROOT / "requirements" / "run.txt").read_text()
    assert set(re.findall(r"^([\w-]+)==", lock, re.MULTILINE)) >= OPERATORS_OWN
