r"""An audit as CSV: RFC 4180, with nothing in it that a spreadsheet or a terminal would act upon.

A spreadsheet computes a cell that begins with `=`, `+`, `-` or `@` (also their full-width forms), whatever was quoted. A
reason or an image is anybody's text, so an apostrophe is put before such a character: spreadsheets show the cell as text
then. Some split at `;`, at tabs or at `|` instead of commas, and end a quoted text elsewhere: what follows one of those is
treated as the beginning of a cell too. Control characters and line breaks are written as their numbers, so a record is
one line. Facts of one cell are parted by ` | `; a `|` in somebody's words is written `\|`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Final

from crossfade.api.printable import one_line
from crossfade.view.audit import Audit
from crossfade.view.audit_row import Image, Row
from crossfade.view.audit_words import did, held, moment, said

COLUMNS: Final = (
    "startedAt",
    "endedAt",
    "namespace",
    "rollout",
    "release",
    "revision",
    "imagesBefore",
    "images",
    "strategy",
    "outcome",
    "why",
    "requestedBy",
    "requestedHow",
    "actions",
    "approvals",
    "bypasses",
    "heldBy",
    "undone",
    "full",
)
"""New ones come at the end, and none ever goes or changes its meaning."""

_FORMULA: Final = re.compile(r"((?:^|[,;|])[\s\"']*)([=+\-@＝＋－＠])")


def lines(answer: Audit) -> Iterator[str]:
    """Give the header and a line for each release, without their ends."""
    yield _line(COLUMNS)
    yield from (_line(_cells(row)) for row in answer.releases)


def cell(text: str) -> str:
    """Give a text that no spreadsheet takes for a formula, in one line."""
    return _FORMULA.sub(r"\1'\2", one_line(text))


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="").writerow([cell(each) for each in cells])
    return written.getvalue()


def _cells(row: Row) -> Iterator[str]:
    yield from (moment(row.started_at), moment(row.ended_at))
    yield from (row.namespace, row.rollout, str(row.release), row.revision)
    yield from (_joined(map(_before, row.images)), _joined(map(_after, row.images)))
    yield from (row.strategy, row.outcome, row.why)
    yield from (row.requested_by.name, row.requested_by.how)
    yield _joined(map(did, row.actions))
    yield _joined(map(said, row.approvals))
    yield _joined(map(said, row.bypasses))
    yield _joined(map(held, row.held_by))
    yield said(row.undone) if row.undone else ""
    yield _joined(row.full)


def _before(image: Image) -> str:
    """Empty where there was no such container; `?` where nobody knows any more."""
    old = "?" if image.old is None else image.old
    return f"{image.container}={old}" if old else ""


def _after(image: Image) -> str:
    return f"{image.container}={image.new}" if image.new else ""


def _joined(facts: Iterable[str]) -> str:
    return " | ".join(fact.replace("|", "\\|") for fact in facts if fact)
