"""What the sentences of a status call pods and revisions."""

from builders import V1, V2, releasing_v2, serving_v1
from simulation.cluster import Sim
from simulation.live import quiet, rest, run, step, until


def sentences(sim: Sim) -> list[str]:
    """Every message on the way to rest."""
    told: list[str] = []
    for _ in range(120):
        quiet(sim)
        told.append(sim.status["message"])
        step(sim)
    return told


def test_one_pod_is_not_several() -> None:
    told = " ".join(sentences(releasing_v2("canary")))
    assert "1 pod of stable to go" in told
    assert " 1 pods of" not in told.replace("of 1 pods of", "")


def test_a_worker_is_told_by_its_pods_and_never_by_requests() -> None:
    told = " ".join(sentences(releasing_v2("canary", service=False)))
    assert "0 of 1 pods of the candidate to be available" in told
    assert "serve" not in told
    assert "runs with 4 pods" in told


def test_in_an_undo_the_two_sides_are_told_by_the_numbers_of_their_releases() -> None:
    sim = rest(releasing_v2("canary"))
    sim.act("Undo", actor="ann")
    told = " ".join(sentences(sim))
    assert "pods of release 1 to serve" in told
    assert "1 pod of release 2 to go" in told
    assert "pods of stable" not in told.partition("was taken back")[0]


def test_an_undo_that_is_given_up_returns_to_stable_again() -> None:
    sim = rest(releasing_v2("blueGreen"))
    sim.act("Undo")
    until(sim, lambda s: s.of(V1))
    step(sim)
    sim.act("Abort")
    told = " ".join(sentences(sim))
    assert "of the candidate to go" in told


def test_a_service_is_what_makes_pods_serve() -> None:
    assert "serves with 4 pods" in serving_v1("canary").status["message"]
    assert "runs with 4 pods" in serving_v1("canary", service=False).status["message"]


def test_a_workers_crash_is_told_without_requests() -> None:
    sim = releasing_v2("bigBang", service=False)
    until(sim, lambda s: (s.status.get("progress") or {}).get("servingSince"))
    run(sim, 3)
    for pod in sim.of(V2):
        sim.crash(pod)
    rest(sim)
    assert "4 of 4 pods crashed after they were ready" in sim.status["message"]
    assert f"{V1} runs. Change the template" in sim.status["message"]


def test_what_an_abort_kept_from_beginning_was_not_taken_back() -> None:
    sim = serving_v1("canary")
    sim.edit(paused=True)
    sim.set_image("shop:v2")
    rest(sim)
    sim.act("Abort", actor="ann", reason="not today")
    rest(sim)
    told = sim.status["message"]
    assert told.startswith(f"{V2} did not begin: aborted by ")
    assert f" of ann: not today. {V1} serves. Change the template, or Retry" in told
