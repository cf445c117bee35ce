"""The operator as a process of its own outside the cluster, started again whenever it ends, as the kubelet would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.namespaces import OWN
from bench.scale.fake_node import tied
from faults.upstream import kubeconfig_for

SOURCE_ROOT = Path(__file__).parents[2] / "operator"
_ENDS_WITHIN_S = 60


@dataclass(frozen=True)
class End:
    """How one run of the process ended: its exit code, negative for a signal, and when (monotonic seconds)."""

    code: int
    at_s: float


class Revived:
    """A process that is started again whenever it ends; enter it to start it, leave it to end it.

    What it writes goes to `log`. With `revived` False it stays ended until `start`.
    """

    def __init__(self, command: list[str], log: Path, *, revived: bool = True) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.revived = revived
        self.ends: list[End] = []
        self._command = command
        self._ended = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._leaving = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._ended:
            self._leaving = True
            self.kill()  # a frozen process too
        if self._process is not None:
            self._process.wait()

    def start(self) -> None:
        """Start it; and again whenever it ends, where it is to be revived."""
        started = threading.Event()
        threading.Thread(target=self._watch_over, args=(started,), daemon=True).start()
        started.wait()

    def _watch_over(self, started: threading.Event) -> None:
        """In one thread, which the process is tied to: it ends with this one, also where this one is killed."""
        environment = {key: value for key, value in os.environ.items() if key != "KUBECONFIG"}
        environment["PYTHONPATH"] = str(SOURCE_ROOT)
        while True:
            with self._ended:
                if self._leaving:
                    started.set()
                    return
                with self.log.open("ab") as out:
                    command = [*tied("KILL"), *self._command]
                    process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
                self._process = process
                started.set()
            code = process.wait()
            with self._ended:
                self.ends.append(End(code, time.monotonic()))
                self._ended.notify_all()
                if not self.revived:
                    return

    def kill(self) -> None:
        """End it by SIGKILL, now."""
        self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, as the kubelet does."""
        self._signal(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop its clock: it holds its connections and its beliefs, and does nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if no time had passed."""
        self._signal(signal.SIGCONT)

    def wait_ended(self, ends: int = 1, timeout_s: float = _ENDS_WITHIN_S) -> End:
        """Wait until it has ended for the `ends`-th time; how."""
        with self._ended:
            if not self._ended.wait_for(lambda: len(self.ends) >= ends, timeout_s):
                raise AssertionError(f"the process did not end within {timeout_s} s; its log: {self.log}")
            return self.ends[ends - 1]

    @property
    def pid(self) -> int:
        """The process that runs now, or ran last."""
        return self._started().pid

    def told(self) -> str:
        """Its log so far."""
        return self.log.read_text(errors="replace")

    def _signal(self, number: signal.Signals) -> None:
        self._started().send_signal(number)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the process was not started")
        return self._process


class Operator(Revived):
    """One operator on one namespace, reached through one proxy.

    With `lease`, it takes part in the election in its namespace, else it works alone. Its log goes to
    `folder`/NAME.log. `options`: what else it is told.
    """

    def __init__(
        self,
        address: str,
        namespace: str,
        folder: Path,
        *,
        name: str = "operator",
        lease: bool = False,
        revived: bool = True,
        options: tuple[str, ...] = (),
    ) -> None:
        if not namespace.startswith(f"{OWN}-"):
            raise ValueError(f"the installed operator works in {namespace} too: mark the test `own_operator`")
        folder.mkdir(parents=True, exist_ok=True)
        kubeconfig = folder / f"{name}.kubeconfig"
        kubeconfig.write_text(kubeconfig_for(address, namespace))
        command = [
            *(sys.executable, "-m", "crossfade.controller"),
            *("--kubeconfig", str(kubeconfig), "--namespace", namespace, "--log-format", "text"),
            *("--health-port", "0", "--metrics-port", "0"),
            *(("--lease-namespace", namespace) if lease else ("--no-lease",)),
            *options,
        ]
        super().__init__(command, folder / f"{name}.log", revived=revived)
