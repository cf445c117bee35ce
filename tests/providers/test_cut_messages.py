"""What a source says back is cut to be short, and never so that the beginning of a secret is left."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from aiohttp import web

from crossfade.providers.datadog import Datadog
from crossfade.providers.fetch import Fetch
from crossfade.providers.influxdb import InfluxDB
from crossfade.providers.new_relic import NewRelic
from crossfade.providers.outcome import Number, Numbers, Outcome
from crossfade.providers.prometheus import Prometheus
from crossfade.providers.said import LONGEST
from crossfade.providers.secret import Bearer, Secret
from providers.served import asking

TOKEN: Final = Secret("s3cr3t-token-of-a-length-that-is-cut")
SPAN: Final = (1_790_000_000.0, 1_790_000_060.0)

Source = Callable[[Fetch, str], Awaitable[Outcome]]

SOURCES: Final[dict[str, tuple[int, Callable[[str], Any], Source]]] = {
    "datadog": (
        403,
        lambda text: {"errors": [text]},
        lambda fetch, url: Datadog(TOKEN, TOKEN, url).scalar(fetch, {"a": "x"}, "a", SPAN),
    ),
    "newRelic": (
        200,
        lambda text: {"errors": [{"message": text}]},
        lambda fetch, url: NewRelic(1, TOKEN, url).measure(fetch, "SELECT count(*) FROM T", *SPAN),
    ),
    "influxdb": (
        401,
        lambda text: {"message": text},
        lambda fetch, url: InfluxDB(url, "shop", TOKEN).measure(fetch, "from(bucket: 1)"),
    ),
    "prometheus": (
        422,
        lambda text: {"status": "error", "error": text},
        lambda fetch, url: Prometheus(url, Bearer(TOKEN)).instant(fetch, "up", SPAN[1]),
    ),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("before", [LONGEST - 30, LONGEST - 10, LONGEST + 10])
async def test_no_part_of_a_secret_is_left_where_a_message_is_cut(source: str, before: int) -> None:
    status, document, measured = SOURCES[source]

    async def echo(_request: web.Request) -> web.Response:
        text = json.dumps(document("x" * before + TOKEN.reveal() + " is wrong"))
        return web.Response(text=text, status=status, content_type="application/json")

    async with asking(echo) as (fetch, url):
        outcome = await measured(fetch, url)
    assert not isinstance(outcome, Number | Numbers)
    assert "x" * (LONGEST - 30) in outcome.why
    assert TOKEN.reveal()[:4] not in outcome.why


async def test_what_prometheus_says_beside_a_number_has_no_secret_in_it() -> None:
    data = {"resultType": "scalar", "result": [SPAN[1], "1"]}

    async def echo(_request: web.Request) -> web.Response:
        warned = ["x" * (LONGEST - 10) + TOKEN.reveal()]
        return web.json_response({"status": "success", "data": data, "warnings": warned, "infos": warned})

    async with asking(echo) as (fetch, url):
        outcome = await Prometheus(url, Bearer(TOKEN)).instant(fetch, "up", SPAN[1])
    assert outcome == Number(1, ("x" * (LONGEST - 10) + "***",) * 2)
