"""What the scale bench makes is gone afterwards, whatever happens; and no process of it is left."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import kube
from bench.kube import ApiError
from bench.scale import fake_node, leader, many


class Cluster:
    """As much of an API server as making and removing needs: objects by path, and what was asked."""

    kubeconfig = Path("kubeconfig")

    def __init__(self, *namespaces: str) -> None:
        self.namespaces = list(namespaces)
        self.nodes: list[str] = []
        self.replicas: list[int] = [2]
        self.pods: list[str] = []
        self.running: set[str] = set()

    def request(self, method: str, path: str, body: Any = None, content_type: str = "") -> dict[str, Any]:
        if path.startswith("/api/v1/nodes"):
            return self._node(method, body)
        if "serviceaccounts" in path:
            return {"items": ["default"]}
        if "/pods" in path:
            return self._pods(method, path)
        return {"items": [{"metadata": {"name": name}} for name in self.namespaces]}

    def _node(self, method: str, body: Any) -> dict[str, Any]:
        if method == "POST":
            self.nodes.append(body["metadata"]["name"])
        elif not self.nodes:
            raise ApiError(404, "there is no such node")
        elif method == "DELETE":
            self.nodes.clear()
        ready = [{"type": "Ready", "status": "True"}]
        return {"spec": {"taints": [fake_node.TAINT]}, "status": {"conditions": ready}}

    def _pods(self, method: str, path: str) -> dict[str, Any]:
        there = {name for name in self.running if f"/{name}/" in path}
        if method == "DELETE":
            assert "gracePeriodSeconds=0" in path
            assert not there & set(self.namespaces), "their Deployments would make new ones"
            self.running -= there
        return {"items": sorted(there)}

    def create(self, manifest: dict[str, Any]) -> None:
        self.namespaces.append(manifest["metadata"]["name"])

    def delete(self, kind: str, namespace: str, name: str) -> None:
        self.namespaces.remove(name)

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        return {"spec": {"replicas": self.replicas[-1]}}

    def list(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        return [{"metadata": {"name": name}} for name in self.pods]

    def scale(self, kind: str, namespace: str, name: str, replicas: int) -> None:
        self.replicas.append(replicas)


def ended_by(end: type[BaseException], seen: list[str], there: list[str]) -> None:
    """Keep what is there in the middle of a run, and end it."""
    seen.extend(there)
    raise end


@pytest.mark.parametrize("end", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_namespaces_are_gone_however_a_run_ends(end: type[BaseException]) -> None:
    cluster: Any = Cluster()
    seen: list[str] = []
    with pytest.raises(end), many.places(cluster):
        ended_by(end, seen, cluster.namespaces)
    assert len(seen) == many.NAMESPACES
    assert cluster.namespaces == []


def test_namespaces_of_a_killed_run_are_removed_before_new_ones_are_made() -> None:
    cluster: Any = Cluster("crossfade-scale-1", "crossfade-scale-9")
    with many.places(cluster) as places:
        assert cluster.namespaces == places
        assert "crossfade-scale-9" not in places


def test_no_pod_is_left_when_a_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube.time, "sleep", lambda _: None)
    cluster: Any = Cluster()
    with many.places(cluster) as places:
        cluster.running.update(places)
    assert cluster.running == set()


def test_kwok_ends_with_a_bench_that_is_killed(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    plays = f"import time; f = open({str(alive)!r}, 'w'); f.write('alive '); f.flush(); time.sleep(30); f.write('for ever')"
    runs = f"from bench.scale.fake_node import *\nwith running([{sys.executable!r}, '-c', {plays!r}], Path({str(tmp_path / 'log')!r})) as p: p.wait()"
    bench = subprocess.Popen([sys.executable, "-c", runs], cwd=fake_node.ROOT)
    with alive.open() as said:
        assert said.read(6) == "alive "
        bench.kill()
        bench.wait()
        assert said.read() == ""


@pytest.mark.parametrize("end", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_the_node_and_kwok_are_gone_however_a_run_ends(
    end: type[BaseException], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage = tmp_path / "stage.yaml"
    stage.write_text("kind: Stage\n")
    monkeypatch.setattr(fake_node, "built", lambda: Path(sys.executable))
    monkeypatch.setattr(fake_node, "stage_files", lambda: [stage])
    monkeypatch.setattr(fake_node, "arguments", lambda *_: ["-c", "import time; time.sleep(60)"])
    started: list[Any] = []
    popen = fake_node.subprocess.Popen
    monkeypatch.setattr(
        fake_node.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1]
    )
    cluster: Any = Cluster()
    seen: list[str] = []
    with pytest.raises(end), fake_node.playing(cluster):
        ended_by(end, seen, cluster.nodes)
    assert seen == [fake_node.NODE]
    assert cluster.nodes == []
    assert started[0].returncode is not None


def test_a_kwok_that_ends_at_once_is_told_with_what_it_wrote(tmp_path: Path) -> None:
    log, cluster = tmp_path / "kwok.log", Cluster()
    cluster.nodes.append(fake_node.NODE)
    with fake_node.running([sys.executable, "-c", "raise SystemExit('no such stage')"], log) as process:
        process.wait(30)
        with pytest.raises(AssertionError, match=r"exit code 1:\nno such stage"):
            fake_node.wait_ready(cluster, process, log)  # type: ignore[arg-type]


def test_an_operator_that_does_not_end_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster: Any = Cluster()
    cluster.pods.append(f"{leader.DEPLOYMENT}-1")
    monkeypatch.setattr(leader, "ENDED_WITHIN_S", -1.0)
    with pytest.raises(AssertionError, match="the operator's end"):
        leader.stopped(cluster)
    assert cluster.replicas == [2, 0, 2]


def test_an_operator_that_has_ended_stays_so_and_its_replicas_are_told() -> None:
    cluster: Any = Cluster()
    assert leader.stopped(cluster) == 2
    assert cluster.replicas == [2, 0]
