"""The command line of the operator."""

import pytest

from crossfade.controller.options import parse


def test_nodes_get_two_seconds_to_follow_unless_the_operator_is_told_otherwise() -> None:
    assert parse([]).settle_seconds == 2.0
    assert parse(["--settle-seconds", "5"]).settle_seconds == 5.0


@pytest.mark.parametrize("text", ["-1", "61", "nan", "soon"])
def test_a_settle_time_that_cannot_be_meant_ends_the_process(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--settle-seconds", text])
    assert "--settle-seconds" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("in_a_pod", "asked", "tries"),
    [
        (True, [], True),
        (False, [], False),
        (True, ["--no-port-check"], False),
        (False, ["--port-check"], True),
    ],
)
def test_ports_are_tried_in_a_pod_unless_it_is_told_otherwise(
    in_a_pod: bool, asked: list[str], tries: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_a_pod:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    else:
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    assert parse(asked).port_check is tries


def test_no_router_is_asked_unless_it_is_named() -> None:
    assert parse([]).router_metrics == ()
    urls = ["http://traefik.gateways:9100/metrics", "http://[fd00::1]:19001/stats/prometheus"]
    asked = [each for url in urls for each in ("--router-metrics", url)]
    assert parse(asked).router_metrics == tuple(urls)


@pytest.mark.parametrize(
    "text",
    [
        "traefik:9100",
        "https://traefik/metrics",
        "http:///metrics",
        "http://a:b@c/",
        "http://a:99999/",
        "http://[/",
    ],
)
def test_a_router_that_cannot_be_asked_so_ends_the_process(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(["--router-metrics", text])
    assert "must be like http://HOST:PORT/metrics" in capsys.readouterr().err
