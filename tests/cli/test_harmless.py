"""Whatever others wrote into an object, no command prints anything that commands a terminal."""

import ast
import copy
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import crossfade.cli
from cli.fake_cluster import FakeCluster
from crossfade import cluster as real
from crossfade.cli.main import main
from view.deployments import deployment, service
from view.releases import release, template, turned_back
from view.stored import condition, under_way

pytestmark = pytest.mark.deep

Run = Callable[..., int]
Object = dict[str, Any]

HOSTILE = "a\x1b[2Jb\x1b]0;title\x07c\x00d\x9b2Je\u202ef\rg\x7fh\u2066i\x08j\u2028k[bold]l"
HARM = ("\x1b[2J", "\x1b]", "\x07", "\x00", "\x9b", "\u202e", "\x7f", "\u2066", "\x08", "\u2028")
DRAWN = re.compile(r"\x1b\[(\?25[lh]|[0-9;]*[mAK])")
"""What rich itself writes: colours, and the cursor's moves of a view that is drawn again."""


def rolled_back() -> Object:
    failed = {
        "revision": "bbb222",
        "reason": "CandidateCrashed",
        "message": "it crashed",
        "at": "2026-01-31T12:00:00Z",
    }
    last = {"number": 2, "outcome": "RolledBack", "why": "it crashed", "at": "2026-01-31T12:00:00Z"}
    conditions = [{**condition("Stalled", "CandidateCrashed"), "message": "it crashed"}]
    return under_way("RolledBack", failed=failed, last=last, conditions=conditions, progress=None)


def paused() -> Object:
    by = {"actor": "ann", "action": "shop-pause", "at": "2026-01-31T12:00:00Z"}
    return under_way(
        "Paused", pausedBy=by, conditions=[{**condition("Paused", "PausedByAction"), "message": "by ann"}]
    )


def history() -> list[Object]:
    action = {"at": "2026-01-31T12:00:00Z", "action": "Abort", "actor": "ann", "reason": "slow"}
    plan = [{"name": "25 %", "candidate": 1, "stable": 3, "weight": 25, "gate": "ready"}]
    older = release(1, "aaa111")
    newer = release(
        2,
        "bbb222",
        "RolledBack",
        of="aaa111",
        why="it crashed",
        actions=[action],
        timeline=turned_back("2026-01-31T12:00:30.000Z"),
    )
    newer["spec"] |= {
        "plan": plan,
        "template": template("shop:v2", command=["run"], env=[{"name": "A", "value": "b"}]),
    }
    return [older, newer]


def texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every text in a value."""
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict | list):
        for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inside, (*path, key))


def spoiled(objects: list[Object]) -> Iterator[list[Object]]:
    """The same objects again and again, each time with one text of theirs hostile."""
    for place in texts(objects):
        if place[1:] in {
            ("kind",),
            ("metadata", "name"),
            ("metadata", "namespace"),
            ("metadata", "resourceVersion"),
        }:
            continue
        changed: Any = copy.deepcopy(objects)
        at = changed
        for part in place[:-1]:
            at = at[part]
        at[place[-1]] += HOSTILE
        yield changed


STATES = (under_way, rolled_back, paused)
ROWS = [
    *((("status", "shop", *output), state, False) for state in STATES for output in ((), ("-o", "json"))),
    *((("status", "shop"), state, True) for state in STATES),
    *(((name, "shop"), under_way, tty) for name in ("history", "diff") for tty in (False, True)),
    *(((name, "shop", "-o", "json"), under_way, False) for name in ("history", "diff")),
    (("report",), under_way, True),
    *(
        (("audit", "--since", "2026-01-01", *output), under_way, not output)
        for output in ((), ("-o", "yaml"))
    ),
    *((("list", *output), rolled_back, False) for output in ((), ("-o", "yaml"))),
    (("tree", "shop"), rolled_back, False),
    (("status", "shop", "-o", "yaml"), rolled_back, False),
    (("set", "image", "shop", "nowhere=shop:v9"), under_way, False),
]


@pytest.mark.parametrize(("command", "state", "tty"), ROWS)
def test_no_text_of_any_object_commands_the_terminal(
    crossfade: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    state: Callable[[], Object],
    tty: bool,
) -> None:
    if tty:
        monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
        monkeypatch.setenv("TERM", "xterm-256color")
    met = 0
    for objects in spoiled([state(), *history()]):
        crossfade(FakeCluster(*objects), *command)
        printed = capsys.readouterr()
        met += harmless(printed.out + printed.err)
    assert met, "no text of theirs was printed at all"


def harmless(printed: str) -> bool:
    """Fail where it commands; gives whether anything hostile was printed, made harmless."""
    assert [each for each in HARM if each in DRAWN.sub("", printed)] == []
    assert "\r" not in printed
    return "[2J" in printed or "\\u001b" in printed


@pytest.mark.parametrize("action", ["abort", "undo", "promote"])
def test_the_answer_to_an_action_is_harmless(
    crossfade: Run, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    cluster = FakeCluster(under_way(), *history())
    answer = {"state": "Refused", "message": f"no {HOSTILE}"}
    cluster.coming["RolloutAction"] = [{"status": answer}]
    crossfade(cluster, action, "shop", "--reason", HOSTILE)
    printed = capsys.readouterr()
    assert harmless(printed.out + printed.err)


def test_what_is_converted_is_printed_harmless_and_is_still_the_same(
    crossfade: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real, "RESOURCES", {})
    source = deployment()
    source["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": HOSTILE}]
    crossfade(FakeCluster(source, service()), "convert", "deployment/shop")
    printed = capsys.readouterr()
    assert harmless(printed.out + printed.err)
    [made] = yaml.safe_load(printed.out)["spec"]["template"]["spec"]["containers"]
    assert made["env"] == [{"name": "A", "value": HOSTILE}]


@pytest.mark.parametrize("tty", [False, True])
def test_a_hostile_manifest_is_planned_harmlessly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tty: bool
) -> None:
    if tty:
        monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    manifest = under_way()
    del manifest["status"]
    met = 0
    for [changed] in spoiled([manifest]):
        path = tmp_path / "rollout.yaml"
        path.write_text(yaml.safe_dump(changed))
        main(["plan", "-f", str(path)])
        printed = capsys.readouterr()
        met += harmless(printed.out + printed.err)
    assert met


def test_nothing_is_drawn_but_by_the_harmless_terminal() -> None:
    folder = Path(crossfade.cli.__file__).parent
    makers = [
        path.name
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"Console", "print_json"}
    ]
    writers = [
        path.name for path in folder.glob("*.py") if re.search(r"std(out|err)\.write|__std", path.read_text())
    ]
    assert (makers, writers) == ([], [])
