"""What a call to a cluster imports: the list is what keeps it quick, and time on a busy machine says nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from view.stored import rollout

SOURCE_ROOT = Path(__file__).parents[2] / "operator"
STORED = rollout(phase="Healthy", message="Revision bbb222 serves.")
PATHS = {
    "/apis/crossfade.dev/v1alpha1/namespaces/demo/rollouts/shop": STORED,
    "/apis/crossfade.dev/v1alpha1/namespaces/demo/rollouts": {"metadata": {}, "items": [STORED]},
    "/apis/crossfade.dev/v1alpha1/namespaces/demo/rolloutactions": {
        "metadata": {"name": "shop-abort-1"},
        "spec": {"action": "Abort"},
    },
    "/apis/crossfade.dev/v1alpha1/namespaces/demo/rolloutactions/shop-abort-1": {
        "metadata": {"name": "shop-abort-1", "resourceVersion": "1"},
        "spec": {"action": "Abort"},
        "status": {"state": "Done"},
    },
    "/apis/authentication.k8s.io/v1/selfsubjectreviews": {"status": {"userInfo": {"username": "ann"}}},
}
OURS = {
    "api.bounds",
    "api.conditions",
    "api.labels",
    "api.parsing",
    "api.printable",
    "cli",
    "cli.action",
    "cli.approve",
    "cli.audit",
    "cli.completion",
    "cli.connection",
    "cli.convert",
    "cli.diff",
    "cli.errors",
    "cli.exit_codes",
    "cli.follow",
    "cli.freeze",
    "cli.history",
    "cli.listing",
    "cli.logs",
    "cli.main",
    "cli.output",
    "cli.plan",
    "cli.policies",
    "cli.policy",
    "cli.queue",
    "cli.reference",
    "cli.releases",
    "cli.report",
    "cli.set_image",
    "cli.status",
    "cli.terminal",
    "cli.tree",
    "cli.undo",
    "cli.unfreeze",
    "cli.verdict",
}
"""Of `api`, `cli` and the client no more may be imported; the views are small, and light by their own rule."""

CLIENT = {
    "wire",
    "wire.direct",
    "wire.errors",
    "wire.http",
    "wire.impersonation",
    "wire.kubeconfig",
    "wire.resources",
    "wire.warnings",
}
OTHERS = {"yaml", "_yaml", "cython_runtime"}
"""Of other people's packages, all that a call may import: kubeconfigs are YAML."""


class Answering(BaseHTTPRequestHandler):
    """An API server of the few objects above; what it does not have, it says as the real one does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        found = PATHS.get(self.path.split("?")[0])
        self.answer(200 if found else 404, found or {"metadata": {}, "reason": "NotFound", "message": "no"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, PATHS[self.path.split("?")[0]])

    def answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        yield written(server.server_port, tmp_path_factory)
        server.shutdown()


def written(port: int, folders: pytest.TempPathFactory) -> Path:
    """A kubeconfig for that port."""
    path = folders.mktemp("quick") / "config"
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "demo"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {}}],
    }
    path.write_text(json.dumps(config))
    return path


def imported(kubeconfig: Path, *arguments: str) -> set[str]:
    """All modules that a process of its own has imported when the command is done."""
    code = (
        f"import sys; sys.path.insert(0, {str(SOURCE_ROOT)!r}); from crossfade.cli.main import main; "
        f"code = main({list(arguments)!r}); print(code, *sys.modules)"
    )
    environment = {"KUBECONFIG": str(kubeconfig), "PATH": ""}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    code_and_modules = answer.stdout.splitlines()[-1].split()
    assert code_and_modules[0] == "0", answer.stdout + answer.stderr
    return set(code_and_modules[1:])


@pytest.mark.parametrize(
    "command", [("status", "shop"), ("list",), ("list", "-o", "json"), ("abort", "shop")]
)
def test_a_call_imports_no_more_than_it_needs(kubeconfig: Path, command: tuple[str, ...]) -> None:
    modules = imported(kubeconfig, *command)
    ours = {name.removeprefix("crossfade.") for name in modules if name.startswith("crossfade.")}
    assert {name for name in ours if name.split(".")[0] in {"api", "cli", "wire"}} - {"api"} <= OURS | CLIENT
    tops = {name.partition(".")[0] for name in modules if not name.startswith("_cython_")}
    assert (
        tops - set(sys.stdlib_module_names) - {"crossfade", "__main__", "__mp_main__"} - of_site() <= OTHERS
    )


def test_the_light_client_is_what_a_call_takes(kubeconfig: Path) -> None:
    modules = imported(kubeconfig, "status", "shop")
    assert {f"crossfade.{name}" for name in CLIENT} <= modules
    assert "crossfade.cluster" not in modules


def of_site() -> set[str]:
    """What this Python imports before any program of ours (files of site-packages that it runs at each start)."""
    answer = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in answer.stdout.split()}
