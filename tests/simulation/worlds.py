"""Small worlds, in which v1 has completed and the user has just changed the image to v2. Times are short, and all differ.

What is special about a world is in its own: one feature each, so that all that may happen to one feature is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from builders import V1, V2, V3, releasing_v2, rollout
from crossfade.api.labels import ANNOTATION_REQUESTER
from crossfade.core.moments import moment_of
from crossfade.core.policy.matched import Matched
from simulation import admins, measured, mishaps, people
from simulation.asked import NOWHERE, may_be_missing, points
from simulation.cluster import Sim
from simulation.ghost import Ghost
from simulation.live import quiet, rest, stands_at, until
from simulation.measuring import answers
from simulation.moves import Move, World
from simulation.router import Mode
from simulation.shown import candidate_of, progress_of, reached_by, stable_of
from simulation.takeovers import adopted, beside_its_old_deployment, from_a_chart, from_git, taking_over
from simulation.way import advanced
from simulation.way import begun as way_of
from simulation.weights import receiving

Strategy = dict[str, Any]
People = Callable[[Sim], Iterator[Move]]

OTHER_PORT = 9090

POLICIES = 0.5
"""The share of a world with policies."""

STRATEGIES: dict[str, Strategy] = {
    "recreate": {"recreate": {"maxDowntimeSeconds": 15}},
    "rolling": {"rolling": {"batches": [{"replicas": 1, "pauseSeconds": 3}]}},
    "blueGreen": {"blueGreen": {"promote": "Manual", "previewReplicas": 1}},
    "canary": {"canary": {"steps": [{"weight": 50, "pauseSeconds": 3}]}},
    "bigBang": {"bigBang": {}},
}
OTHERWISE: dict[str, dict[str, Strategy]] = {
    "recreate": {"without pulling": {"recreate": {"maxDowntimeSeconds": 15, "pullFirst": False}}},
    "rolling": {"with allowances": {"rolling": {"maxSurge": 0, "maxUnavailable": 1}}},
    "blueGreen": {"without waiting": {"blueGreen": {}}},
    "canary": {"asking a person": {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}},
}
HALF: Strategy = {"weight": 50, "pauseSeconds": 3}
ROUTED_STRATEGIES: dict[str, Strategy] = {
    "canary": {"canary": {"steps": [HALF]}},
    "blueGreen": STRATEGIES["blueGreen"],
    "bigBang": STRATEGIES["bigBang"],
}
DYNAMIC: Strategy = {"canary": {"steps": [HALF], "dynamicStable": True}}
TWO_MANUAL: Strategy = {
    "canary": {"steps": [{"weight": 34, "pause": "Manual"}, {"weight": 67, "pause": "Manual"}]}
}
STICKY: Strategy = {"canary": {"steps": [HALF], "sticky": True}}
PREVIEWED: Strategy = {
    "blueGreen": {
        "promote": "Manual",
        "previewReplicas": 1,
        "previewMatch": [{"header": {"name": "x-preview", "exact": "yes"}}],
    }
}
GROUPS: Strategy = {
    "canary": {
        "steps": [
            {"match": [{"header": {"name": "x-group", "exact": "beta"}}], "pauseSeconds": 3},
            {"weight": 50, "mirror": "10%"},
        ]
    }
}
TIMES = {"bakeSeconds": 4, "progressDeadlineSeconds": 20}

USUAL: tuple[People, ...] = (
    people.images,
    people.scales,
    people.pausing,
    people.asking("Abort", "Promote", "Pause", "Resume", "Retry", "Undo"),
    people.pipeline,
)


@dataclass(frozen=True)
class Case:
    """A small world, by a name that says what is special about it. `share`: of the states that are explored."""

    name: str
    begin: Callable[[], World]
    share: float = 1.0


def cases(strategy: str) -> list[Case]:
    """All worlds of a strategy; their shares sum up to 1."""
    made = [
        *_sizes(strategy),
        *_asked_of(strategy),
        *_spec_fields(strategy),
        *_ends(strategy),
        *_ills(strategy),
        *_care(strategy),
        *_routes(strategy),
        *_measured(strategy),
        *_policies(strategy),
    ]
    total = sum(case.share for case in made)
    return [Case(case.name, case.begin, case.share / total) for case in made]


def _sizes(strategy: str) -> Iterator[Case]:
    """Everything that is usual, in clusters of different sizes."""
    usual = STRATEGIES[strategy]
    yield Case("2 pods", lambda: world(usual), 3)
    yield Case("3 pods", lambda: world(usual, replicas=3))
    yield Case("1 pod", lambda: world(usual, replicas=1))
    yield Case("no Service", lambda: world(usual, service=False))
    for name, other in OTHERWISE.get(strategy, {}).items():
        yield Case(name, lambda other=other: world(other))


def _asked_of(strategy: str) -> Iterator[Case]:
    """What people may ask for, beyond the usual."""
    usual = STRATEGIES[strategy]
    hands_on = people.asking("Skip", "PromoteFull", "Restart", "Promote", "Abort")
    halting = people.asking("Pause", "Resume", "Abort", "Skip", "Promote")
    yield Case("Skip, PromoteFull, Restart", lambda: world(usual, allows=(hands_on, people.images)))
    yield Case("Restart at rest", lambda: at_rest(usual, (people.asking("Restart", "Abort"), people.images)))
    yield Case("paused", lambda: world(usual, allows=(halting, people.pausing, people.images, people.scales)))
    yield Case("an autoscaler", lambda: world(usual, allows=(people.scales,), most_edits=5))
    yield Case("back to v1", lambda: back_to_v1(usual))
    yield Case("back to v1, none kept", lambda: back_to_v1(usual, rollbackRevisions=0))


def _spec_fields(strategy: str) -> Iterator[Case]:
    """Fields of the spec that change what happens."""
    usual = STRATEGIES[strategy]
    others = other_strategies(strategy)
    history = (people.images, people.asking("Abort", "Undo", "Promote"))
    edits = people.replanning(*others, {"bakeSeconds": 0}, {"onFailure": "Pause"})
    yield Case("a short history", lambda: world(usual, revisionHistoryLimit=0, allows=history, most_edits=3))
    yield Case("no bake", lambda: world(usual, bakeSeconds=0))
    yield Case("minReadySeconds", lambda: world(usual, minReadySeconds=3))
    yield Case("onFailure: Pause", lambda: world(usual, onFailure="Pause"))
    yield Case("one that failed is kept", lambda: world(usual, keepFailedSeconds=15))
    yield Case(
        "the strategy is edited", lambda: world(usual, allows=(edits, people.asking("Promote", "Abort")))
    )


def other_strategies(strategy: str) -> list[dict[str, Any]]:
    """What its strategy may be edited to, as fields of a spec; to and from recreate is a world of its own kind."""
    like = [other for name, other in STRATEGIES.items() if (name == "recreate") == (strategy == "recreate")]
    return [{"strategy": other} for other in (*like, *OTHERWISE.get(strategy, {}).values())]


def edits(strategy: str) -> People:
    """Somebody edits the strategy, also to one that begins where others end."""
    early: Strategy = {"canary": {"steps": [{"weight": 90, "pauseSeconds": 3}]}}
    more = [{"strategy": early}] if strategy != "recreate" else []
    return people.replanning(*other_strategies(strategy), *more)


def _ends(strategy: str) -> Iterator[Case]:
    """What was there before, and what is left."""
    usual = STRATEGIES[strategy]
    going = (people.deleting, people.images, people.asking("Abort", "Promote"))
    yield Case("GiveBack, deleted", lambda: world(usual, allows=going, onDelete="GiveBack"))
    yield Case("adopted, deleted", lambda: begun(adopted(usual, **TIMES), going))
    yield Case("adopted, given back", lambda: begun(adopted(usual, onDelete="GiveBack", **TIMES), going))
    yield Case("beside the old one", lambda: begun(beside_its_old_deployment(usual, **TIMES), going))
    git = (people.gitops, people.images, people.deleting)
    yield Case("Git writes the selector", lambda: begun(from_git(usual, **TIMES), git))
    yield Case("taking over", lambda: begun(taking_over(usual, **TIMES), going))
    chart = (people.deleting, people.charting, people.asking("Abort", "Promote"))
    yield Case("a chart's Deployment", lambda: begun(from_a_chart(usual, **TIMES), chart))


def _ills(strategy: str) -> Iterator[Case]:
    """What goes wrong seldom, spread over worlds of their own."""
    usual = STRATEGIES[strategy]
    some = (people.images, people.asking("Abort", "Promote"))

    def ill(*sources: People, allows: tuple[People, ...] = some, **spec: Any) -> Callable[[], World]:
        return lambda: world(usual, allows=allows, ills=sources, **spec)

    yield Case("evicted pods stay", ill(mishaps.evictions))
    yield Case("1 pod, evicted", ill(mishaps.evictions, replicas=1))
    yield Case("pods that hang", ill(mishaps.hanging))
    yield Case("v1 or v3 breaks", ill(mishaps.breaking(V1, V3)))
    yield Case("no operator for an hour", ill(mishaps.absences))
    yield Case("quotas", lambda: first(usual, some, (mishaps.quotas,)))
    yield Case("late watches", ill(mishaps.late_watches("Deployment", "EndpointSlice", "Service", "Rollout")))
    yield Case("somebody deletes", ill(mishaps.deletions))
    yield Case("a lost status", lambda: tampered(usual, some))
    yield Case("a patched status", ill(mishaps.patches, allows=(*some, people.pausing)))
    yield Case("a node's clock is behind", lambda: skewed(usual, node_s=-4))
    yield Case("a node's clock is ahead", lambda: skewed(usual, node_s=8, minReadySeconds=3))
    yield Case("the API server's clock is behind", lambda: skewed(usual, api_s=-5))
    going = (people.deleting, people.images, people.asking("Abort", "Promote"))
    named = {"old": "shop-web", **TIMES}
    yield Case("a chart named like us", lambda: begun(beside_its_old_deployment(usual, **named), going))
    yield Case("an autoscaler that answers", lambda: world(usual, allows=(people.answering(3),), replicas=3))
    yield Case("completed at nothing", lambda: completed_at_nothing(usual))
    yield Case("begun while it grew", lambda: begun_while_it_grew(usual))
    yield Case("ports are tried", lambda: tried(usual, frozenset(), USUAL))
    yield Case("nobody listens", lambda: tried(usual, frozenset({V2}), some))
    yield Case("a late write", lambda: replace(world(usual, allows=some), leaders_hang=True))


def _care(strategy: str) -> Iterator[Case]:
    """What serves is cared for, and goes back, whatever else holds: no room, a pause, a spec that is wrong, a clock that jumped."""
    usual = STRATEGIES[strategy]
    some, halting = people.asking("Abort", "Promote"), people.asking("Pause", "Resume", "Abort")
    lost = (mishaps.deletions,)
    wrong = people.replanning({"service": {"ports": [{"port": 80, "targetPort": NOWHERE}]}})
    yield Case("no room for one more", lambda: crowded(usual, (people.images, people.scales, some)))
    if strategy not in {"recreate", "rolling"}:
        yield Case("grown, and no room", lambda: crowded_out(usual, (people.images, some)))
    owns = (people.owning_the_selector, people.images, some)
    yield Case(
        "two write the selector", lambda: with_its_way(begun(serving_v2(adopted(usual, **TIMES)), owns))
    )
    yield Case(
        "paused, and somebody deletes", lambda: world(usual, allows=(people.pausing, halting), ills=lost)
    )
    yield Case(
        "frozen, and somebody deletes", lambda: world(usual, allows=(some,), ills=lost, onFailure="Pause")
    )
    yield Case("wrong ports, and somebody deletes", lambda: world(usual, allows=(wrong, some), ills=lost))
    yield Case(
        "a clock that jumped", lambda: world(usual, allows=(some, people.images), ills=(mishaps.jumps,))
    )
    if strategy != "rolling":  # which exchanges them one by one: a course of it has more steps than are taken
        yield Case("10 pods", lambda: world(usual, allows=(some, people.images), replicas=10))
    if strategy in {"recreate", "blueGreen", "bigBang"}:
        yield Case("another port", lambda: with_another_port(usual, (some, people.scales)))
    if strategy in {"canary", "blueGreen"}:
        asks = {"canary": TWO_MANUAL}.get(strategy, usual)
        both = (people.twice("Promote", "Skip"), some)
        yield Case("two act at once", lambda: world(asks, allows=both, replicas=3))


def _routes(strategy: str) -> Iterator[Case]:
    """A route shares the requests, in which somebody else has a part; each world has something of its own that happens to it."""
    if strategy not in ROUTED_STRATEGIES:
        return
    usual, some = ROUTED_STRATEGIES[strategy], (people.images, people.asking("Abort", "Promote", "Skip"))

    def routed(
        *allows: People, ills: tuple[People, ...] = (), mode: Mode = Mode.ACCEPTS, **spec: Any
    ) -> Callable[[], World]:
        return lambda: by_a_route(usual, (*some, *allows), ills, mode=mode, **spec)

    others = [
        {"strategy": STRATEGIES[name]} for name in ("rolling", "canary", "blueGreen") if name != strategy
    ]
    edits, ends = people.replanning({"strategy": usual}, *others), (people.routing, people.deleting)
    yield Case("a route", routed(people.scales, people.pausing), 2)
    yield Case("a route, and its owner", routed(people.owning_the_route))
    yield Case("a route, and hands on it", routed(ills=(mishaps.hands_on_a_route,)))
    yield Case("a route, and its end", routed(*ends))
    yield Case("a route, given back", routed(people.deleting, onDelete="GiveBack"))
    yield Case("a route, its strategy edited", routed(edits))
    yield Case("a route, its router unsteady", routed(ills=(mishaps.unsteady_routers,)))
    yield Case("a route, its router silent", routed(mode=Mode.SILENT))
    yield Case("a slow router, metered", lambda: on_the_way_back(usual, some, slowly=True))
    yield Case("a route, on the way back", lambda: on_the_way_back(usual, (people.images, people.scales)))
    yield Case(
        "a route, seen late", routed(ills=(mishaps.late_watches("HTTPRoute", "Service", "EndpointSlice"),))
    )
    if strategy == "blueGreen":
        yield Case("a route, previewed", lambda: by_a_route(PREVIEWED, (*some, people.deleting)))
    if strategy == "canary":
        yield Case("a route, dynamicStable", lambda: by_a_route(DYNAMIC, (*some, people.scales), replicas=3))
        yield Case(
            "a route, groups and copies", lambda: by_a_route(GROUPS, some, (mishaps.hands_on_a_route,))
        )
        yield Case("a route, sticky", lambda: by_a_route(STICKY, (*some, people.deleting)))
        yield Case("a route of its own", lambda: by_its_own_route(usual, (*some, people.deleting)))
        yield Case("a route, at first", lambda: begun(before_its_route(usual), (*some, *ends)))


def _measured(strategy: str) -> Iterator[Case]:
    """What is measured decides; in each world sources say what they like, and some of it twice."""
    by_itself: Strategy = {"blueGreen": {"previewReplicas": 1}}  # where nobody is asked
    usual = by_itself if strategy == "blueGreen" else STRATEGIES[strategy]
    some = (people.images, people.asking("Abort", "Promote"))
    says = mishaps.telling(
        "bad", "neither good nor bad", "no data", "that it is down", "that it cannot be asked"
    )
    told = (says, mishaps.answers_again)

    def over(of: Strategy, **spec: Any) -> Callable[[], World]:
        return lambda: measuring(releasing_v2(of, **{"replicas": 2, **TIMES, **spec}), some, told)

    yield Case("measured to its end", over(usual, **measured.THROUGHOUT))
    if strategy == "blueGreen":
        yield Case("measured before the switch", over(measured.BEFORE_SWITCH))
    if strategy != "canary":
        return
    yield Case("measured in a step", over(measured.IN_A_STEP))
    hands = (people.images, people.asking("Abort", "Promote", "Skip", "Pause", "Resume", "Retry"))
    frozen: Strategy = {"onFailure": "Pause"}
    for name, word, spec in (("bad", "bad", {}), ("down", "that it is down", {}), ("frozen", "bad", frozen)):
        yield Case(f"measured, and {name}", partial(answered, word, hands, told, **spec))
    few, bad = people.asking("Abort", "Pause"), mishaps.telling("bad")
    made = (bad, mishaps.templates)
    yield Case("measured by a template", lambda: measuring(by_a_template(), (few,), made))
    edits = people.remeasuring(another_condition=measured.EDITS[0], another_weight=measured.EDITS[1])
    yield Case("measured, and edited", lambda: measuring(at_its_second_step(), (few, edits), (bad,)))
    yield Case("measured by a route", lambda: measuring(compared_by_a_route(), some, told))


def _policies(strategy: str) -> Iterator[Case]:
    """Policies hold a release, or do not any more, whatever else happens; in each world by another rule."""
    usual = STRATEGIES[strategy]
    hands = people.asking("Promote", "PromoteFull", "Skip", "Abort", "Retry")
    few, abort = people.asking("Abort", "Undo", "PromoteFull"), people.asking("Abort", "Retry")
    frozen = admins.ruling(it_is_frozen=admins.FROZEN, the_freeze_ends=None)
    windows = admins.ruling(
        promote_is_closed=admins.NO_PROMOTE,
        it_pauses=admins.PAUSES,
        it_aborts=admins.ABORTS,
        it_warns=admins.WARNS,
        it_opens=None,
    )
    rules = admins.ruling(
        it_cannot_be_read=admins.UNREADABLE, a_rule_is_broken=admins.BROKEN, it_is_corrected=admins.EMPTY
    )
    turns = admins.ruling(
        it_waits=admins.WAITS, it_has_a_turn=admins.TURN, it_is_seldom=admins.SELDOM, once_a_day=admins.ONCE
    )
    approving = admins.approving(admins.STRANGER, admins.REQUESTER)

    def ruled(
        name: str,
        *allows: People,
        by: Ruled = None,
        of: Callable[[], Sim] | None = None,
        ills: tuple[People, ...] = (),
    ) -> Case:
        made = of or partial(releasing_v2, usual, replicas=2, **TIMES)
        return Case(f"policies: {name}", lambda: under(by, made(), allows, ills), POLICIES)

    yield ruled("a freeze", frozen, people.images, people.scales)
    held = partial(standing, usual)
    yield ruled("frozen", frozen, hands, people.pausing, by=admins.FROZEN, of=held)
    yield ruled(
        "edited while held",
        frozen,
        edits(strategy),
        people.asking("Promote", "Abort"),
        by=admins.FROZEN,
        of=held,
    )
    yield ruled(
        "a while", admins.freezing_for_a_while, abort, by=admins.frozen_for_a_while, ills=(mishaps.losses,)
    )
    yield ruled("windows", windows, few, people.images)
    yield ruled("passed", rules, admins.bypassing, people.images, people.scales, by=admins.FROZEN)
    yield ruled("approvals", approving, people.images, people.asking("Abort", "Skip"), by=admins.ASKS)
    yield ruled("approved before", approving, people.images, by=admins.ASKS_TWO, of=partial(approved, usual))
    yield ruled("turns", turns, abort, people.images, by=admins.WAITS)
    back = partial(gone_back, usual)
    yield ruled("the way back", frozen, rules, few, people.images, by=admins.FROZEN, of=back)
    if strategy in {"canary", "blueGreen"}:
        stops = partial(standing, usual, onFailure="Pause")
        yield ruled("a frozen failure", windows, abort, of=stops)
        route = partial(by_its_route, usual)
        yield ruled("by a route", frozen, people.asking("Promote", "Skip", "Abort"), people.images, of=route)
    new = partial(Sim, rollout(usual, replicas=2, **TIMES), counter=1)
    yield ruled("at first", frozen, windows, people.images, of=new)


Ruled = Matched | Callable[[Sim], Matched] | None
"""The policy of a world, or of the moment at which it begins."""


def under(by: Ruled, sim: Sim, allows: tuple[People, ...], ills: tuple[People, ...] = ()) -> World:
    """A world in which a policy holds from its beginning on, if there is one; somebody has asked for what is wanted."""
    sim.tick(1)  # what is approved in the moment in which a release ends is taken for one of it
    policy = by(sim) if callable(by) else by
    sim.policies = (policy,) if policy is not None else ()
    sim.annotate({ANNOTATION_REQUESTER: admins.REQUESTER})
    made = begun(sim, allows, ills, most_edits=3)
    return with_its_way(made) if candidate_of(sim) else made


def standing(strategy: Strategy, **spec: Any) -> Sim:
    """A cluster that was frozen while v2 came to its first stage."""
    sim = until(releasing_v2(strategy, replicas=2, **TIMES, **spec), candidate_of)
    sim.policies = (admins.FROZEN,)
    return until(sim, stands_at(0))


def by_its_route(strategy: Strategy) -> Sim:
    """A cluster in which v2 is released, and a route shares the requests."""
    sim = behind_a_router(rollout(strategy, replicas=2, traffic=people.ROUTED, **TIMES))
    sim.set_image("shop:v2")
    return sim


def approved(strategy: Strategy) -> Sim:
    """A cluster in which one of two has approved v2, and then v3 is wanted."""
    sim = releasing_v2(strategy, replicas=2, **TIMES)
    sim.policies = (admins.ASKS_TWO,)
    sim.tick(1)
    sim.act("Approve", actor=admins.STRANGER, groups=[], revision=V2)
    quiet(sim)
    sim.set_image("shop:v3")
    return sim


def measuring(sim: Sim, allows: tuple[People, ...], ills: tuple[People, ...]) -> World:
    """A world from the moment on at which something is asked; sources answer when they like."""
    sim.open = ()
    until(sim, lambda s: s.open)
    return heard_from(sim, allows, ills)


def heard_from(sim: Sim, allows: tuple[People, ...], ills: tuple[People, ...]) -> World:
    """A world in the middle of a release that is measured."""
    return with_its_way(begun(sim, allows, ills))


def with_its_way(made: World) -> World:
    """A world whose release has come as far as its status says."""
    sim = made.sim
    way = way_of(candidate_of(sim), stable_of(sim), sim.rollout["spec"])
    progress = progress_of(sim)
    stood = moment_of(progress["reachedAt"]) if progress.get("reachedAt") else None
    index = progress["stage"]
    way = way._replace(index=index, stood=stood, weight=points(sim.rollout["spec"])[index].weight)
    made.ghost = made.ghost._replace(way=advanced(way, made.sim))
    return made


def answered(word: str, allows: tuple[People, ...], ills: tuple[People, ...], **spec: Any) -> World:
    """A world in which an answer to what is asked in a step has just come, and no pass has seen it.

    With `onFailure: Pause` it has, and nothing returns by itself.
    """
    sim = releasing_v2(measured.IN_A_STEP, replicas=2, **spec, **TIMES)
    sim.open = ()
    until(sim, lambda s: s.open)
    for ask in sim.open:
        sim.answer(answers(word, ask))
    if spec:
        quiet(sim)
    made = heard_from(sim, allows, ills)
    if word == "bad":
        made.ghost = made.ghost._replace(calm=False, well=False, blamed=frozenset({V2}))
    return made


def at_its_second_step() -> Sim:
    """A cluster in which v2 has passed its first step, and something else is measured in the second."""
    sim = releasing_v2(measured.TWICE, replicas=2, **TIMES)
    sim.measures = lambda _, ask: answers("good", ask).answer
    until(sim, stands_at(1))
    sim.measures = None
    return sim


def by_a_template() -> Sim:
    """A cluster in which v2 is released, and a template says what is measured in its step."""
    sim = rest(Sim(rollout(measured.BY_A_TEMPLATE, replicas=2, **TIMES)))
    sim.templates = measured.FIRST
    sim.set_image("shop:v2")
    return sim


def compared_by_a_route() -> Sim:
    """A cluster in which v2 is released behind a route, and both sides are compared."""
    sim = behind_a_router(rollout(measured.COMPARED, replicas=2, traffic=people.ROUTED, **TIMES))
    sim.set_image("shop:v2")
    return sim


def by_a_route(
    strategy: Strategy,
    allows: tuple[People, ...],
    ills: tuple[People, ...] = (),
    *,
    mode: Mode = Mode.ACCEPTS,
    replicas: int = 2,
    **spec: Any,
) -> World:
    """A world in which v2 is released, and a route shares the requests."""
    sim = behind_a_router(rollout(strategy, replicas=replicas, traffic=people.ROUTED, **{**TIMES, **spec}))
    sim.set_image("shop:v2")
    sim.router = sim.router.becomes(mode)
    return begun(sim, allows, ills)


def on_the_way_back(strategy: Strategy, allows: tuple[People, ...], *, slowly: bool = False) -> World:
    """A world in which the route sends requests to v2, and somebody has just aborted it.

    `slowly`: the router is slow to follow, and its metrics are read.
    """
    sim = behind_a_router(rollout(strategy, replicas=2, traffic=people.ROUTED, **TIMES))
    sim.set_image("shop:v2")
    quiet(sim)
    if "blueGreen" in strategy:
        sim.act("Promote")
    until(sim, lambda s: sim.canary_name in receiving(s.routes["shop"]["spec"]))
    sim.act("Abort")
    if slowly:
        sim.router, sim.sent_until = sim.router.becomes(Mode.SLOW), {sim.canary_name: sim.now}
    return begun(sim, allows)


def by_its_own_route(strategy: Strategy, allows: tuple[People, ...]) -> World:
    """A world in which v2 is released, and the route is the operator's own; somebody may change or delete it all the same."""
    sim = Sim(rollout(strategy, replicas=2, traffic=people.OWNED, **TIMES))
    rest(sim)
    sim.git = {"shop": sim.routes["shop"]["spec"]["rules"]}
    sim.set_image("shop:v2")
    return begun(sim, allows, (mishaps.hands_on_a_route, mishaps.deleted_routes))


