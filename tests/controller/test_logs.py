"""A log line says which Rollout and which revision it is about."""

import json
import logging
from collections.abc import Iterator

import pytest

from crossfade.controller.logs import about, about_revision, set_up

Said = pytest.CaptureFixture[str]


def last(capsys: Said) -> dict[str, str]:
    line: dict[str, str] = json.loads(capsys.readouterr().err.splitlines()[-1])
    return line


def test_a_line_is_json_with_namespace_name_and_revision(capsys: Said) -> None:
    set_up("json", "info")
    with about("ns", "shop"):
        about_revision("abc")
        logging.getLogger("crossfade").info("wrote %s", "it", extra={"reason": "Because"})
    line = last(capsys)
    assert (line["namespace"], line["name"], line["revision"]) == ("ns", "shop", "abc")
    assert (line["message"], line["level"], line["reason"]) == ("wrote it", "info", "Because")


def test_the_mark_ends_with_its_block(capsys: Said) -> None:
    set_up("json", "info")
    with about("ns", "shop"):
        pass
    logging.getLogger("crossfade").info("later")
    assert "namespace" not in last(capsys)


def test_text_is_for_people(capsys: Said) -> None:
    set_up("text", "info")
    with about("ns", "shop"):
        logging.getLogger("crossfade").warning("careful")
    assert capsys.readouterr().err.endswith("W [ns/shop] careful\n")


def test_kopf_tells_only_what_is_wrong(capsys: Said) -> None:
    set_up("text", "debug")
    logging.getLogger("kopf.objects").info("handler succeeded")
    assert capsys.readouterr().err == ""


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Logging is the process's: other tests must find it as they expect it."""
    root, kopf = logging.getLogger(), logging.getLogger("kopf")
    handlers, level, kopf_level = root.handlers[:], root.level, kopf.level
    yield
    root.handlers[:], kopf.level = handlers, kopf_level
    root.setLevel(level)
