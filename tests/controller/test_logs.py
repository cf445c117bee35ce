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


HOSTILE = "a\x1b[2J\x9b\x00\x7f\u202e\nW [ns/other] all is well"


def test_text_that_others_wrote_neither_commands_a_terminal_nor_looks_like_a_line(capsys: Said) -> None:
    set_up("text", "info")
    with about("ns", "shop"):
        logging.getLogger("crossfade").warning("the API server refused: %s", HOSTILE)
        why = ValueError(HOSTILE)
        logging.getLogger("crossfade").error("the pass failed", exc_info=why)
    said = capsys.readouterr().err
    assert [each for each in "\x1b\x9b\x00\x7f\u202e" if each in said] == []
    assert "refused: a\\x1b[2J\\x9b\\x00\\x7f\\u202e\\nW [ns/other]" in said


def test_json_says_the_same_and_stays_json(capsys: Said) -> None:
    set_up("json", "info")
    logging.getLogger("crossfade").warning("refused: %s", HOSTILE, extra={"reason": HOSTILE})
    said = capsys.readouterr().err
    assert [each for each in "\x1b\x9b\x00\x7f\u202e" if each in said] == []
    assert json.loads(said)["message"] == f"refused: {HOSTILE}"


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
