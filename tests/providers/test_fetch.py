"""Sources that are slow, huge, lying, or lead elsewhere: told in a sentence, within the limits, and without a secret."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from crossfade.providers.allowed import allow_list
from crossfade.providers.fetch import USUAL, Answer, Fetch, Limits, Request
from crossfade.providers.outcome import Refused, SourceError
from crossfade.providers.place import Place
from crossfade.providers.secret import Secret
from providers.served import BRIEF, HERE, Handler, answers, asking, served

SECRET = "hunter22-of-the-day"  # noqa: S105 -- of nobody


def request_to(fetch: Fetch, url: str, **more: object) -> Request:
    place = fetch.place(url)
    assert isinstance(place, Place), place
    return Request(place, **more)  # type: ignore[arg-type] -- as the test says


async def asked(handler: Handler, path: str = "/", limits: Limits = USUAL) -> Answer | SourceError | Refused:
    async with asking(handler) as (fetch, url):
        answer = await fetch(request_to(fetch, f"{url}{path}", limits=limits))
        if not isinstance(answer, Answer):
            assert answer.why.startswith(url)
            return type(answer)(answer.why.removeprefix(url))
        return answer


async def test_an_answer_comes_whole_with_its_kind() -> None:
    answer = await asked(answers('{"a": 1}', kind="Application/JSON; charset=utf-8"))
    assert answer == Answer(200, "application/json", b'{"a": 1}')
    assert isinstance(answer, Answer)
    assert answer.document() == {"a": 1}


async def test_a_packed_answer_is_unpacked() -> None:
    answer = await asked(answers(gzip.compress(b"[1]"), Content_Encoding="gzip"))
    assert isinstance(answer, Answer)
    assert answer.document() == [1]


async def test_what_is_asked_is_what_was_written() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(f"{request.method} {request.raw_path} {request.headers['User-Agent']}")
        return web.Response()

    await asked(handler, "/a%20b/c?d=%2B&e=f+g")
    assert seen == ["GET /a%20b/c?d=%2B&e=f+g crossfade"]


async def test_a_source_that_does_not_answer_is_told_after_its_time() -> None:
    async def handler(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    told = await asked(handler, limits=BRIEF)
    assert told == SourceError(
        " has not answered within 0.2 s: ask for something that takes less, or give it more time"
    )


async def test_the_time_is_for_the_whole_answer_and_not_for_each_part() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.01)  # the source's, not the test's

    told = await asked(handler, limits=BRIEF)
    assert isinstance(told, SourceError)
    assert "has not answered within 0.2 s" in told.why


async def test_an_answer_of_200_mb_is_let_go_at_the_limit() -> None:
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(200):
            await answer.write(bytes(1_000_000))
            sent += 1
        return answer

    told = await asked(handler, limits=Limits())
    assert told == SourceError(" sends more than 1 MiB: ask for less, or for one number")
    assert sent < 20


async def test_a_bomb_is_let_go_at_the_limit() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    told = await asked(answers(bomb, Content_Encoding="gzip"), limits=Limits())
    assert told == SourceError(" sends more than 1 MiB: ask for less, or for one number")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
async def test_a_redirect_is_told_and_not_followed(status: int) -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=status, headers={"Location": f"/elsewhere?key={SECRET}"})

    told = await asked(handler)
    assert isinstance(told, Refused)
    assert (
        told.why
        == f" answers with {status} and sends elsewhere, which is not followed: write the URL that answers"
    )
    assert seen == ["/"]


async def test_a_page_for_people_is_told_as_one() -> None:
    for body, kind in (("<p>", "text/html; charset=utf-8"), ("\n <!DOCTYPE html><p>", "application/json")):
        answer = await asked(answers(body, kind=kind))
        assert isinstance(answer, Answer)
        assert answer.is_html


async def test_a_port_that_nobody_listens_on_is_told() -> None:
    async with served(answers("")) as url:
        pass  # its port is free again
    async with Fetch(allow_list([url])) as fetch:
        told = await fetch(request_to(fetch, url))
    assert told == SourceError(
        f"{url} cannot be reached (Connection refused): does it run, and is the port right?"
    )


def raw(answer: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    return talk


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "closed the connection before it answered"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP as it should"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "broke off in the middle of its answer"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", "does not speak HTTP as it should"),
    ],
)
async def test_what_is_no_whole_http_is_told(answer: bytes, says: str) -> None:
    server = await asyncio.start_server(raw(answer), HERE, 0)
    async with server:
        url = f"http://{HERE}:{server.sockets[0].getsockname()[1]}"
        async with Fetch(allow_list([url])) as fetch:
            told = await fetch(request_to(fetch, url))
    assert isinstance(told, SourceError)
    assert told.why.startswith(f"{url} {says}")


async def test_whom_the_operator_does_not_allow_is_not_asked() -> None:
    async with Fetch(allow_list(["a.example"])) as fetch:
        for told in (fetch.place("http://b.example/"), await fetch(Request(Place("http", "b.example", 80)))):
            assert isinstance(told, Refused)
            assert told.why.startswith("http://b.example is not among the sources")


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "[::]"])
async def test_metadata_is_not_asked_even_where_the_list_has_it(host: str) -> None:
    async with Fetch(allow_list([host])) as fetch:
        told = fetch.place(f"http://{host}/latest/meta-data")
    assert isinstance(told, Refused)
    assert "which is never asked, whatever the list of sources says" in told.why


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("169.254.169.254", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("fd00:ec2::254", "the address of a cloud's metadata service"),
        (HERE, "a loopback address"),
    ],
)
async def test_a_name_that_leads_there_is_not_asked(address: str, kind: str) -> None:
    async def look_up(_host: str, _port: int) -> list[str]:
        return ["10.0.0.1", address]

    async with Fetch(allow_list(["a.example"]), look_up=look_up) as fetch:
        told = await fetch(request_to(fetch, "http://a.example/"))
    assert told == Refused(f"http://a.example: the name a.example leads to {kind}, which is never asked")


async def test_localhost_leads_to_loopback_and_is_not_asked() -> None:
    async with Fetch(allow_list(["localhost:1"])) as fetch:
        told = await fetch(request_to(fetch, "http://localhost:1/"))
    assert isinstance(told, Refused)
    assert "leads to a loopback address" in told.why


async def test_a_name_is_looked_up_once_for_a_connection_so_that_none_can_be_checked_and_another_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = iter([["10.255.255.1"], ["169.254.169.254"]])
    connected: list[object] = []

    async def look_up(_host: str, _port: int) -> list[str]:
        return next(looked)

    async def connect(*_: object, addr_infos: list[tuple[object, ...]], **__: object) -> None:
        connected.extend(each[4] for each in addr_infos)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", connect)
    async with Fetch(allow_list(["a.example"]), look_up=look_up) as fetch:
        first = await fetch(request_to(fetch, "http://a.example/"))
        second = await fetch(request_to(fetch, "http://a.example/"))
    assert connected == [("10.255.255.1", 80)]
    assert isinstance(first, SourceError)
    assert isinstance(second, Refused)


async def test_a_name_that_nobody_knows_is_told() -> None:
    async def look_up(_host: str, _port: int) -> list[str]:
        raise OSError(-2, "Name or service not known")

    async with Fetch(allow_list(["a.example"]), look_up=look_up) as fetch:
        told = await fetch(request_to(fetch, "http://a.example/"))
    assert told == SourceError(
        "http://a.example has a name that cannot be looked up: is it written right, with its namespace?"
    )


async def test_a_name_that_hangs_takes_no_longer_than_all_of_it() -> None:
    async def look_up(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async with Fetch(allow_list(["a.example"]), look_up=look_up) as fetch:
        told = await fetch(request_to(fetch, "http://a.example/", limits=BRIEF))
    assert isinstance(told, SourceError)
    assert "has not answered within 0.2 s" in told.why


async def test_https_of_somebody_that_nobody_trusts_is_told() -> None:
    async with served(answers("")) as url, Fetch(allow_list([url.replace("http", "https")])) as fetch:
        told = await fetch(request_to(fetch, url.replace("http", "https")))
    assert isinstance(told, SourceError)
    assert "cannot be trusted" in told.why


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"Host": "b"}, "the header Host is written by the operator itself"),
        ({"transfer-encoding": "chunked"}, "the header Transfer-Encoding is written"),
        ({"X-Key": "a\r\nHost: b"}, "characters that no header may have"),
        ({"X Key": "a"}, "characters that no header may have"),
    ],
)
async def test_headers_cannot_be_smuggled_in(headers: dict[str, str], says: str) -> None:
    async with asking(answers("")) as (fetch, url):
        secret = {name: Secret(value) for name, value in headers.items()}
        told = await fetch(request_to(fetch, url, headers=secret))
    assert isinstance(told, Refused)
    assert says in told.why


async def test_only_get_and_post_are_sent_and_no_more_than_a_limit() -> None:
    async with asking(answers("")) as (fetch, url):
        assert await fetch(request_to(fetch, url, method="DELETE")) == Refused(
            "sources are asked by GET or POST alone"
        )
        told = await fetch(request_to(fetch, url, method="POST", body=bytes(300_000)))
    assert told == Refused("what is sent has more than 256 KiB: send less")


async def test_no_cookie_of_one_answer_is_in_the_next_request() -> None:
    seen: list[str | None] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "who=me"})

    async with asking(handler) as (fetch, url):
        await fetch(request_to(fetch, url))
        await fetch(request_to(fetch, url))
    assert seen == [None, None]


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert isinstance(await asked(answers("{}")), Answer)


@pytest.mark.parametrize(
    ("written", "waits"), [("30", 30.0), ("999999", 3600.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None)]
)
async def test_what_a_source_asks_to_wait_is_heard_within_bounds(written: str, waits: float | None) -> None:
    answer = await asked(answers("", 429, Retry_After=written))
    assert isinstance(answer, Answer)
    assert answer.retry_after_s == waits


async def test_no_message_and_no_log_has_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    """By path, query, header and body, over every way to fail."""
    caplog.set_level(logging.DEBUG)

    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"http://x/{SECRET}"})

    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        raise AssertionError

    handlers: list[Handler] = [answers("{", 500), redirect, hang_up, answers(b"x", Content_Encoding="gzip")]
    for handler in handlers:
        async with asking(handler) as (fetch, url):
            more = {"headers": {"Authorization": Secret(SECRET)}, "body": SECRET.encode(), "method": "POST"}
            answer = await fetch(request_to(fetch, f"{url}/{SECRET}?key={SECRET}", **more))
            assert SECRET not in repr(answer)
    ours = [each for each in caplog.records if each.name.startswith("crossfade")]
    assert not [each for each in ours if SECRET in each.getMessage()]
