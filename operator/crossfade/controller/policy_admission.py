"""Keeps the admission policy of each RolloutPolicy that has `expressions`: made, changed and removed with them.

An operator of all namespaces does this; one of a single namespace has no right to, and leaves it to whoever has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from pydantic import ValidationError

from crossfade.api.policy import RolloutPolicy
from crossfade.cluster import ApiError, Cluster
from crossfade.core.policy.generated import admission, is_ours, name_of, refused, stands, warned
from crossfade.wire.resources import Raw

POLICY: Final = "ValidatingAdmissionPolicy"
BINDING: Final = "ValidatingAdmissionPolicyBinding"
SOON_S: Final = 2.0
"""The API server's controller checks the types of a new expression within about a second."""
AGAIN_S: Final = 30.0
"""What nobody has checked, and what the operator may not write, is looked at again after so long."""


@dataclass(frozen=True)
class Admitted:
    """Whether the expressions of a policy are in force. `problem`: why they are not, or what is wrong with one; "" where nothing is.

    `again_s`: seconds after which to settle it again; None: only when it changes.
    """

    problem: str = ""
    again_s: float | None = None


class PolicyAdmission:
    """`fence` is asked before each write, and raises where this process may not write any more."""

    def __init__(self, cluster: Cluster, fence: Callable[[], None]) -> None:
        self._cluster = cluster
        self._fence = fence
        self._without: set[str] = set()  # policies, by UID, of which nothing is stored

    async def settle(self, raw: Raw) -> Admitted:
        """Have stored for a RolloutPolicy what it asks for. Raises ApiError where the API server fails, or something changed meanwhile.

        Of one that is going, or cannot be read, nothing is changed: what is owned by it goes with it, and a rule that is not
        understood is not taken away.
        """
        try:
            asked = RolloutPolicy.model_validate({**raw, "status": None})
        except ValidationError:
            return Admitted()
        if asked.metadata.deletion_timestamp:
            return Admitted()
        try:
            return await self._settled(asked)
        except ApiError as error:
            if error.invalid:
                return Admitted(refused(asked, error.message))
            if error.status == HTTPStatus.FORBIDDEN:
                return Admitted(f"its expressions hold nobody: {error.message}", AGAIN_S)
            raise

    async def _settled(self, asked: RolloutPolicy) -> Admitted:
        name, wanted = name_of(asked.metadata.name), admission(asked)
        if not wanted:
            await self._remove(name, asked.metadata.uid)
            return Admitted()
        self._without.discard(asked.metadata.uid)
        found = {made["kind"]: await self._cluster.get(made["kind"], None, name) for made in wanted}
        theirs = [kind for kind, live in found.items() if live is not None and not is_ours(live)]
        if theirs:
            return Admitted(
                f"its expressions hold nobody: {theirs[0]} {name} is somebody else's: remove it", AGAIN_S
            )
        wrote = [await self._written(made, found[made["kind"]]) for made in wanted]
        return Admitted(again_s=SOON_S) if any(wrote) else _checked(asked, found[POLICY] or {})

    async def _written(self, made: Raw, live: Raw | None) -> bool:
        """Whether it had to be written."""
        if live is not None and stands(live, made):
            return False
        await self._write(made, live)
        return True

    async def _write(self, made: Raw, live: Raw | None) -> None:
        self._fence()
        if live is None:
            await self._cluster.create(made["kind"], None, made)
            return
        version = {"resourceVersion": live["metadata"]["resourceVersion"]}
        body = {**made, "metadata": {**made["metadata"], **version}}
        await self._cluster.replace(made["kind"], None, made["metadata"]["name"], body)

    async def _remove(self, name: str, uid: str) -> None:
        """The binding first: without it the other one judges nobody."""
        if uid in self._without:
            return
        for kind in (BINDING, POLICY):
            live = await self._cluster.get(kind, None, name)
            if live is not None and is_ours(live):
                self._fence()
                await self._cluster.delete(kind, None, name, uid=live["metadata"]["uid"])
        self._without.add(uid)


def _checked(asked: RolloutPolicy, live: Raw) -> Admitted:
    """What the API server says of the types, once it has looked."""
    told = (live.get("status") or {}).get("observedGeneration") == live.get("metadata", {}).get("generation")
    return Admitted(warned(asked, live)) if told else Admitted(again_s=AGAIN_S)
