"""Whether the candidate's pods take connections on the ports that requests come to: tried once, before the first of them.

A pod is ready by its own probe, which may ask another port, or nothing. A port that nobody listens on refuses at once; one
that cannot be reached from the operator (a policy of the network) says nothing, and holds nothing up.
"""

from __future__ import annotations

from crossfade.core import manifests
from crossfade.core.observed import Closed
from crossfade.core.plan import ReadRequest
from crossfade.core.ports import tcp_numbers
from crossfade.core.situation import Situation


def closed(s: Situation) -> Closed | None:
    """A port that a pod of the candidate refused just now."""
    return next(iter(s.seen.found.closed.get(s.progress.revision) or ()), None)


def is_wanted(s: Situation) -> bool:
    """Whether the ports of the candidate must be tried before it gets its first requests, and were not, or refused."""
    p = s.progress
    asked = s.seen.checks_ports and s.under_way and not p.rollback_reason and s.n > 0
    return bool(asked and s.seen.found.closed.get(p.revision) != () and _ports(s))


def is_due(s: Situation) -> bool:
    """Whether there is a pod to try them on, and nobody did in this pass."""
    return bool(s.candidate.ready) and s.progress.revision not in s.seen.found.closed


def request(s: Situation) -> ReadRequest:
    """What is to be tried: the same list of pods says how often their containers have ended so far."""
    revision = s.progress.revision
    return ReadRequest(pods=frozenset({revision}), ports={revision: _ports(s)})


def _ports(s: Situation) -> tuple[int, ...]:
    template = manifests.template_of(s, s.progress.revision)
    return tuple(tcp_numbers(manifests.service_ports(s), template)) if template and s.service_name else ()
