"""What a container wrote before it ended is told: the line that says most, and the last lines, without control characters."""

from dataclasses import replace
from typing import Any

import pytest

from builders import V1, V2, releasing_v2, rollout, serving_v1, template
from crossfade.core.last_words import last_lines, plain, telling
from crossfade.core.observed import Exit
from crossfade.core.revision import revision_of
from samples import every
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, stands_at, until
from simulation.pods import SimPod

PYTHON = """\
starting
Traceback (most recent call last):
  File "/app/main.py", line 12, in <module>
    main()
  File "/app/main.py", line 8, in main
    raise ValueError("no DATABASE_URL")
ValueError: no DATABASE_URL
bye
"""
CHAINED = """\
Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'db'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
app.ConfigError: no database
"""
JAVA = """\
Exception in thread "main" java.lang.IllegalStateException: cannot start
\tat com.shop.Main.main(Main.java:7)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
\t... 9 more
"""
JAVA_ALONE = """\
Exception in thread "main" java.lang.NullPointerException: url
\tat com.shop.Main.main(Main.java:7)
\tat com.shop.Main.start(Main.java:3)
"""
NODE = """\
/app/index.js:3
throw new Error("no DATABASE_URL");
^

Error: no DATABASE_URL
    at Object.<anonymous> (/app/index.js:3:7)
    at Module._compile (node:internal/modules/cjs/loader:1376:14)

Node.js v22.1.0
"""
GO = """\
2026/01/31 12:00:00 starting
panic: no database

goroutine 1 [running]:
main.main()
\t/app/main.go:7 +0x2c
exit status 2
"""
RUST = """\
thread 'main' panicked at src/main.rs:2:5:
no database
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (PYTHON, "ValueError: no DATABASE_URL"),
        (CHAINED, "app.ConfigError: no database"),
        (JAVA, "Caused by: java.net.ConnectException: Connection refused"),
        (JAVA_ALONE, 'Exception in thread "main" java.lang.NullPointerException: url'),
        (NODE, "Error: no DATABASE_URL"),
        (GO, "panic: no database"),
        (RUST, "thread 'main' panicked at src/main.rs:2:5: no database"),
        ("loading\nno database\n\n", "no database"),
        ("", ""),
        ("\n \n", ""),
        ("\x1b[31mno database\x1b[0m\r\n", "no database"),
        ("x" * 300, "x" * 199 + "…"),
    ],
    ids=["python", "python, chained", "java", "java, one", "node", "go", "rust", "log", "nothing", "blank", "red", "long"],
)  # fmt: skip
def test_the_line_that_says_most_is_found(text: str, line: str) -> None:
    assert telling(text) == line


def test_the_last_five_lines_are_kept_the_last_one_first_and_each_is_bounded() -> None:
    text = "\n".join(["one", "two", "", "three", "four", "five", "y" * 900])
    assert last_lines(text) == ["y" * 199 + "…", "five", "four", "three", "two"]


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2Jgone",
        "\x1b]0;owned\x07gone",
        "\x1b]8;;http://x\x1b\\gone\x1b]8;;\x1b\\",
        "gone\x00",
        "\x9bgone",
        "\u202egone",
        "gone\x08",
        "gone\u2028",
        "\x1bcgone",
    ],
)
def test_nothing_that_a_terminal_would_obey_is_left(text: str) -> None:
    for told in (telling(text), plain(text), *last_lines(text)):
        assert told == "gone"


def test_a_carriage_return_begins_a_line_so_that_it_cannot_write_over_the_one_before() -> None:
    assert last_lines("all is well\rno database") == ["no database", "all is well"]


def _ended(sim: Sim, pod: SimPod, message: str) -> SimPod:
    end = Exit("app", 1, "Error", message, sim.now.replace(microsecond=0), 1)
    return replace(pod, ready=False, exits=(end,), ends=1)


LINES = [
    "bye",
    "ValueError: no DATABASE_URL",
    'raise ValueError("no DATABASE_URL")',
    'File "/app/main.py", line 8, in main',
    "main()",
]


@pytest.mark.parametrize("strategy", every(3, ["rolling", "blueGreen", "canary", "bigBang"]))
def test_the_cause_of_a_crash_is_one_line_and_its_last_lines_are_kept_beside_it(strategy: str) -> None:
    sim = run(until(releasing_v2(strategy), lambda s: set(s.selected()) == {V2}), 8)
    for pod in sim.of(V2):
        sim.change(pod, _ended(sim, pod, PYTHON))
    sim.drop(V2)
    quiet(sim)
    assert sim.status["phase"] == "RollingBack"
    assert sim.status["lastLines"] == LINES
    rest(sim)
    record = sim.releases["shop-2"]["status"]
    assert "(Error, 1 restart): ValueError: no DATABASE_URL" in record["why"]
    assert "Traceback" not in record["why"]
    assert "ValueError: no DATABASE_URL" in sim.status["message"]
    assert sim.status["lastLines"] == sim.status["failed"]["lastLines"] == record["lastLines"] == LINES


def test_the_last_lines_of_what_is_awaited_are_told_while_it_waits_and_are_gone_once_it_is_well() -> None:
    sim = releasing_v2("bigBang", progressDeadlineSeconds=120)
    sim.broken = frozenset({V2})
    until(sim, lambda s: len(s.of(V2)) == 4)
    pod = sim.of(V2)[0]
    sim.change(pod, _ended(sim, pod, PYTHON))
    run(sim, 9)
    assert sim.status["phase"] == "Progressing"
    assert "ValueError: no DATABASE_URL" in sim.status["message"], (
        "a crash says more than pods that only wait"
    )
    assert sim.status["lastLines"] == LINES
    sim.broken = frozenset()
    assert rest(sim).status["phase"] == "Healthy"
    assert sim.status["lastLines"] == []
    assert sim.releases["shop-2"]["status"]["lastLines"] == []


def test_what_was_killed_for_its_memory_is_not_explained_by_the_last_line_of_its_log() -> None:
    sim = releasing_v2("bigBang")
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.of(V2))
    end = Exit("app", 137, "OOMKilled", "GET / 200\n", sim.now, 1)
    sim.pods = tuple(replace(p, ready=False, exits=(end,)) if p.revision == V2 else p for p in sim.pods)
    run(sim, 9)
    assert "GET / 200" not in sim.status["message"]
    assert sim.status["lastLines"] == ["GET / 200"]


# --- FallbackToLogsOnError ------------------------------------------------------------------------------


def _policies(deployment: dict[str, Any]) -> dict[str, str]:
    pod = deployment["spec"]["template"]["spec"]
    all_of_them = (*pod.get("initContainers", ()), *pod["containers"])
    return {each["name"]: each.get("terminationMessagePolicy", "") for each in all_of_them}


def _with_three_containers() -> dict[str, Any]:
    made = template()
    containers = [
        {"name": "app", "image": "shop:v1"},
        {"name": "own", "image": "x", "terminationMessagePolicy": "File"},
    ]
    return {
        **made,
        "spec": {"containers": containers, "initContainers": [{"name": "migrate", "image": "shop:v1"}]},
    }


def test_every_container_that_says_nothing_of_it_leaves_the_end_of_its_log() -> None:
    sim = Sim(rollout({"rolling": {}}, template=_with_three_containers()))
    rest(sim)
    revision = revision_of(_with_three_containers())
    assert sim.status["stable"]["revision"] == revision, "it is no part of the hash"
    assert _policies(sim.deployments[f"shop-{revision}"]) == {
        "migrate": "FallbackToLogsOnError",
        "app": "FallbackToLogsOnError",
        "own": "File",
    }
    assert sim.releases["shop-1"]["spec"]["template"] == _with_three_containers(), (
        "the record is as submitted"
    )


def _made_by_an_older_operator(sim: Sim) -> dict[str, Any]:
    """The Deployment of v1 without what older operators did not add; the API server's default is there instead."""
    live = sim.deployments[f"shop-{V1}"]
    pod = live["spec"]["template"]["spec"]
    containers = [{**each, "terminationMessagePolicy": "File"} for each in pod["containers"]]
    marks = {k: v for k, v in live["metadata"]["annotations"].items() if k != "crossfade.dev/last-words"}
    changed = {**live["spec"]["template"], "spec": {**pod, "containers": containers}}
    after = {
        **live,
        "metadata": {**live["metadata"], "annotations": marks},
        "spec": {**live["spec"], "template": changed},
    }
    sim.deployments[f"shop-{V1}"] = after
    return after


