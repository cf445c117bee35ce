"""Whether the candidate's pods take connections on the ports that requests come to: tried once, before the first of them.

A pod is ready by its own probe, which may ask another port, or nothing. A port that nobody listens on refuses at once. But so
may a firewall on the way, for every pod: a refusal counts only where pods can be reached, which is shown by stable on the
same port, or where stable has no ready pod by the port of the pod's own readiness probe. Whatever else happens says nothing, and holds
nothing up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossfade.core import ports
from crossfade.core.declared_ports import probed_numbers, tcp_numbers
from crossfade.core.observed import Closed
from crossfade.core.plan import ReadRequest
from crossfade.core.situation import Situation


def closed(s: Situation) -> Closed | None:
    """A port that nobody listens on in a pod of the candidate, though pods can be reached."""
    refused, reached = _refused(s), _reached(s)
    return next((each for each in refused or () if reached is True or each.port in (reached or ())), None)


def is_wanted(s: Situation) -> bool:
    """Whether the ports of the candidate must be tried before it gets its first requests, and were not, or are closed."""
    p = s.progress
    asked = s.seen.checks_ports and s.under_way and not p.rollback_reason and s.n > 0
    return bool(asked and _ports(s)) and (_refused(s) is None or is_due(s) or closed(s) is not None)


def is_due(s: Situation) -> bool:
    """Whether there is something to try that was not tried in this pass."""
    if s.progress.revision not in s.seen.found.tried:
        return bool(s.candidate.ready)
    return bool(_refused(s)) and bool(s.stable_revision) and s.stable_revision not in s.seen.found.tried


def request(s: Situation) -> ReadRequest:
    """What is to be tried: the candidate first, and where it refuses, stable. Its pods say how often they have ended, too."""
    revision = s.progress.revision
    if revision in s.seen.found.tried:
        stable = s.stable_revision
        return ReadRequest(pods=frozenset({stable}), ports={stable: _ports(s)})
    return ReadRequest(
        pods=frozenset({revision}), ports={revision: (*_ports(s), *probed_numbers(_template(s)))}
    )


def _refused(s: Situation) -> list[Closed] | None:
    """What the candidate refused of the Service's ports; None where that is not known."""
    tried = s.seen.found.tried.get(s.progress.revision)
    return None if tried is None else [each for each in tried.refused if each.port in _ports(s)]


def _reached(s: Situation) -> frozenset[int] | bool:
    """On which ports stable can be reached; where it has no ready pod, whether the candidate can be reached at all."""
    if is_due(s):  # stable comes next
        return False
    stable = s.seen.found.tried.get(s.stable_revision)
    if stable is not None:
        return stable.answered
    tried = s.seen.found.tried.get(s.progress.revision)
    return bool(tried and tried.answered & set(probed_numbers(_template(s))))


def _ports(s: Situation) -> tuple[int, ...]:
    template = _template(s)
    return (
        tuple(tcp_numbers(ports.of(s, s.progress.revision), template)) if template and s.service_name else ()
    )


def _template(s: Situation) -> Mapping[str, Any]:
    return s.template_of(s.progress.revision) or {}
