"""A webhook keeps a gate: what it says holds, passes or ends a release, and it can trust who asks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest
from aiohttp import web

from builders import V1, V2, routing_v2
from controller.source_asked import URL, WINDOW, Reads, answer
from crossfade.core.measured import Answer, Ask, Down, Said, Window, Wrong
from crossfade.providers.outcome import Refused
from crossfade.providers.signature import signed
from providers.served import Handler, answers
from simulation.cluster import Sim
from simulation.live import rest, run, stands_at, until

KEY: Final = bytes(range(100, 132)) + b"\xff\x00"
"""Random bytes are no text."""
GATE: Final = {
    "name": "gate",
    "webhook": {"url": f"{URL}/may-i", "secret": {"name": "gate", "key": "signing-key"}},
}


def secrets(key: bytes = KEY) -> Reads:
    return Reads(secrets={"gate": {"signing-key": key}})


@dataclass
class Gate:
    """Keeps what it is asked, refuses what is not signed with the key, and says this."""

    says: dict[str, Any] = field(default_factory=lambda: {"answer": "yes"})
    ids: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.Response:
        body, told = await request.read(), request.headers
        expected = signed(KEY, told["webhook-id"], int(told["webhook-timestamp"]), body)
        assert not isinstance(expected, Refused)
        if told["webhook-signature"] != expected["webhook-signature"].reveal():
            return web.json_response({"answer": "yes", "message": "who are you?"}, status=401)
        self.ids.append(told["webhook-id"])
        self.bodies.append(body)
        self.asked.append(await request.json())
        return web.json_response(self.says)


@pytest.mark.parametrize(
    ("handler", "said"),
    [
        (answers("", 204), Said(good=True, told="the webhook says yes")),
        (
            answers('{"answer": "yes", "message": "ann looked"}'),
            Said(good=True, told="the webhook says yes (ann looked)"),
        ),
        (answers("", 409), Said(good=False, told="the webhook says no")),
        (
            answers('{"answer": "no", "message": "a freeze"}'),
            Said(good=False, told="the webhook says no (a freeze)"),
        ),
        (answers("", 202), Said(good=None, told="the webhook says not yet")),
        (
            answers('{"answer": "notYet", "message": "1 of 2"}', Retry_After="30"),
            Said(good=None, told="the webhook says not yet (1 of 2)", after_s=30.0),
        ),
    ],
)
async def test_it_says_yes_no_or_not_yet(handler: Handler, said: Said) -> None:
    assert await answer(GATE, handler, secrets()) == said


async def test_it_is_told_what_is_at_stake_and_the_request_is_signed() -> None:
    gate = Gate()
    assert await answer(GATE, gate, secrets(), zone="eu-1") == Said(good=True, told="the webhook says yes")
    assert gate.asked == [
        {
            "namespace": "demo",
            "rollout": "shop",
            "release": 7,
            "candidate": "v2hash",
            "stable": "v1hash",
            "run": "step 1",
            "metric": "limit",
            "measurement": 1,
            "since": "2026-01-31T12:00:00.000Z",
            "arguments": {"zone": "eu-1"},
        }
    ]


async def test_another_key_is_an_error_and_no_answer() -> None:
    found = await answer(GATE, Gate(), secrets(b"0123456789abcdef0123456789abcdef"))
    assert isinstance(found, Down)
    assert "answers with 401, which is neither yes (204), no (409) nor not yet (202)" in found.why


async def test_a_key_that_is_too_short_is_told() -> None:
    assert await answer(GATE, Gate(), secrets(b"short")) == Wrong(
        "the webhook's key has 5 bytes, and must have 24 to 64: make a new one at random"
    )


async def test_the_same_window_has_the_same_id_and_body_however_late_it_is_asked_about() -> None:
    gate = Gate()
    longer = replace(WINDOW, until="2026-01-31T12:00:40Z", seconds=40)
    for window in (WINDOW, WINDOW, longer):
        await answer(GATE, gate, secrets(), window=window)
    assert len(gate.ids) == 3
    assert len({*gate.ids}) == len({*gate.bodies}) == 1


@pytest.mark.parametrize(
    "window",
    [
        replace(WINDOW, number=2),
        replace(WINDOW, run="step 2"),
        replace(WINDOW, metric="other"),
        replace(WINDOW, until="2026-01-31T13:00:10Z"),
    ],
)
async def test_another_window_has_another_id(window: Window) -> None:
    gate = Gate()
    for each in (WINDOW, window):
        await answer(GATE, gate, secrets(), window=each)
    assert len({*gate.ids}) == 2


def released(gate: Gate) -> Sim:
    """v2 is released with this gate in its first step; each question goes over the wire."""

    def asks(_sim: Sim, ask: Ask) -> Answer:
        both = replace(ask.both, namespace="demo")
        return asyncio.run(answer(GATE, gate, secrets(), both, window=ask.window))

    sim = routing_v2({"canary": {"steps": [{"weight": 10, "analysis": {"metrics": [GATE]}}, {"weight": 50}]}})
    sim.measures = asks
    return sim


def test_a_release_waits_for_its_gate_and_goes_on_once_it_says_yes() -> None:
    gate = Gate({"answer": "notYet", "message": "1 of 2 have looked"})
    sim = until(released(gate), stands_at(0))
    run(sim, 25)
    assert "gate: the webhook says not yet (1 of 2 have looked); 0 of 2 bad" in sim.status["message"]
    assert sim.status["weight"] == 10
    gate.says = {"answer": "yes"}
    assert rest(sim).status["phase"] == "Healthy"
    assert (gate.asked[0]["candidate"], gate.asked[0]["stable"]) == (V2, V1)


def test_a_gate_that_says_no_takes_the_release_back_with_its_message() -> None:
    sim = rest(released(Gate({"answer": "no", "message": "the payment team has a freeze"})))
    assert sim.status["phase"] == "RolledBack"
    assert "gate: the webhook says no (the payment team has a freeze). " in sim.status["message"]


def test_a_gate_that_says_neither_is_told_as_down_and_decides_nothing() -> None:
    sim = until(released(Gate({"answer": "perhaps"})), stands_at(0))
    run(sim, 15)
    assert sim.status["weight"] == 10
    assert "gate: its source does not answer: " in sim.status["message"]
    assert "this is no fault of the candidate's" in sim.status["message"]
