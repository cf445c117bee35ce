"""What goes on beside a story, in a thread of its own."""

import threading
from types import TracebackType
from typing import Self


class Background:
    """While entered, `go_on` runs; it is to return soon after `stopping` is set."""

    def __init__(self, name: str) -> None:
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.go_on, daemon=True, name=name)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def go_on(self) -> None:
        """Do it, again and again, until `stopping` is set."""
        raise NotImplementedError

    def stop(self) -> None:
        """End it, and wait until it has ended."""
        self.stopping.set()
        self.thread.join()
