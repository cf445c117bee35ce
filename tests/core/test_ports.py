"""A port that the Service names and that no container has: every connection would fail, so nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

from builders import STRATEGIES, V1, V2, rollout, routed_v1, serving_v1, template
from crossfade.api.policy import RolloutPolicySpec
from crossfade.core.policy.matched import Matched
from crossfade.core.ports import undeclared_names, undeclared_numbers
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, run, settled, stands_at, step, until
from simulation.stored import versioned
from simulation.takeovers import taking_over

BY_NAME = [{"port": 80, "targetPort": "http"}]


def listening(image: str, *names: str, **container: Any) -> dict[str, Any]:
    """A template whose container declares these ports, 8080 and upwards."""
    made = template(image)
    ports = [{"containerPort": 8080 + i, "name": name} for i, name in enumerate(names)]
    made["spec"]["containers"][0] |= {"ports": ports, **container}
    return made


def serving(strategy: str) -> Sim:
    """v1 serves, and its port is named http."""
    first = rollout(STRATEGIES[strategy], service=False)
    first["spec"] |= {"service": {"ports": BY_NAME}, "template": listening("shop:v1", "http")}
    sim = rest(Sim(first))
    assert sim.status["phase"] == "Healthy"
    return sim


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_candidate_without_the_named_port_is_invalid_and_nothing_moves(strategy: str) -> None:
    sim = serving(strategy)
    before = len(sim.writes)
    sim.edit(template=listening("shop:v2", "web"))
    quiet(sim)
    assert sim.status["phase"] == "Invalid"
    assert 'to port "http", and no container of the template' in sim.status["message"]
    assert {write.kind for write in sim.writes[before:]} == {"Rollout"}
    assert [e.reason for e in sim.events][-1] == "PortUnknown"


def test_a_first_release_without_the_named_port_makes_no_pod() -> None:
    first = rollout(STRATEGIES["canary"], service=False)
    first["spec"] |= {"service": {"ports": BY_NAME}}
    sim = until(Sim(first), phase("Invalid"), limit_s=5)
    assert not sim.pods
    assert not sim.services
    sim.edit(template=listening("shop:v1", "http"))
    assert rest(sim).status["phase"] == "Healthy"


def test_a_service_is_not_turned_to_a_port_that_the_pods_that_serve_do_not_have() -> None:
    """Template and Service change together: until the last old pod is gone, its requests need the old port."""
    sim = serving("rolling")
    sim.edit(template=listening("shop:v2", "web"), service={"ports": [{"port": 80, "targetPort": "web"}]})
    quiet(sim)
    assert sim.status["phase"] == "Invalid"
    assert "no container of stable, which serves now," in sim.status["message"]
    assert sim.services["shop"]["spec"]["ports"][0]["targetPort"] == "http"


def test_pods_that_have_both_names_lead_from_one_to_the_other() -> None:
    sim = serving("rolling")
    sim.edit(template=listening("shop:v2", "http", "web"))
    rest(sim)
    sim.edit(template=listening("shop:v3", "web"), service={"ports": [{"port": 80, "targetPort": "web"}]})
    assert rest(sim).status["phase"] == "Healthy"
    assert sim.services["shop"]["spec"]["ports"][0]["targetPort"] == "web"


def test_a_service_that_is_edited_in_the_middle_of_a_release_keeps_its_port_and_the_release_can_be_aborted() -> (
    None
):
    sim = serving("canary")
    sim.edit(template=listening("shop:v2", "http"))
    until(sim, stands_at(0))
    sim.edit(service={"ports": [{"port": 80, "targetPort": "web"}]})
    quiet(sim)
    assert sim.status["phase"] == "Invalid"
    assert sim.services["shop"]["spec"]["ports"][0]["targetPort"] == "http"
    sim.act("Abort")
    rest(sim)
    assert len(sim.selected()) == 1


def test_an_adopted_service_that_names_an_unknown_port_is_left_as_it_is() -> None:
    sim = taking_over(STRATEGIES["canary"])
    front = sim.services["front"]
    sim.services["front"] = {
        **front,
        "spec": {**front["spec"], "ports": [{"port": 80, "targetPort": "http"}]},
    }
    rest(sim)
    assert sim.status["phase"] == "Invalid"
    assert 'Service front sends requests to port "http"' in sim.status["message"]
    assert sim.selected("front") == {"": 2}
    assert V1 not in {pod.revision for pod in sim.pods}


SIDECAR = {"restartPolicy": "Always", "ports": [{"name": "proxy", "containerPort": 9000}]}
ENDS = {"ports": [{"name": "proxy", "containerPort": 9000}]}


@pytest.mark.parametrize(
    ("target", "pod", "missing"),
    [
        ({"targetPort": "http"}, {"containers": [{"ports": [{"name": "http", "containerPort": 1}]}]}, []),
        ({"targetPort": "proxy"}, {"containers": [], "initContainers": [SIDECAR]}, []),
        ({"targetPort": "proxy"}, {"containers": [], "initContainers": [ENDS]}, ["proxy"]),
        (
            {"targetPort": "dns", "protocol": "UDP"},
            {"containers": [{"ports": [{"name": "dns", "containerPort": 53}]}]},
            ["dns"],
        ),
        ({"targetPort": "http"}, {"containers": [{"ports": "8080"}]}, ["http"]),
    ],
    ids=["a container's", "a sidecar's", "an init container's", "of another protocol", "no list at all"],
)
def test_a_name_is_looked_for_where_kubernetes_looks_for_it(
    target: dict[str, Any], pod: dict[str, Any], missing: list[str]
) -> None:
    assert undeclared_names([{"port": 80, **target}], {"spec": pod}) == missing


def test_a_number_that_is_not_declared_is_told_apart() -> None:
    assert undeclared_numbers(
        [{"port": 80}, {"port": 81, "targetPort": 8080}], listening("shop:v1", "http")
    ) == [80]


# --- ports belong to a revision, and move with its requests -----------------------------------------------

SWITCHED = ["blueGreen", "bigBang", "recreate"]


def target_of(sim: Sim, name: str = "shop") -> object:
    return sim.services[name]["spec"]["ports"][0]["targetPort"]


def moved_to_9090(strategy: Any, *, routed: bool = False, **spec: Any) -> Sim:
    """One edit changes the template and the numeric port: v2 listens on 9090, and v1 on 8080."""
    sim = routed_v1(strategy, **spec) if routed else serving_v1(strategy, **spec)
    sim.edit(template=template("shop:v2"), service={"ports": [{"port": 80, "targetPort": 9090}]})
    return sim


def refused(sim: Sim) -> set[str]:
    """The revisions that get requests on a port that is not theirs."""
    right = {V1: 8080, V2: 9090}
    behind = {name: set(sim.selected(name)) for name in ("shop", "shop-canary") if name in sim.services}
    return {r for name, each in behind.items() for r in each if right.get(r) != target_of(sim, name)}


def refused_on_the_way(sim: Sim) -> set[str]:
    """The same after each write and each second, until it is Healthy."""
    wrong: set[str] = set()
    for _ in range(120):
        settled(sim, judged=lambda *_: wrong.update(refused(sim)))
        if sim.status["phase"] == "Healthy":
            return wrong
        step(sim)
    raise AssertionError(f"it stands at: {sim.status['message']}")


@pytest.mark.parametrize("strategy", SWITCHED)
def test_the_ports_move_in_one_write_with_the_requests(strategy: str) -> None:
    sim = moved_to_9090(strategy)
    assert not refused_on_the_way(sim)
    assert (sim.selected(), target_of(sim)) == ({V2: 4}, 9090)


@pytest.mark.parametrize("now", [False, True])
@pytest.mark.parametrize("strategy", ["blueGreen", "bigBang"])
def test_an_abort_in_the_bake_brings_the_old_ports_back_with_the_requests(strategy: str, now: bool) -> None:
    sim = until(moved_to_9090(strategy, bakeSeconds=60), lambda s: s.selected() == {V2: 4})
    assert target_of(sim) == 9090
    sim.act("Abort", now=now)
    quiet(sim)
    assert (sim.selected(), target_of(sim)) == ({V1: 4}, 8080)
    rest(sim)
    assert (sim.selected(), target_of(sim)) == ({V1: 4}, 8080), "the spec still says 9090"


def test_behind_a_route_each_side_has_its_own_ports_and_an_abort_leaves_none_refused() -> None:
    sim = until(
        moved_to_9090({"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}, routed=True), stands_at(0)
    )
    assert (target_of(sim), target_of(sim, "shop-canary")) == (8080, 9090)
    sim.act("Abort")
    rest(sim)
    assert (sim.selected(), target_of(sim)) == ({V1: 4}, 8080)


def test_behind_a_route_a_release_ends_with_the_new_ports() -> None:
    sim = moved_to_9090("canary", routed=True)
    assert not refused_on_the_way(sim)
    assert (sim.selected(), target_of(sim)) == ({V2: 4}, 9090)


@pytest.mark.parametrize("strategy", ["rolling", "canary"])
def test_where_both_are_behind_one_service_another_number_is_refused_with_the_way_out(strategy: str) -> None:
    sim = rest(moved_to_9090(strategy))
    assert sim.status["phase"] == "Invalid"
    assert "give the port a name that both templates have" in sim.status["message"]
    assert (sim.selected(), target_of(sim)) == ({V1: 4}, 8080)


def test_an_undo_brings_the_ports_of_its_revision_back() -> None:
    sim = rest(moved_to_9090("bigBang"))
    sim.act("Undo")
    rest(sim)
    assert (sim.selected(), target_of(sim)) == ({V1: 4}, 8080)


def test_a_release_that_may_not_begin_changes_no_port() -> None:
    sim = serving_v1("bigBang")
    sim.edit(paused=True)
    sim.edit(template=template("shop:v2"), service={"ports": [{"port": 80, "targetPort": 9090}]})
    run(sim, 10)
    assert target_of(sim) == 8080


def test_a_port_that_is_put_right_before_the_candidate_gets_a_request_is_the_one_that_counts() -> None:
    sim = until(moved_to_9090({"blueGreen": {"promote": "Manual"}}), phase("Paused"))
    sim.edit(service={"ports": [{"port": 80, "targetPort": 9091}]})
    quiet(sim)
    sim.act("Promote")
    until(sim, lambda s: s.selected() == {V2: 4})
    assert target_of(sim) == 9091


def test_an_undo_to_a_revision_whose_deployment_is_gone_brings_its_ports_back() -> None:
    sim = rest(moved_to_9090("bigBang"))
    sim.remove("Deployment", f"shop-{V1}")
    sim.act("Undo", revision=V1)
    rest(sim)
    assert (sim.selected(), target_of(sim)) == ({V1: 4}, 8080)


OTHER = {"ports": [{"port": 80, "targetPort": 9090}]}


def test_ports_that_are_edited_alone_are_changed_at_once() -> None:
    sim = serving_v1("canary")
    sim.edit(service=OTHER)
    assert (rest(sim).status["phase"], target_of(sim)) == ("Healthy", 9090)


def test_ports_that_are_edited_alone_wait_while_it_is_paused() -> None:
    sim = serving_v1("canary")
    sim.edit(paused=True, service=OTHER)
    quiet(sim)
    assert (sim.status["phase"], target_of(sim)) == ("Paused", 8080)
    assert sim.status["message"] == (
        "the ports of Service shop were edited, and stay as they are until the Rollout is resumed"
    )
    sim.edit(paused=False)
    assert (rest(sim).status["phase"], target_of(sim)) == ("Healthy", 9090)


def test_ports_that_are_edited_alone_wait_while_a_policy_is_frozen() -> None:
    sim = serving_v1("canary")
    sim.policies = (Matched("prod", RolloutPolicySpec.model_validate({"freeze": {"reason": "incident"}})),)
    sim.edit(service=OTHER)
    quiet(sim)
    assert (sim.status["phase"], target_of(sim)) == ("Waiting", 8080)
    assert "crossfade unfreeze" in sim.status["message"]
    sim.policies = ()
    assert (rest(sim).status["phase"], target_of(sim)) == ("Healthy", 9090)


GATEWAY = {"gateway": {"parentRefs": [{"name": "web"}], "hostnames": ["shop.example"]}}
OLD, NEW = {"name": "old", "port": 80, "targetPort": 8080}, {"name": "new", "port": 81, "targetPort": 8080}


def unknown_to(sim: Sim) -> set[int]:
    """The ports that the route names, and that its Services lack."""
    refs = [ref for rule in sim.routes["shop"]["spec"]["rules"] for ref in rule["backendRefs"]]
    have = {name: {p["port"] for p in each["spec"].get("ports", ())} for name, each in sim.services.items()}
    return {ref["port"] for ref in refs if ref["port"] not in have.get(ref["name"], ())}


@pytest.mark.parametrize("under_way", [False, True])
def test_ports_and_names_that_are_edited_leave_no_route_with_a_port_that_its_services_lack(
    under_way: bool,
) -> None:
    sim = routed_v1("canary", traffic=GATEWAY)
    if under_way:
        sim.set_image("shop:v2")
        until(sim, stands_at(1))
    sim.edit(service={"ports": [NEW]})
    wrong: set[int] = set()
    for _ in range(5):
        settled(sim, judged=lambda *_: wrong.update(unknown_to(sim)))
        step(sim)
    assert not wrong
    assert sim.status["phase"] == "Invalid"
    assert "HTTPRoute shop sends requests to port 80 of Service shop" in sim.status["message"]
    sim.act("Abort")
    assert not unknown_to(rest(sim))


def test_a_route_of_ours_moves_to_another_port_once_its_service_has_it() -> None:
    sim = routed_v1("canary", traffic=GATEWAY)
    wrong: set[int] = set()
    for ports in ([NEW, OLD], [NEW]):
        sim.edit(service={"ports": ports})
        for _ in range(5):
            settled(sim, judged=lambda *_: wrong.update(unknown_to(sim)))
            step(sim)
        assert rest(sim).status["phase"] == "Healthy"
    assert not wrong
    assert sim.routes["shop"]["spec"]["rules"][0]["backendRefs"][0]["port"] == 81


def test_a_note_of_ports_that_somebody_spoils_is_written_anew() -> None:
    sim = until(moved_to_9090("bigBang", bakeSeconds=60), lambda s: s.selected() == {V2: 4})
    name = f"shop-{V2}"
    live = versioned(sim.deployments[name], sim.tick_version(), annotations={"crossfade.dev/ports": "[{"})
    sim.deployments[name] = live
    quiet(sim)
    assert target_of(sim) == 9090
    assert "9090" in sim.deployments[name]["metadata"]["annotations"]["crossfade.dev/ports"]


def _adopted(strategy: dict[str, Any], **spec: Any) -> Sim:
    sim = taking_over(strategy, replicas=4, **spec)
    front = sim.services["front"]
    sim.services["front"] = {**front, "spec": {**front["spec"], "ports": [{"port": 80, "targetPort": 8080}]}}
    if "traffic" in spec:
        sim.make_route("shop", [{"name": "main", "backendRefs": [{"name": "front", "port": 80}]}])
    rest(sim)
    sim.set_image("shop:v2")
    return sim


def test_the_preview_of_an_adopted_service_has_its_ports() -> None:
    sim = until(_adopted({"blueGreen": {"promote": "Manual"}}), phase("Paused"))
    assert target_of(sim, "front-preview") == 8080


def test_the_canary_service_follows_the_ports_of_an_adopted_one() -> None:
    canary = {"canary": {"steps": [{"weight": 50, "pause": "Manual"}]}}
    sim = until(_adopted(canary, traffic={"httpRoute": {"name": "shop"}}), stands_at(0))
    front = versioned(sim.services["front"], sim.tick_version())
    sim.services["front"] = {**front, "spec": {**front["spec"], "ports": [{"port": 80, "targetPort": 9090}]}}
    quiet(sim)
    assert target_of(sim, "front-canary") == 9090
