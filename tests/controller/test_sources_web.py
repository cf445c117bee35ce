"""Any service that answers with JSON gives a number or several, and conditions decide over them."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from controller.source_asked import TOKEN, URL, Reads, answer
from crossfade.core.measured import Answer, Nothing, Valued, Wrong
from providers.served import answers

LISTED = {"success": "result.all(x, x < limit)"}
ZONES = '{"zones": [{"bad": 1}, {"bad": 4}]}'


def asks(path: str = "$.rate", **more: Any) -> dict[str, Any]:
    """A metric that asks the server for JSON."""
    source = {"url": URL, "jsonPath": path, **more.pop("web", {})}
    return {"name": "limit", "web": source, **(more or {"success": "result < 1"})}


@pytest.mark.parametrize(
    ("text", "path", "conditions", "found"),
    [
        ('{"rate": 0.25}', "$.rate", {"success": "result < 1"}, Valued(0.25, good=True)),
        ('{"rate": 3}', "$.rate", {"success": "result < 1"}, Valued(3, good=False)),
        ('{"rate": "7"}', "$.rate", {"failure": "result > 5"}, Valued(7, good=False)),
        (ZONES, "$.zones[*].bad", LISTED, Valued(4, good=True, told="4, the last of 2,")),
        (ZONES, "$.zones[?@.bad > 2].bad", LISTED, Valued(4, good=True)),
        ('{"all": [9, 1]}', "$.all", LISTED, Valued(1, good=False, told="1, the last of 2,")),
        ('{"all": [9]}', "$.all", LISTED, Valued(9, good=False)),
        ('{"rate": null}', "$.rate", {}, Nothing("the path leads to null")),
        ('{"other": 1}', "$.rate", {}, Nothing("the path leads to nothing in the answer")),
        ('{"rate": true}', "$.rate", {}, Wrong("the path leads to true or false, where a number is needed")),
        ('{"rate": "ok"}', "$.rate", {}, Wrong("the path leads to a text, where a number is needed")),
        ("{}", "$.a[", {}, Wrong("the path is no JSONPath at character 5: unbalanced brackets")),
    ],
)
async def test_a_path_leads_to_a_number_or_several(
    text: str, path: str, conditions: dict[str, str], found: Answer
) -> None:
    assert await answer(asks(path, **conditions), answers(text), limit="5") == found


async def test_headers_are_sent_as_they_are_written_or_from_a_secret_and_a_body_as_json() -> None:
    seen: list[web.Request] = []
    sent: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        sent.append(await request.json())
        return web.json_response({"rate": 0})

    held = {"name": "keys", "key": "api"}
    source = {
        "url": f"{URL}/of/{{{{candidate}}}}?zone={{{{zone}}}}",
        "method": "POST",
        "body": '{"stable": "{{stable}}", "zone": "{{zone}}"}',
        "headers": [{"name": "X-Scope-OrgID", "value": "team-a"}, {"name": "x-key", "secret": held}],
        "bearerToken": {"name": "keys", "key": "token"},
    }
    reads = Reads(secrets={"keys": {"api": b"k3y", "token": f"{TOKEN}\n".encode()}})
    assert await answer(asks(web=source), handler, reads, zone='eu "1"') == Valued(0, good=True)
    assert (seen[0].method, seen[0].raw_path) == ("POST", "/of/v2hash?zone=eu%20%221%22")
    assert sent == [{"stable": "v1hash", "zone": 'eu "1"'}]
    headers = seen[0].headers
    assert (headers["x-scope-orgid"], headers["X-Key"]) == ("team-a", "k3y")
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Content-Type"] == "application/json"


async def test_a_header_replaces_ours_of_the_same_name_however_it_is_written() -> None:
    seen: list[list[str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.getall("Accept"))
        return web.json_response({"rate": 0})

    await answer(asks(web={"headers": [{"name": "aCCept", "value": "application/hal+json"}]}), handler)
    assert seen == [["application/hal+json"]]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"url": f"{URL}/{{{{zone}}}}"}, "the URL, at character "),
        ({"url": "http://{{service}}/x"}, "the URL has a placeholder before its path"),
        (
            {"headers": [{"name": "Host", "value": "a.example"}]},
            "the header Host is written by the operator itself",
        ),
    ],
)
async def test_what_is_wrong_as_it_is_written_is_told(source: dict[str, Any], says: str) -> None:
    found = await answer(asks(web=source), answers('{"rate": 1}'))
    assert isinstance(found, Wrong)
    assert found.why.startswith(says)
