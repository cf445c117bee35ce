"""No router that counts: the app's own metrics, by the names that are usual, or by those that are set.

`PROMETHEUS` are the names of Prometheus's own client libraries' examples, `OPENTELEMETRY` those of OpenTelemetry's semantic conventions
for HTTP servers as its Prometheus exporter writes them. A label must name the revision: a PodMonitor copies the pods'
`crossfade.dev/revision` (`podTargetLabels`), which Prometheus writes as `crossfade_dev_revision`. It also writes `pod`, by which
counts are told apart: a pod that has most of the errors can be named. Where that label is missing, nothing but the name is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from crossfade.providers.builtin.counting import edge, equal, events, or_none
from crossfade.providers.builtin.wanted import By, Errors, Latency, Pair, Side, Sides, Target, bucket_refusal
from crossfade.providers.outcome import Refused

BUCKETS_MS: Final = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
"""The default of Prometheus's clients; OpenTelemetry's has these too, and more."""

_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,199}")
_LABEL: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,99}")


@dataclass(frozen=True)
class Names:
    """What the app calls its metrics. `requests`: a counter with the label `status`; `duration_s`: a histogram in seconds.

    `revision`, `namespace`, `pod`: the labels that Prometheus adds.
    """

    requests: str
    status: str
    duration_s: str
    revision: str = "crossfade_dev_revision"
    namespace: str = "namespace"
    pod: str = "pod"

    def refusal(self) -> str:
        """Say which name cannot be one; "" where all can."""
        metrics, labels = (
            (self.requests, self.duration_s),
            (self.status, self.revision, self.namespace, self.pod),
        )
        wrong = [each for each in metrics if not _METRIC.fullmatch(each)]
        wrong += [each for each in labels if not _LABEL.fullmatch(each)]
        return f"{wrong[0]!r} is no name of a metric or a label: letters, digits and _ are" if wrong else ""


PROMETHEUS: Final = Names("http_requests_total", "code", "http_request_duration_seconds")
OPENTELEMETRY: Final = Names(
    "http_server_request_duration_seconds_count",
    "http_response_status_code",
    "http_server_request_duration_seconds",
)


def sides(
    target: Target, wanted: Errors | Latency, window_s: int, names: Names = PROMETHEUS
) -> Sides | Refused:
    """The queries of both sides; the candidate's by pod."""
    if why := names.refusal() or _unnamed(target):
        return Refused(why)
    if isinstance(wanted, Latency) and (why := bucket_refusal(wanted, BUCKETS_MS, "the app")):
        return Refused(why)
    candidate = _pair(target.namespace, target.candidate, wanted, window_s, names, names.pod)
    stable = _pair(target.namespace, target.stable, wanted, window_s, names)
    return Sides(candidate, stable, by=By(pod=names.pod))


def _unnamed(target: Target) -> str:
    named = target.candidate.revision and target.stable.revision
    return "" if named else "the app's metrics are told apart by revision: name both sides'"


def _pair(
    namespace: str, side: Side, wanted: Errors | Latency, window_s: int, names: Names, by: str = ""
) -> Pair:
    mine = f"{equal(names.namespace, namespace)},{equal(names.revision, side.revision)}"
    if isinstance(wanted, Errors):
        total = events(names.requests, mine, window_s, by)
        bad = events(names.requests, f'{mine},{names.status}=~"5.."', window_s, by)
        return Pair(or_none(bad, total), total)
    total = events(f"{names.duration_s}_count", mine, window_s, by)
    bucket = events(f"{names.duration_s}_bucket", f"{mine},{edge(wanted.ms / 1000)}", window_s, by)
    return Pair(f"{total} - {bucket}", total)