def behind_a_router(asked: dict[str, Any]) -> Sim:
    """A cluster in which v1 serves behind a route, in which another Service has a part."""
    return rest(_with_a_route(asked))


def before_its_route(strategy: Strategy) -> Sim:
    """A cluster in which the Rollout was just applied, beside its route."""
    return _with_a_route(rollout(strategy, replicas=2, traffic=people.ROUTED, **TIMES))


def _with_a_route(asked: dict[str, Any]) -> Sim:
    sim = Sim(asked)
    sim.services["legacy"] = {
        "metadata": {"name": "legacy", "uid": "legacy-uid", "resourceVersion": "1"},
        "spec": {"selector": {"app": "legacy"}, "ports": [{"port": 80}]},
    }
    sim.make_route("shop", people.RULES)
    return sim


def world(
    strategy: Strategy,
    *,
    allows: tuple[People, ...] = USUAL,
    ills: tuple[People, ...] = (),
    most_edits: int = 2,
    replicas: int = 2,
    **spec: Any,
) -> World:
    """A world of a strategy in the middle of the release of v2."""
    sim = releasing_v2(strategy, replicas=replicas, **{**TIMES, **spec})
    return begun(sim, allows, ills, most_edits=most_edits)


def tried(strategy: Strategy, deaf: frozenset[str], allows: tuple[People, ...]) -> World:
    """A world in which the operator tries ports before the first requests; nobody listens in some revisions."""
    made = world(strategy, allows=allows)
    made.sim.deaf = deaf
    return made


