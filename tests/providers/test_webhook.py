"""A webhook decides by what it says, and by nothing that it leaves out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from crossfade.providers.fetch import USUAL, Limits
from crossfade.providers.outcome import Refused, SourceError
from crossfade.providers.secret import Secret
from crossfade.providers.signature import signed
from crossfade.providers.webhook import No, NotYet, Webhook, Yes
from providers.served import BRIEF, Handler, answers, asking

KEY = b"0123456789abcdef0123456789abcdef"
QUESTION = {"namespace": "web", "rollout": "shop", "weight": 25}
NEITHER = "which is neither yes (204), no (409) nor not yet (202)"
WORDLESS = (
    '… answers with 200 and without {"answer": "yes"}, "no" or "notYet", so nothing is decided: '
    "let it answer so, or with 204, 409 or 202"
)


async def asked(handler: Handler, key: bytes = KEY, limits: Limits = USUAL) -> Any:
    async with asking(handler) as (fetch, url):
        told = await Webhook(f"{url}/may-i", key, limits).ask(fetch, QUESTION, "shop-7-2", 1_790_000_000)
        if isinstance(told, SourceError):
            return SourceError(told.why.replace(url, "…"), told.retry_after_s)
        return Refused(told.why.replace(url, "…")) if isinstance(told, Refused) else told


@pytest.mark.parametrize(
    ("handler", "told"),
    [
        (answers("", 204), Yes()),
        (answers('{"answer": "yes"}'), Yes()),
        (answers('{"answer": "yes", "message": "go\\n"}'), Yes("go")),
        (answers("", 409), No()),
        (answers('{"message": "a freeze"}', 409), No("a freeze")),
        (answers('{"answer": "no", "message": "\\u001b[2Ja freeze"}'), No("\\x1b[2Ja freeze")),
        (answers("", 202), NotYet()),
        (answers('{"message": "2 of 3 said so"}', 202, Retry_After="30"), NotYet("2 of 3 said so", 30.0)),
        (answers('{"answer": "notYet"}', Retry_After="5"), NotYet("", 5.0)),
        (answers('{"answer": "no", "message": "' + "x" * 300 + '"}'), No("x" * 200 + "…")),
    ],
)
async def test_yes_no_and_not_yet(handler: Handler, told: object) -> None:
    assert await asked(handler) == told


@pytest.mark.parametrize(
    "handler",
    [
        answers(""),
        answers("OK", kind="text/plain"),
        answers("<html>sign in</html>", kind="text/html"),
        answers("{}"),
        answers('"yes"'),
        answers('["yes"]'),
        answers('{"answer": true}'),
        answers('{"answer": "Yes"}'),
        answers('{"answer": "maybe"}'),
        answers('{"answer": "yes"'),
    ],
)
async def test_a_200_without_the_word_decides_nothing(handler: Handler) -> None:
    assert await asked(handler) == SourceError(WORDLESS)


@pytest.mark.parametrize("status", [201, 206, 400, 401, 403, 404, 410, 418, 500, 502, 503])
async def test_any_other_status_decides_nothing_whatever_it_says(status: int) -> None:
    told = await asked(answers('{"answer": "yes"}', status))
    assert told == SourceError(f"… answers with {status}, {NEITHER}")


async def test_a_webhook_that_is_busy_says_when_to_ask_again() -> None:
    assert await asked(answers("", 429, Retry_After="9")) == SourceError(
        f"… answers with 429, {NEITHER}", 9.0
    )


async def test_one_that_is_silent_decides_nothing() -> None:
    async def handler(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    told = await asked(handler, limits=BRIEF)
    assert isinstance(told, SourceError)
    assert "has not answered within 0.2 s" in told.why


async def test_one_that_sends_elsewhere_is_not_followed() -> None:
    assert isinstance(await asked(answers("", 307, Location="/yes")), Refused)


async def test_what_is_sent_is_signed_and_is_the_same_each_time() -> None:
    seen: list[dict[str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        body = await request.read()
        expected = signed(KEY, request.headers["webhook-id"], int(request.headers["webhook-timestamp"]), body)
        assert not isinstance(expected, Refused)
        assert request.headers["webhook-signature"] == expected["webhook-signature"].reveal()
        seen.append({"id": request.headers["webhook-id"], "body": body.decode(), "path": request.path})
        return web.Response(status=204)

    assert await asked(handler) == await asked(handler) == Yes()
    body = '{"namespace":"web","rollout":"shop","weight":25}'
    assert seen == [{"id": "shop-7-2", "body": body, "path": "/may-i"}] * 2


async def test_without_a_good_key_nothing_is_asked() -> None:
    told = await asked(answers("", 204), key=b"short")
    assert told == Refused("the webhook's key has 5 bytes, and must have 24 to 64: make a new one at random")


def test_its_key_is_not_shown() -> None:
    assert "hunter" not in repr(Webhook("http://a.example/", b"hunter22" * 4))
    assert "hunter" not in f"{Secret('hunter22')}"