def test_the_deployments_of_an_older_operator_are_left_as_they_are() -> None:
    sim = serving_v1("rolling")
    old, writes = _made_by_an_older_operator(sim), len(sim.writes)
    rest(sim)
    assert sim.writes[writes:] == []
    sim.act("Restart")
    rest(sim)
    assert _policies(sim.deployments[f"shop-{V1}"]) == {"app": ""}, "its template is written as it was made"
    assert "crossfade.dev/last-words" not in sim.deployments[f"shop-{V1}"]["metadata"]["annotations"]
    assert old["spec"]["replicas"] == 4
    sim.set_image("shop:v2")
    rest(sim)
    assert _policies(sim.deployments[f"shop-{V2}"]) == {"app": "FallbackToLogsOnError"}


def test_the_mark_of_it_comes_back_where_somebody_took_it_away() -> None:
    sim = serving_v1("rolling")
    live = sim.deployments[f"shop-{V1}"]
    kept = {k: v for k, v in live["metadata"]["annotations"].items() if k != "crossfade.dev/last-words"}
    sim.deployments[f"shop-{V1}"] = {**live, "metadata": {**live["metadata"], "annotations": kept}}
    rest(sim)
    annotations = sim.deployments[f"shop-{V1}"]["metadata"]["annotations"]
    assert annotations["crossfade.dev/last-words"] == "FallbackToLogsOnError"