def crowded(strategy: Strategy, allows: tuple[People, ...]) -> World:
    """A world in which the nodes have a place for one pod of v2, and for no other."""
    made = world(strategy, allows=allows)
    made.sim.room = 3
    return made


def crowded_out(strategy: Strategy, allows: tuple[People, ...]) -> World:
    """A world in which v2 has requests, more pods are asked for, and the nodes have no place for any."""
    sim = serving_v2(releasing_v2(strategy, replicas=2, **TIMES))
    sim.room = len(sim.pods)
    sim.scale(4)
    made = begun(sim, allows, (mishaps.jumps,))
    made.ghost = made.ghost._replace(calm=False, well=False, scaled=True, least=2)
    return with_its_way(made)


def serving_v2(sim: Sim) -> Sim:
    """The same, as soon as v2 stands with requests at a stage."""
    if "blueGreen" in sim.rollout["spec"]["strategy"]:
        quiet(sim)
        sim.act("Promote")
    return until(sim, lambda s: candidate_of(s) in reached_by(s) and progress_of(s).get("reachedAt"))


def with_another_port(strategy: Strategy, allows: tuple[People, ...]) -> World:
    """A world in which v2 listens on another port, and one edit has changed both."""
    sim = releasing_v2(strategy, replicas=2, **TIMES)
    sim.edit(service={"ports": [{"port": 80, "targetPort": OTHER_PORT}]})
    sim.listens = {V1: 8080, V2: OTHER_PORT}
    return begun(sim, allows)


