"""Two operators that compete for one Lease, each behind a proxy of its own, so that it is known who wrote what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.kube import PATIENCE_S, Kube, wait_for
from faults.lane import Lane, lane
from faults.record import Record


@dataclass(frozen=True)
class Pair:
    """The one that leads, and the one that stands by, as they were when the pair was made."""

    leader: Lane
    standby: Lane

    def taken_over_s(self, since_s: float, within_s: float = PATIENCE_S) -> float:
        """Wait until the standby holds the Lease; when it had it, in monotonic seconds."""
        taken = wait_for("the take-over", lambda: leases(self.standby, since_s), within_s)
        return taken[0].answered_s

    def works_s(self, rollout: str, within_s: float = PATIENCE_S) -> float:
        """Wait until the standby has written something to the Rollout; when that was stored."""
        wrote = wait_for(f"a write to {rollout}", lambda: accepted(self.standby, f"{rollout}*"), within_s)
        return wrote[0].answered_s

    def written_by_leader_after(self, since_s: float) -> list[str]:
        """Whatever the first leader asked the server to write after that moment, accepted or not."""
        return [str(each) for each in self.leader.proxy.writes() if each.answered_s > since_s]


def leases(one: Lane, since_s: float = 0) -> list[Record]:
    """Each time that it took or renewed the Lease."""
    return [each for each in accepted(one) if each.asked.kind == "Lease" and each.answered_s > since_s]


def accepted(one: Lane, name: str | None = None) -> list[Record]:
    """Its writes that were stored."""
    return [each for each in one.proxy.writes(name) if each.accepted]


@contextmanager
def pair(kube: Kube, namespace: str, folder: Path, *, revived: bool = False) -> Iterator[Pair]:
    """Two operators, of which the first leads and the second is known to stand by."""
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(lane(kube, namespace, folder / name, lease=True, revived=revived))
            for name in ("one", "other")
        )
        wait_for("a leader", lambda: leases(one) or leases(other))
        leader, standby = (one, other) if leases(one) else (other, one)
        wait_for(
            "the other one to look at the Lease",
            lambda: any(
                each.asked.kind == "Lease" and each.asked.verb == "get" for each in standby.proxy.log
            ),
        )
        yield Pair(leader, standby)
