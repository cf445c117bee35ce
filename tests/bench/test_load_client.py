"""The load client and the sample shop tell the truth about each other, as real processes on 127.0.0.1."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import analysis

BENCH = Path(__file__).parents[2] / "bench"
CRASH_EXIT_CODE = 42
READY_WITHIN_S = 10


def wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens on port {port}"
            time.sleep(0.005)
        else:
            return


class LocalShop:
    """The sample shop as a process of its own."""

    def __init__(self, port: int, env: dict[str, str]) -> None:
        self.port = port
        environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "VERSION": "v1", **env}
        self.process = subprocess.Popen([sys.executable, "-I", BENCH / "shop/app.py"], env=environment)
        wait_until_it_listens(port)

    def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def shop(free_port: int) -> Iterator[Callable[..., LocalShop]]:
    started: list[LocalShop] = []

    def start(**env: str) -> LocalShop:
        started.append(LocalShop(free_port, env))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def load(port: int, *more: str, seconds: float = 0.5, kept: int = 1) -> list[str]:
    options = [f"--seconds={seconds}", f"--kept={kept}", *more]
    command = [sys.executable, "-m", "bench.load", f"127.0.0.1:{port}", *options]
    finished = subprocess.run(command, check=True, capture_output=True, text=True, cwd=BENCH.parent)
    return finished.stdout.splitlines()


def test_a_healthy_shop_loses_nothing_and_answers_with_its_version(shop: Callable[..., LocalShop]) -> None:
    lines = load(shop(VERSION="v7").port)
    records = analysis.parse(lines)
    assert analysis.is_whole(lines)
    assert {(record.kind, record.outcome, record.version) for record in records} == {
        ("n", "200", "v7"),
        ("k", "200", "v7"),
    }


def test_each_kind_of_load_leaves_its_own_records(shop: Callable[..., LocalShop]) -> None:
    records = analysis.parse(load(shop(VERSION="v7").port, "--users=3", "--user-rate=30", "--sockets=2"))
    assert {record.kind for record in records} == {"n", "k", "u", "s"}
    assert {record.user for record in analysis.of_users(records)} == {0, 1, 2}
    assert analysis.lost(analysis.requests(records)) == []


def test_a_web_socket_lives_until_the_load_ends(shop: Callable[..., LocalShop]) -> None:
    (socket_,) = analysis.sockets(analysis.parse(load(shop(VERSION="v7").port, "--sockets=1", "--rate=0")))
    assert (socket_.outcome, socket_.version) == ("open", "v7")
    assert socket_.latency_s == pytest.approx(0.5, abs=0.45)


def test_a_web_socket_that_the_server_ends_is_told_and_opened_again(shop: Callable[..., LocalShop]) -> None:
    running = shop(CRASH_AFTER_SERVING_S="3")  # however slowly the load starts
    running.ask("/")
    asked = ("--sockets=1", "--rate=0", "--seconds=5")
    first, *later = analysis.sockets(analysis.parse(load(running.port, *asked, kept=0)))
    assert (first.outcome, first.version) == ("closed", "v1")
    assert {(each.outcome, each.version) for each in later} == {("refused", "-")}


def test_a_user_brings_back_what_cookies_it_was_given(free_port: int) -> None:
    remembers = (
        "import socket\n"
        f"server = socket.create_server(('127.0.0.1', {free_port}))\n"
        "while True:\n"
        "    with server.accept()[0] as s:\n"
        "        known = b'Cookie: side=b\\r\\n' in s.recv(4096)\n"
        "        version = b'known' if known else b'new'\n"
        "        s.sendall(b'HTTP/1.1 200 OK\\r\\nset-cookie: side=b; Path=/\\r\\n'\n"
        "            b'content-length: 0\\r\\nx-version: ' + version + b'\\r\\n\\r\\n')\n"
    )
    server = subprocess.Popen([sys.executable, "-c", remembers])
    try:
        wait_until_it_listens(free_port)
        records = analysis.parse(load(free_port, "--users=2", "--rate=0", kept=0))
    finally:
        server.kill()
        server.wait()
    assert analysis.versions_by_user(records) == {0: ["new", "known"], 1: ["new", "known"]}


def test_every_request_says_the_asked_host_and_headers(free_port: int) -> None:
    repeats = (
        "import socket\n"
        f"server = socket.create_server(('127.0.0.1', {free_port}))\n"
        "while True:\n"
        "    with server.accept()[0] as s:\n"
        "        lines = s.recv(4096).decode().split('\\r\\n')\n"
        "        told = '+'.join(line.replace(' ', '') for line in lines if line[:2] in ('GE', 'Ho', 'x-'))\n"
        "        s.sendall(f'HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\nx-version: {told}\\r\\n\\r\\n'.encode())\n"
    )
    server = subprocess.Popen([sys.executable, "-c", repeats])
    try:
        wait_until_it_listens(free_port)
        options = ["--host=shop.example", "--path=/cart", "--header=x-group: beta"]
        records = analysis.parse(load(free_port, *options, kept=0))
    finally:
        server.kill()
        server.wait()
    assert {record.version for record in records} == {"GET/cartHTTP/1.1+Host:shop.example+x-group:beta"}


def test_the_records_of_a_tenth_of_a_second_are_one_line(shop: Callable[..., LocalShop]) -> None:
    lines = [line for line in load(shop().port) if not line.startswith("#")]
    assert len(lines) <= 6 < len(analysis.parse(lines))


def test_requests_start_at_the_asked_rate_although_nothing_answers(free_port: int) -> None:
    records = analysis.new(analysis.parse(load(free_port, seconds=2)))
    assert {record.outcome for record in records} == {"refused"}
    assert 200 <= len(records) <= 405


def test_a_shop_that_dies_is_seen_as_lost_from_that_moment(shop: Callable[..., LocalShop]) -> None:
    records = analysis.new(analysis.parse(load(shop(CRASH_AFTER_SERVING_S="0.3").port, seconds=0.8)))
    first_lost = analysis.lost(records)[0].at
    assert any(not record.lost for record in records if record.at < first_lost), "it answered before it died"
    assert all(record.lost for record in records if record.at > first_lost + 0.1)


def test_a_kept_connection_that_ends_between_requests_is_opened_again_without_a_loss(free_port: int) -> None:
    closes_each = (
        "import socket\n"
        f"server = socket.create_server(('127.0.0.1', {free_port}))\n"
        "while True:\n"
        "    with server.accept()[0] as s:\n"
        "        s.recv(4096)\n"
        "        s.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\nx-version: v1\\r\\n\\r\\nok')\n"
    )
    server = subprocess.Popen([sys.executable, "-c", closes_each])
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        while not (records := [r for r in analysis.kept(analysis.parse(load(free_port))) if not r.lost]):
            assert time.monotonic() < deadline
    finally:
        server.kill()
        server.wait()
    kept = [record for record in records if record.at >= records[0].at]
    assert len(kept) > 3
    assert analysis.lost(kept) == []


def test_an_answer_that_is_cut_is_closed_not_good(free_port: int) -> None:
    cuts = (
        "import socket\n"
        f"server = socket.create_server(('127.0.0.1', {free_port}))\n"
        "while True:\n"
        "    with server.accept()[0] as s:\n"
        "        s.recv(4096)\n"
        "        s.sendall(b'HTTP/1.1 200 OK\\r\\ncontent-length: 9\\r\\n\\r\\nhalf')\n"
    )
    server = subprocess.Popen([sys.executable, "-c", cuts])
    try:
        outcomes = {record.outcome for record in analysis.parse(load(free_port, kept=0))}
    finally:
        server.kill()
        server.wait()
    assert "closed" in outcomes
    assert outcomes <= {"closed", "refused"}


def test_the_shop_stops_at_once_and_cleanly_on_sigterm(shop: Callable[..., LocalShop]) -> None:
    running = shop()
    told_at = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=20) == 0
    assert time.monotonic() - told_at < 1


def test_the_shop_crashes_when_told(shop: Callable[..., LocalShop]) -> None:
    running = shop()
    assert running.ask("/crash", "POST")[0] == 202
    assert running.process.wait(timeout=20) == CRASH_EXIT_CODE


def test_the_shop_crashes_at_the_time_it_was_given_and_not_before(shop: Callable[..., LocalShop]) -> None:
    running = shop()
    at = time.time() + 2
    running.ask(f"/crash?at={at:.3f}", "POST")
    assert running.ask("/")[0] == 200
    assert running.process.wait(timeout=20) == CRASH_EXIT_CODE
    assert at - 0.05 <= time.time() < at + 5


def test_only_a_post_crashes_the_shop(shop: Callable[..., LocalShop]) -> None:
    running = shop()
    assert running.ask("/crash")[0] == 404
    assert running.ask("/")[0] == 200


@pytest.mark.parametrize(
    ("env", "path", "status"),
    [
        ({}, "/healthz", 200),
        ({"NEVER_READY": "1"}, "/healthz", 503),
        ({"NEVER_READY": "1"}, "/", 200),
        ({"START_DELAY_S": "60"}, "/healthz", 503),
        ({"ERRORS": "1"}, "/", 500),
        ({"ERRORS": "1"}, "/healthz", 200),
        ({}, "/nothing", 404),
        ({}, "/served", 200),
    ],
)
def test_the_shop_misbehaves_only_as_told(
    shop: Callable[..., LocalShop], env: dict[str, str], path: str, status: int
) -> None:
    assert shop(**env).ask(path)[0] == status


def test_a_shop_told_to_be_unready_serves_on(shop: Callable[..., LocalShop]) -> None:
    running = shop()
    running.ask("/unready?seconds=60", "POST")
    assert running.ask("/healthz")[0] == 503
    assert running.ask("/")[0] == 200


def test_the_shop_counts_its_answers_and_not_the_questions_about_it(shop: Callable[..., LocalShop]) -> None:
    running = shop()
    for path in ("/", "/", "/healthz", "/served"):
        running.ask(path)
    assert running.ask("/served")[1] == '{"served": 2}'