def first(strategy: Strategy, allows: tuple[People, ...], ills: tuple[People, ...]) -> World:
    """A world in which nothing serves yet: the Rollout was just applied."""
    sim = Sim(rollout(strategy, replicas=2, **TIMES), counter=1)
    return begun(sim, allows, ills)


def tampered(strategy: Strategy, allows: tuple[People, ...]) -> World:
    """A world in which the status is lost, or comes back as it was before the release."""
    sim = releasing_v2(strategy, replicas=2, **TIMES)
    return begun(sim, allows, (mishaps.losses, mishaps.restoring(sim.status)))


def skewed(strategy: Strategy, *, node_s: float = 0.0, api_s: float = 0.0, **spec: Any) -> World:
    """A world in which the clock of the nodes, or of the API server, is so far ahead of the operator's."""
    sim = releasing_v2(strategy, replicas=2, **TIMES, **spec)
    sim.node_ahead_s, sim.api_ahead_s = node_s, api_s
    return begun(sim, (people.asking("Abort", "Promote", "Undo"), people.images))


def begun_while_it_grew(strategy: Strategy) -> World:
    """A world in which stable was to get one more pod when the release of v2 began."""
    sim = rest(Sim(rollout(strategy, replicas=2, **TIMES)))
    sim.scale(3)
    quiet(sim)
    sim.set_image("shop:v2")
    return begun(sim, (people.asking("Promote"),), (mishaps.breaking(V1),))


