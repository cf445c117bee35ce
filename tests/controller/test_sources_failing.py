"""Whatever is wrong with a source, it is told in a sentence, held against nobody, and no secret stands in it."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from aiohttp import web

from controller.source_asked import TOKEN, URL, Reads, answer, silent
from crossfade.core.measured import Down, Wrong
from providers.served import Handler, answers

KEY: Final = "whsec_aHVudGVyMmh1bnRlcjJodW50ZXIyaHVudGVyMg=="
SECRETS: Final = Reads(secrets={"held": {"token": TOKEN.encode(), "key": KEY.encode()}})
HELD: Final = {"name": "held", "key": "token"}
NUMBER: Final = {"success": "result < 1"}
METRICS: Final[dict[str, dict[str, Any]]] = {
    "prometheus": {"prometheus": {"query": "errors", "bearerToken": HELD}, **NUMBER},
    "range": {
        "prometheus": {
            "query": "errors",
            "bearerToken": HELD,
            "range": {"seconds": 60, "stepSeconds": 10},
        },
        "success": "result.all(x, x < 1)",
    },
    "web": {
        "web": {"url": URL, "jsonPath": "$.rate", "headers": [{"name": "X-Key", "secret": HELD}]},
        **NUMBER,
    },
    "web by POST": {
        "web": {"url": URL, "jsonPath": "$.rate", "method": "POST", "body": "{}", "bearerToken": HELD},
        **NUMBER,
    },
    "datadog": {
        "datadog": {
            "queries": [{"name": "a", "query": "sum:errors{*}"}],
            "apiKey": HELD,
            "applicationKey": HELD,
            "address": URL,
        },
        **NUMBER,
    },
    "newRelic": {
        "newRelic": {"account": 1, "query": "SELECT count(*) FROM T", "userKey": HELD, "address": URL},
        **NUMBER,
    },
    "influxdb": {
        "influxdb": {"address": URL, "organization": "shop", "query": "from()", "token": HELD},
        **NUMBER,
    },
    "webhook": {"webhook": {"url": URL, "secret": {"name": "held", "key": "key"}}},
}
every_source = pytest.mark.parametrize("kind", METRICS)


def metric(kind: str) -> dict[str, Any]:
    return {"name": "limit", **METRICS[kind]}


@every_source
async def test_one_that_is_silent_is_down_after_its_time(kind: str) -> None:
    found = await answer(metric(kind), silent, SECRETS, within_s=0.1)
    assert isinstance(found, Down)
    assert found.why.startswith(f"{URL} has not answered within 0.1 s")


@every_source
@pytest.mark.parametrize(
    "handler", [answers("<html>sign in</html>", kind="text/html"), answers("{", 200), answers("", 500)]
)
async def test_what_cannot_be_read_is_down(kind: str, handler: Handler) -> None:
    found = await answer(metric(kind), handler, SECRETS)
    assert isinstance(found, Down)
    assert found.why.startswith(URL)


@every_source
async def test_one_that_sends_elsewhere_is_not_followed(kind: str) -> None:
    found = await answer(metric(kind), answers("", 302, Location="https://elsewhere.example"), SECRETS)
    assert isinstance(found, Wrong)
    assert "sends elsewhere, which is not followed: write the URL that answers" in found.why


@every_source
async def test_one_that_is_busy_is_asked_again_when_it_says(kind: str) -> None:
    found = await answer(metric(kind), answers("{}", 429, Retry_After="90"), SECRETS)
    assert isinstance(found, Down)
    assert found.after_s == 90


@every_source
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422, 500])
async def test_one_that_repeats_what_it_was_sent_makes_no_secret_known(kind: str, status: int) -> None:
    async def echo(request: web.Request) -> web.Response:
        text = f"{dict(request.headers)} {await request.text()}"
        told = {
            "error": text,
            "errorType": "bad_data",
            "errors": [text, {"message": text}],
            "message": text,
            "rate": text,
        }
        return web.Response(
            text=json.dumps({"status": "error", **told}), status=status, content_type="application/json"
        )

    found = await answer(metric(kind), echo, SECRETS)
    assert isinstance(found, Down | Wrong)
    assert not any(secret in repr(found) for secret in (TOKEN, KEY))


@every_source
async def test_a_secret_that_is_missing_is_told_and_nobody_is_asked(kind: str) -> None:
    async def asked(_request: web.Request) -> web.Response:
        raise AssertionError("without its secret a source is not asked")

    found = await answer(metric(kind), asked, Reads(secrets={}))
    assert isinstance(found, Wrong)
    assert found.why.startswith("Secret held has no key ")
    found = await answer(metric(kind), asked, Reads(may_read=False))
    assert isinstance(found, Wrong)
    assert found.why.startswith("the operator may not read Secret held: give it that right by a Role")


@pytest.mark.parametrize("kind", [kind for kind in METRICS if "prometheus" not in METRICS[kind]])
async def test_one_that_is_not_on_the_list_is_not_asked(kind: str) -> None:
    elsewhere = json.loads(json.dumps(metric(kind)).replace(URL, "http://169.254.169.254"))
    found = await answer(elsewhere, silent, SECRETS)
    assert found == Wrong(
        "http://169.254.169.254 is not among the sources that the operator may ask: "
        "whoever runs the operator can add http://169.254.169.254/ to its list of sources"
    )
