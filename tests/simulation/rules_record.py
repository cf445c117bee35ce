"""Promises about Releases, the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossfade.core.plan import Verb
from simulation.cluster import Sim
from simulation.seen import Rule, Seen
from simulation.shown import candidate_of, failed_of, stable_of
from simulation.sight import as_viewed


def an_outcome_is_written_once(seen: Seen) -> str:
    """What a Release ended as is never changed."""
    before = seen.before.releases.get(seen.write.name, {}).get("status", {}).get("outcome")
    after = seen.after.releases.get(seen.write.name, {}).get("status", {}).get("outcome")
    changed = before and after not in {before, None}
    return f"{seen.write.name} was {before} and is {after} now" if changed else ""


def a_release_is_recorded_as_it_began(seen: Seen) -> str:
    """The record is of the number and the revision that the memory names."""
    if seen.write.verb is not Verb.CREATE or not seen.before.status:
        return ""
    spec = seen.write.body["spec"]
    right = any(
        _is_of(spec, sim) for sim in (seen.before, as_viewed(seen.base))
    )  # an older one may just be back
    return "" if right else f"the record of release {spec['number']} names {spec['revision']}"


def _is_of(spec: Mapping[str, Any], sim: Sim) -> bool:
    """Whether the memory in a cluster names that number and that revision."""
    known = {candidate_of(sim), failed_of(sim).get("revision")}
    if (sim.status.get("stable") or {}).get("release") == spec["number"]:
        known.add(stable_of(sim))
    return spec["number"] == sim.status.get("release") and spec["revision"] in known


def the_template_of_stable_is_kept(seen: Seen) -> str:
    """However short the history is, the Release that stable came with stays, and so does one without an outcome."""
    old = seen.before.releases.get(seen.write.name)
    if seen.write.verb is not Verb.DELETE or old is None:
        return ""
    ended, spec = old.get("status", {}).get("outcome"), old["spec"]
    others = [r["spec"] for r in seen.after.releases.values() if r["spec"]["revision"] == spec["revision"]]
    needed = not ended or (spec["revision"] == stable_of(seen.before) and not others)
    return f"{seen.write.name} is deleted" if needed else ""


RECORD_RULES: tuple[Rule, ...] = (
    an_outcome_is_written_once,
    a_release_is_recorded_as_it_began,
    the_template_of_stable_is_kept,
)
