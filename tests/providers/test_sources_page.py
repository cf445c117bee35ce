"""What docs/sources.md tells to type verifies what is sent, and its numbers are those in the code."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crossfade.providers import body, fetch, place, prometheus, promql
from crossfade.providers.builtin.registered import ROUTERS
from crossfade.providers.expressions import conditions, jsonpath, paths
from crossfade.providers.expressions.process import Bounds
from crossfade.providers.outcome import Refused
from crossfade.providers.placeholders import OURS
from crossfade.providers.signature import signed

PAGE = (Path(__file__).parents[2] / "docs" / "sources.md").read_text()
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
AT_S = 1_790_000_000
BODY = b'{"rollout":"shop"}\n'


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def headers(key: str = KEY) -> dict[str, str]:
    sent = signed(key.encode(), "shop-7-2", AT_S, BODY)
    assert not isinstance(sent, Refused)
    return {name: each.reveal() for name, each in sent.items()}


def is_genuine(*arguments: Any) -> bool:
    known: dict[str, Any] = {}
    exec(block("python"), known)  # noqa: S102 -- the page's own example
    return bool(known["is_genuine"](*arguments))


@pytest.mark.parametrize("key", [KEY, "k" * 32])
def test_its_python_verifies_what_is_sent(key: str) -> None:
    sent = headers(key)
    assert is_genuine(key, sent, BODY, AT_S + 1)
    several = {**sent, "webhook-signature": f"v1a,x {sent['webhook-signature']}"}
    assert is_genuine(key, several, BODY, AT_S + 1)


def test_its_python_refuses_what_was_changed_and_what_is_old() -> None:
    assert not is_genuine(KEY, headers(), BODY + b" ", AT_S)
    assert not is_genuine(KEY, {**headers(), "webhook-id": "shop-7-3"}, BODY, AT_S)
    assert not is_genuine("k" * 32, headers(), BODY, AT_S)
    assert not is_genuine(KEY, headers(), BODY, AT_S + 301)
    assert not is_genuine(KEY, headers(), BODY, AT_S - 301)


@pytest.mark.parametrize(("change", "says"), [(b"", "genuine\n"), (b" ", "")])
def test_its_shell_verifies_what_is_sent(change: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(BODY + change)
    sent = headers()
    given = {"ID": "shop-7-2", "TIMESTAMP": f"{AT_S}", "SIGNATURE": sent["webhook-signature"], "KEY": KEY}
    done = subprocess.run(
        ["sh", "-c", block("sh")],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == says, done.stderr


def test_its_limits_are_those_in_the_code() -> None:
    bounds = Bounds()
    for said in (
        f"| {fetch.WITHIN_S:g} s, at most {fetch.LONGEST_WITHIN_S:g} s |",
        f"| {body.size(body.LONGEST)}; only gzip is unpacked |",
        f"| {body.DEEPEST} levels |",
        f"| {fetch.LONGEST_SENT // 1024} KiB; a query {promql.LONGEST} characters, a URL {place.LONGEST} |",
        f"| {fetch.CONNECTIONS_EACH} to one host, {fetch.CONNECTIONS} in all |",
        f"| points of a range | {prometheus.POINTS} |",
        f"| {conditions.LONGEST} characters, {bounds.cpu_s:g} s of processor time, {body.size(bounds.headroom)} |",
        f"| {paths.LONGEST} characters, the same time and memory; it may lead to {jsonpath.MOST} values |",
        f"| conditions and paths that wait | {bounds.waiting} |",
    ):
        assert said in PAGE


def test_it_names_every_placeholder_and_every_router() -> None:
    for name in OURS:
        assert f"{{{{{name}}}}}" in PAGE
    table = PAGE.partition("| router |")[2].partition("\n\n")[0]
    assert table.count("\n") - 1 == len(ROUTERS)


def test_it_has_no_manifest_whose_fields_may_still_change() -> None:
    assert "```yaml" not in PAGE
