"""A port that the Service names and that no container has: every connection would fail, so nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

from builders import STRATEGIES, V1, rollout, template
from crossfade.core.ports import undeclared_names, undeclared_numbers
from simulation.cluster import Sim
from simulation.live import phase, quiet, rest, stands_at, until
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
