"""What policies say to a manifest, in lines: ours rule by rule, the API server's own answer, and where the two differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from crossfade.view.policy_answers import refused
from crossfade.view.rule_answers import PolicyAnswer, RuleAnswer, Verdict
from crossfade.view.text import jsonable

MARKS = {
    Verdict.KEPT: "✓",
    Verdict.REFUSED: "✗",
    Verdict.HELD: "…",
    Verdict.WARNED: "!",
    Verdict.NOTED: "·",
    Verdict.PASSED: "·",
    Verdict.NOT_ASKED: "·",
    Verdict.UNKNOWN: "?",
}
WORDS = {
    Verdict.KEPT: "kept",
    Verdict.REFUSED: "refused",
    Verdict.HELD: "waits",
    Verdict.WARNED: "only warns",
    Verdict.NOTED: "only written down",
    Verdict.PASSED: "passed",
    Verdict.NOT_ASKED: "not asked",
    Verdict.UNKNOWN: "not known",
}


@dataclass(frozen=True)
class Server:
    """The API server's own answer. `refusal`: why it says no, "" where it takes it. `unasked`: why it was not asked."""

    asked: bool = False
    refusal: str = ""
    warnings: tuple[str, ...] = ()
    unasked: str = ""


@dataclass(frozen=True)
class Tested:
    """One Rollout: what each policy says, and what the API server says. `unread`: what could not be read, in sentences."""

    name: str
    namespace: str
    policies: tuple[PolicyAnswer, ...]
    server: Server
    unread: tuple[str, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether it would be refused: by what was found here, or by the API server, whoever is right."""
        return refused(self.policies) or bool(self.server.refusal)

    @property
    def held(self) -> bool:
        """Whether its release would wait."""
        return any(each.of(Verdict.HELD) for each in self.policies)

    @property
    def known(self) -> bool:
        """Whether all that may refuse or hold it was read and judged."""
        return not self.unread and not any(each.of(Verdict.UNKNOWN) for each in self.policies)

    @property
    def differs(self) -> str:
        """How the two answers differ, and what that may come from, as a sentence; "" where they agree, or only one is there."""
        if not self.server.asked or bool(self.server.refusal) == refused(self.policies):
            return ""
        if self.server.refusal:
            return (
                "the API server refuses it, and no policy that was found here does: it may be another admission policy or the schema, a "
                "CEL expression of a policy, or a policy that changed meanwhile"
            )
        return (
            "the API server takes it, although a policy refuses it: either the admission policies of Crossfade are not installed "
            "(manifests/policies.yaml), or you are let through (the verb bypass with its annotation), or the policy changed meanwhile. The "
            "operator would hold the release"
        )


def told(tested: Tested) -> Iterator[str]:
    """Say it in lines."""
    yield f"{tested.name} in {tested.namespace}: {_summary(tested)}"
    if not tested.policies and not tested.unread:
        yield "  No RolloutPolicy is about it."
    for policy in tested.policies:
        yield f"  policy {policy.policy}" + (f" ({policy.mode})" if policy.mode else "")
        yield from (f"    {_line(each)}" for each in policy.rules)
        if not policy.rules:
            yield "    · it has no rules"
    yield from _server(tested)
    yield from (f"  ?  {each}" for each in tested.unread)


def sentences(policies: Iterable[PolicyAnswer], *verdicts: Verdict) -> Iterator[str]:
    """Say on one line each what rules with these verdicts do. Example: `policy prod, rule windows waits before Start: friday is closed …`."""
    for policy in policies:
        for each in policy.of(*verdicts):
            before = f" before {each.before}" if each.before else ""
            yield f"policy {policy.policy}, rule {each.rule}: {WORDS[each.verdict]}{before}: {each.message}"


def _summary(tested: Tested) -> str:
    if tested.refused:
        return "refused"
    if tested.held:
        return "taken, and its release waits"
    return "taken" if tested.known else "taken, as far as known"


def _line(each: RuleAnswer) -> str:
    before = f" before {each.before}" if each.before and each.verdict is not Verdict.NOT_ASKED else ""
    message = f": {each.message}" if each.message else ""
    return f"{MARKS[each.verdict]} {each.rule:<11} {WORDS[each.verdict]}{before}{message}"


def _server(tested: Tested) -> Iterator[str]:
    server = tested.server
    if not server.asked:
        yield f"  API server: not asked: {server.unasked}"
        return
    yield f"  API server: {f'refuses it: {server.refusal}' if server.refusal else 'takes it (dry run)'}"
    yield from (f"    ! it warns: {each}" for each in server.warnings)
    if tested.differs:
        yield f"  Differs: {tested.differs}"


def jsonable_of(tested: Tested) -> dict[str, Any]:
    """Give it for programs."""
    found: dict[str, Any] = jsonable(tested)
    return {**found, "refused": tested.refused, "held": tested.held, "differs": tested.differs}