def at_rest(strategy: Strategy, allows: tuple[People, ...], **spec: Any) -> World:
    """A world in which v1 serves, and nothing is under way."""
    sim = releasing_v2(strategy, replicas=2, **{**TIMES, **spec})
    sim.set_image("shop:v1")
    return begun(rest(sim), allows)


def completed_at_nothing(strategy: Strategy) -> World:
    """A world in which v2 is released, which completed before without a pod, since none were wanted."""
    sim = releasing_v2(strategy, replicas=2, **TIMES)
    sim.set_image("shop:v1")
    rest(sim)
    sim.scale(0)
    for image in ("shop:v1", "shop:v2", "shop:v1"):
        sim.set_image(image)
        rest(sim)
    sim.scale(2)
    rest(sim)
    sim.set_image("shop:v2")
    after = begun(sim, (people.images, people.asking("Promote", "Abort")))
    after.ghost = after.ghost._replace(proved=(V1,))
    return after


def back_to_v1(strategy: Strategy, **spec: Any) -> World:
    """A world in which v2 has completed after v1, and the user has just gone back to v1."""
    return begun(gone_back(strategy, **spec), USUAL)


def gone_back(strategy: Strategy, **spec: Any) -> Sim:
    """The cluster of that world."""
    sim = releasing_v2(strategy, replicas=2, **{**TIMES, **spec})
    for _ in range(2):  # a person's gate
        sim.act("PromoteFull")
        rest(sim)
    sim.set_image("shop:v1")
    return sim


def begun(
    sim: Sim, allows: tuple[People, ...], ills: tuple[People, ...] = (), *, most_edits: int = 2
) -> World:
    """A world from now on: statuses and endpoints lag."""
    apart = sim.fork()
    apart.instant = False
    return World(apart, _past_of(apart), allows, ills, most_edits)


def _past_of(sim: Sim) -> Ghost:
    """What completed in it has served."""
    spec = sim.rollout["spec"]
    return Ghost(
        least=spec["replicas"],
        missing=may_be_missing(spec),
        stable=stable_of(sim),
        proved=tuple(sim.status.get("completed", ())),
    )
