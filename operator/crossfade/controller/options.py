"""The options of `python -m crossfade.controller`."""

from __future__ import annotations

import argparse
import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from crossfade.controller.scope import Scope, skipped
from crossfade.providers.allowed import allow_list
from crossfade.providers.outcome import Refused
from crossfade.providers.place import place_of

LONGEST_S: Final = 60.0


@dataclass(frozen=True)
class Options:
    """How this process runs. None for `kubeconfig` and `context` means as kubectl would."""

    kubeconfig: str | None
    context: str | None
    scope: Scope
    lease: bool
    lease_namespace: str | None
    bind_address: str | None
    health_port: int
    metrics_port: int
    log_format: str
    log_level: str
    settle_seconds: float = 2.0
    port_check: bool = False
    router_metrics: tuple[str, ...] = ()
    prometheus: str = ""
    sources: tuple[str, ...] = ()
    app_metrics: str = "prometheus"
    latency_buckets: tuple[float, ...] = ()
    envoy_merges_backends: bool = False


def parse(arguments: Sequence[str]) -> Options:
    """Read the command line; ends the process with a message where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m crossfade.controller", description="The Crossfade operator."
    )
    add = parser.add_argument
    add("--kubeconfig", help="which file to read (default: $KUBECONFIG, the pod's account, ~/.kube/config)")
    add("--context", help="which of its contexts to use (default: its current one)")
    _add_scope(parser)
    add("--no-lease", dest="lease", action="store_false", help="run without a Lease: for development, alone")
    add("--lease-namespace", help="where the Lease is (default: the namespace of the pod or context)")
    add(
        "--bind-address",
        help="where to serve probes and metrics (default: everywhere in a pod, else 127.0.0.1)",
    )
    add("--health-port", type=int, default=8081, help="/livez and /readyz (default: %(default)s)")
    add("--metrics-port", type=int, default=8080, help="/metrics (default: %(default)s)")
    add(
        "--settle-seconds",
        type=seconds,
        default=2.0,
        help="how long nodes get to follow the endpoints before old pods go (0 to 60, default: %(default)s)",
    )
    add(
        "--port-check",
        action=argparse.BooleanOptionalAction,
        help="try to connect to a candidate's ports before its first requests (default: in a pod, since pods are not "
        "reached from elsewhere)",
    )
    add(
        "--router-metrics",
        action="append",
        type=metrics_url,
        default=[],
        metavar="URL",
        help="where the proxies of a Gateway tell how many requests they sent where, so that pods go only after the last "
        "one (http://HOST:PORT/PATH; every address of HOST is asked; may be given more than once; default: nobody is asked)",
    )
    _add_measuring(parser)
    add("--log-format", choices=("json", "text"), default="json", help="default: %(default)s")
    add(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="default: %(default)s",
    )
    chosen = vars(parser.parse_args(arguments))
    in_a_pod = "KUBERNETES_SERVICE_HOST" in os.environ
    if chosen["bind_address"] is None and not in_a_pod:
        chosen["bind_address"] = "127.0.0.1"
    if chosen["port_check"] is None:
        chosen["port_check"] = in_a_pod
    for several in ("router_metrics", "sources", "latency_buckets"):
        chosen[several] = tuple(chosen[several])
    scope = Scope(chosen.pop("namespace"), chosen.pop("skip_namespaces"))
    return Options(scope=scope, **chosen)


def _add_measuring(parser: argparse.ArgumentParser) -> None:
    """What measurements may be asked of, and what is called how."""
    add = parser.add_argument
    add(
        "--prometheus",
        type=source_url,
        default="",
        metavar="URL",
        help="the Prometheus that metrics are asked of unless they name another (http://HOST:PORT; default: none)",
    )
    add(
        "--allow-source",
        action="append",
        dest="sources",
        type=allowed_source,
        default=[],
        metavar="SOURCE",
        help="what else metrics may name as their address: HOST:PORT or the beginning of a URL (may be given more than once; "
        "default: nothing but --prometheus)",
    )
    add(
        "--app-metrics",
        choices=("prometheus", "opentelemetry"),
        default="prometheus",
        help="how apps name their requests, for builtIn metrics of Rollouts without a route (default: %(default)s)",
    )
    add(
        "--latency-buckets",
        type=_milliseconds,
        default=(),
        metavar="MS,MS…",
        help="the bounds of the router's histogram of latencies in milliseconds, where they are not its default",
    )
    add(
        "--envoy-merges-backends",
        action="store_true",
        help="Envoy Gateway has `mergeBackends`, so that its metrics tell both sides apart (default: it has not)",
    )


def source_url(text: str) -> str:
    """Where a source is; ends with a message where nobody could be asked there."""
    if text and isinstance(place := place_of(text), Refused):
        raise argparse.ArgumentTypeError(place.why)
    return text


def allowed_source(text: str) -> str:
    """An entry of the list of sources; ends with a message where it is none."""
    try:
        allow_list([text])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _milliseconds(text: str) -> tuple[float, ...]:
    return tuple(float(each) for each in text.split(","))


def _add_scope(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--namespace", help="work in this namespace only (default: in all)")
    which.add_argument(
        "--skip-namespaces",
        type=_names,
        default=(),
        metavar="NAMES",
        help="leave these to operators of their own: names with commas between, * at the end for every rest",
    )


def _names(text: str) -> tuple[str, ...]:
    try:
        return skipped(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def seconds(text: str) -> float:
    """A time from 0 to 60 s: more would hold every release up for nothing."""
    value = float(text)
    if not 0 <= value <= LONGEST_S:
        raise argparse.ArgumentTypeError(f"must be from 0 to {LONGEST_S:g}, not {text}")
    return value


def metrics_url(text: str) -> str:
    """Where a router's metrics are: by HTTP, since every address of the host is asked, and a certificate has none."""
    try:
        url = urlsplit(text)
        usable = url.scheme == "http" and url.hostname and url.port != 0 and "@" not in url.netloc
    except ValueError:
        usable = False
    if not usable:
        raise argparse.ArgumentTypeError(f"must be like http://HOST:PORT/metrics, not {text}")
    return text


def identity() -> str:
    """Who this process is: a pod's name outlives its containers, so a restarted one has its Lease back at once."""
    return os.environ.get("POD_NAME") or f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