def test_a_restart_keeps_it_on_what_was_made_with_it() -> None:
    sim = serving_v1("rolling")
    sim.act("Restart")
    rest(sim)
    assert _policies(sim.deployments[f"shop-{V1}"]) == {"app": "FallbackToLogsOnError"}


# --- while they served, or before they were ready -------------------------------------------------------


@pytest.mark.parametrize("strategy", ["rolling", "canary"])
def test_a_crash_loop_of_what_may_serve_as_soon_as_it_is_ready_fails_within_ten_seconds_and_is_told_as_such(
    strategy: str,
) -> None:
    sim = releasing_v2(strategy)
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.of(V2))
    sim.crash(sim.of(V2)[0], ready=False)
    run(sim, 9)
    assert sim.status["failed"]["reason"] == "CandidateCrashed"
    assert sim.status["failed"]["message"].startswith(
        "1 of 1 pods crashed before it was ready (0 allowed); pod "
    )


@pytest.mark.parametrize("strategy", ["blueGreen", "bigBang"])
def test_a_crash_loop_of_what_may_not_serve_yet_waits_for_the_deadline(strategy: str) -> None:
    sim = releasing_v2(strategy, progressDeadlineSeconds=60)
    sim.broken = frozenset({V2})
    until(sim, lambda s: s.of(V2))
    sim.crash(sim.of(V2)[0], ready=False)
    run(sim, 50)
    assert not sim.status.get("failed")
    until(sim, phase("RolledBack"))
    assert sim.status["failed"]["reason"] == "CandidateUnavailable"


def test_crashes_of_pods_that_served_and_of_some_that_were_never_ready_are_told_apart() -> None:
    sim = until(releasing_v2({"canary": {"steps": [{"weight": 75, "pauseSeconds": 600}]}}), stands_at(0))
    served, *others = sim.of(V2)
    for pod in others:
        sim.change(pod, replace(pod, since=None, ready=False))
    for pod in sim.of(V2):
        sim.crash(pod, ready=False)
    quiet(sim)
    assert served.ready
    assert "3 of 3 pods crashed, 2 of them before they were ready (0 allowed)" in sim.status["message"]
