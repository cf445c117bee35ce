"""What became of the requests, as lines on the standard output."""

import asyncio
import sys

FLUSH_EVERY_S = 0.1
A_LINE = 100  # records: a node's logs cut lines at 16 KB


class Recorder:
    """Collects the records and writes them out ten times a second."""

    def __init__(self) -> None:
        self.records: list[str] = []

    def add(
        self, at_s: float, kind: str, outcome: str, version: str, latency_s: float, user: int | None = None
    ) -> None:
        more = "" if user is None else f" {user}"
        self.records.append(f"{at_s:.3f} {kind} {outcome} {version} {latency_s * 1000:.1f}{more}")

    def note(self, text: str) -> None:
        self.flush()
        sys.stdout.write(f"# {text}\n")
        sys.stdout.flush()

    def flush(self) -> None:
        while self.records:
            sys.stdout.write(";".join(self.records[:A_LINE]) + "\n")
            del self.records[:A_LINE]
        sys.stdout.flush()

    async def flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            self.flush()


def outcome_of(error: Exception) -> str:
    """The word for a request that got no answer."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, EOFError):
        return "closed"
    if isinstance(error, ConnectionError):
        return "reset"
    return "unreachable"
