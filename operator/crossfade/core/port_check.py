"""Whether the candidate's pods take connections on the ports that requests come to: tried once, before the first of them.

A pod is ready by its own probe, which may ask another port, or nothing. A port that nobody listens on refuses at once. But so
may a firewall on the way, for every pod: where stable serves, a refusal counts only if pods can be reached, which is shown by stable on any
of its ports, or where stable has no ready pod by the port of the pod's own readiness probe. In a first release nobody is served
yet, so every refusal counts. What cannot be found out holds nothing up, and is told: `unchecked`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossfade.api.status import UNCHECKED_LENGTH, UncheckedPort
from crossfade.core import ports
from crossfade.core.declared_ports import probed_numbers, tcp_numbers
from crossfade.core.observed import SILENT_S, Closed
from crossfade.core.plan import ReadRequest
from crossfade.core.situation import Situation


def closed(s: Situation) -> Closed | None:
    """A port that nobody listens on in a pod of the candidate, as far as anything speaks for it."""
    refused = _refused(s) or []
    return next(iter(refused), None) if not s.stable_revision or _are_reached(s) else None


def is_wanted(s: Situation) -> bool:
    """Whether the ports of the candidate must be tried before it gets its first requests, and were not, or are closed."""
    p = s.progress
    asked = s.seen.checks_ports and s.under_way and not p.rollback_reason and s.n > 0
    open_ = not (_refused(s) is None or is_due(s) or _is_awaited(s)) and closed(s) is None
    return bool(asked and _ports(s)) and not open_


def is_due(s: Situation) -> bool:
    """Whether there is something to try that was not tried in this pass."""
    if s.progress.revision not in s.seen.found.tried:
        return bool(s.candidate.ready)
    return bool(_refused(s)) and bool(s.stable_revision) and s.stable_revision not in s.seen.found.tried


def edited(s: Situation) -> tuple[int, ...]:
    """The ports of stable's pods that requests would newly come to, where somebody edited the Service's ports alone."""
    alone = not s.under_way and bool(s.stable_revision) and s.spec_revision == s.stable_revision
    if not (alone and s.seen.checks_ports and s.n and s.service_name) or s.adopts:
        return ()
    template = s.template_of(s.stable_revision) or {}
    was = set(tcp_numbers(ports.kept(s, s.stable_revision), template))
    return tuple(port for port in tcp_numbers(ports.in_spec(s), template) if port not in was)


def request_of_edited(s: Situation) -> ReadRequest | None:
    """What is to be tried before these are written; the ports of now show whether pods can be reached. None where nothing is."""
    stable, new = s.stable_revision, edited(s)
    if not new or not s.stable.ready or stable in s.seen.found.tried:
        return None
    was = tcp_numbers(ports.kept(s, stable), s.template_of(stable) or {})
    return ReadRequest(pods=frozenset({stable}), ports={stable: (*new, *was)})


def closed_of_edited(s: Situation) -> Closed | int | None:
    """A port that nobody listens on, of those; its number where that is not known yet; None where nothing speaks against them."""
    new, tried = edited(s), s.seen.found.tried.get(s.stable_revision)
    if not new or tried is None:
        return None
    shut = next((each for each in tried.refused if each.port in new and tried.answered), None)
    return shut or next((port for port in new if port in tried.awaited), None)


def noted(s: Situation) -> Situation:
    """The memory with the ports of the two revisions that could not be checked, where that was tried in this pass."""
    kept = [each for each in s.memory.unchecked if each.revision in {s.stable_revision, s.progress.revision}]
    revision, tried_ports = (
        (s.progress.revision, _ports(s)) if s.under_way else (s.stable_revision, edited(s))
    )
    tried = s.seen.found.tried.get(revision)
    decided = not is_wanted(s) if s.under_way else closed_of_edited(s) is None
    if tried is not None and tried_ports and decided:
        unsure = {port: False for port in tried_ports if port in tried.silent}
        unsure |= {each.port: True for each in tried.refused if each.port in tried_ports}
        made = [UncheckedPort(revision=revision, port=port, refused=how) for port, how in unsure.items()]
        kept = [*(each for each in kept if each.revision != revision), *made][:UNCHECKED_LENGTH]
    return s.remember(unchecked=kept) if kept != s.memory.unchecked else s


def unchecked(s: Situation) -> str:
    """Which ports could not be checked, and why, as a sentence; "" where all were."""
    told = {(each.port, each.refused) for each in s.memory.unchecked}
    return "; ".join(f"port {port} was not checked: {_WHY[refused]}" for port, refused in sorted(told))


def is_doubted(s: Situation) -> bool:
    """Whether stable has a port that refused, and never answered."""
    return any(each.refused and each.revision == s.stable_revision for each in s.memory.unchecked)


_WHY: Final = {
    False: f"no connection to its pods from the operator within {SILENT_S:.0f} s",
    True: "it refuses connections from the operator, in the pods before this release too",
}


def _is_awaited(s: Situation) -> bool:
    """Whether a connection that decides is still neither taken nor refused."""
    tried = (s.seen.found.tried.get(each) for each in (s.progress.revision, s.stable_revision) if each)
    return any(each.awaited & {*_ports(s)} for each in tried if each is not None)


def request(s: Situation) -> ReadRequest:
    """What is to be tried: the candidate first, and where it refuses, stable. Its pods say how often they have ended, too."""
    revision = s.progress.revision
    if revision in s.seen.found.tried:
        stable = s.stable_revision
        own = tcp_numbers(ports.of(s, stable), s.template_of(stable) or {})
        return ReadRequest(pods=frozenset({stable}), ports={stable: (*_ports(s), *own)})
    return ReadRequest(
        pods=frozenset({revision}), ports={revision: (*_ports(s), *probed_numbers(_template(s)))}
    )


def _refused(s: Situation) -> list[Closed] | None:
    """What the candidate refused of the Service's ports; None where that is not known."""
    tried = s.seen.found.tried.get(s.progress.revision)
    return None if tried is None else [each for each in tried.refused if each.port in _ports(s)]


def _are_reached(s: Situation) -> bool:
    """Whether stable can be reached on any of its ports or of these; where it has no ready pod, whether the candidate can be."""
    if is_due(s):  # stable comes next
        return False
    stable = s.seen.found.tried.get(s.stable_revision)
    if stable is not None:
        return bool(stable.answered)
    tried = s.seen.found.tried.get(s.progress.revision)
    return bool(tried and tried.answered & set(probed_numbers(_template(s))))


def _ports(s: Situation) -> tuple[int, ...]:
    template = _template(s)
    return (
        tuple(tcp_numbers(ports.of(s, s.progress.revision), template)) if template and s.service_name else ()
    )


def _template(s: Situation) -> Mapping[str, Any]:
    return s.template_of(s.progress.revision) or {}
