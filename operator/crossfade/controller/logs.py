"""Logs as JSON lines that say which Rollout and which revision they are about, or as text for people."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from crossfade.api.printable import one_line, printable

_about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039 -- never changed in place


@contextlib.contextmanager
def about(namespace: str, name: str) -> Iterator[None]:
    """Mark every line of the block as being about that Rollout."""
    token = _about.set({"namespace": namespace, "name": name})
    try:
        yield
    finally:
        _about.reset(token)


def about_revision(revision: str) -> None:
    """Mark the following lines of the block as being about that revision."""
    if revision:
        _about.set({**_about.get(), "revision": revision})


class _Json(JsonFormatter):
    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Add level, logger and the Rollout that the line is about."""
        log_data |= {"level": record.levelname.lower(), "logger": record.name, **_about.get()}
        super().add_fields(log_data, record, message_dict)

    def format(self, record: logging.LogRecord) -> str:
        """The line; JSON escapes what commands a terminal, but for one character."""
        return super().format(record).replace("\x7f", "\\u007f")


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The line, with the Rollout that it is about."""
        where = _about.get()
        record.where = f" [{'/'.join(where.values())}]" if where else ""
        return printable(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """The message in one line: nobody's text can look like a line of another time or place."""
        record.message = one_line(record.message)
        return super().formatMessage(record)


def set_up(form: str, level: str) -> None:
    """Send all logs to standard error, as `json` or `text`. Kopf tells only what is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Json("%(message)s", timestamp=True)
        if form == "json"
        else _Text("%(asctime)s %(levelname).1s%(where)s %(message)s")
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
