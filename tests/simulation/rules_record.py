"""Promises about Releases, the record."""

from __future__ import annotations

from crossfade.core.plan import Verb
from simulation.seen import Rule, Seen
from simulation.shown import candidate_of, stable_of


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
    spec, memory = seen.write.body["spec"], seen.before.status
    known = {candidate_of(seen.before)}
    if (memory.get("stable") or {}).get("release") == spec["number"]:
        known.add(stable_of(seen.before))
    known.add((memory.get("failed") or {}).get("revision"))
    right = spec["number"] == memory["release"] and spec["revision"] in known
    return "" if right else f"the record of release {spec['number']} names {spec['revision']}"


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
