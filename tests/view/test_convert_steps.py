"""The order of steps in which nothing is lost."""

from typing import Any

import pytest

from crossfade.view.convert import Around, Wish, converted
from view.deployments import applied_client_side, applied_server_side, autoscaler, deployment, service

Object = dict[str, Any]


def steps(*services: Object, strategy: str | None = None, scope: str = "", **around: Any) -> list[str]:
    found = Around(services, **around)
    return list(converted(deployment(), found, Wish(strategy=strategy), scope=scope).steps)


def commands(*services: Object, **more: Any) -> list[str]:
    """The first words of each command, in order."""
    lines = (line for step in steps(*services, **more) for line in step.split("\n")[1:])
    return [line for line in lines if line.startswith(("kubectl", "crossfade"))]


PLAIN = [
    "crossfade plan -f rollout.yaml",
    "kubectl apply -f rollout.yaml",
    "crossfade status shop --watch",
    "kubectl delete deployment shop",
]


def test_where_nobody_writes_the_selector_the_rollout_comes_and_the_deployment_goes() -> None:
    assert commands(service()) == PLAIN


def test_a_selector_that_is_applied_client_side_is_forgotten_before_it_is_left_out() -> None:
    assert commands(service(meta=applied_client_side())) == [
        PLAIN[0],
        "kubectl apply set-last-applied -f service.yaml",
        "kubectl apply -f service.yaml",
        *PLAIN[1:],
    ]


def test_a_selector_that_is_applied_server_side_gets_a_second_owner_before_it_is_left_out() -> None:
    found = service(meta=applied_server_side("kustomize-controller"))
    assert commands(found) == [
        PLAIN[0],
        "kubectl apply --server-side --field-manager=crossfade -f - <<'EOF'",
        "kubectl apply --server-side -f service.yaml",
        *PLAIN[1:],
    ]
    [owned] = [step for step in steps(found) if "<<'EOF'" in step]
    assert owned.endswith(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  selector:\n    app: shop\nEOF"
    )


def test_a_selector_that_is_applied_both_ways_is_handed_over_for_both_before_it_is_left_out() -> None:
    both = {**applied_client_side(), **applied_server_side("kubectl")}
    assert [line.split(" -")[0] for line in commands(service(meta=both))[1:4]] == [
        "kubectl apply set-last-applied",
        "kubectl apply",
        "kubectl apply",
    ]


@pytest.mark.parametrize(
    ("meta", "who"),
    [(applied_client_side(), "(client-side apply)"), (applied_server_side("argocd"), "(argocd)")],
)
def test_who_writes_the_selector_is_named_with_what_to_take_out(meta: Object, who: str) -> None:
    step = steps(service(meta=meta))[1]
    assert who in step
    assert "take `spec.selector` out of its manifest in Git" in step


def test_every_command_has_the_flags_that_this_one_was_given() -> None:
    scoped = commands(service(meta=applied_client_side()), scope="-n demo", autoscalers=[autoscaler()])
    assert [line for line in scoped[1:] if "-n demo" not in line] == []


def test_with_an_autoscaler_the_rollout_is_created_and_scaled_before_the_deployment_goes() -> None:
    found = commands(service(), autoscalers=[autoscaler("hpa"), autoscaler("other", target="cart")])
    assert found[1] == "kubectl create -f rollout.yaml"
    assert found[3] == (
        "kubectl patch hpa hpa --type=merge -p "
        '\'{"spec":{"scaleTargetRef":{"apiVersion":"crossfade.dev/v1alpha1","kind":"Rollout","name":"shop"}}}\''
    )
    assert found[4] == "kubectl delete deployment shop"
    told = steps(service(), autoscalers=[autoscaler()])
    assert any("without its line `replicas`" in step for step in told)


def test_a_recreated_deployment_stops_before_the_rollout_comes_and_the_down_time_is_said() -> None:
    found = commands(service(), strategy="recreate")
    assert found[1:4] == [
        "kubectl scale deployment/shop --replicas=0",
        "kubectl wait --for=delete pod -l app=shop --timeout=5m",
        "kubectl apply -f rollout.yaml",
    ]
    assert any("Requests fail from here" in step for step in steps(service(), strategy="recreate"))


def test_the_way_back_is_told_where_there_is_one() -> None:
    assert "the way back is `kubectl delete rollouts.crossfade.dev shop`" in steps(service())[-1]
    assert "the way back" not in steps(service(), strategy="recreate")[-1]
    assert "the way back" not in steps()[-1]


def test_a_worker_has_no_service_to_move() -> None:
    assert commands() == PLAIN
    assert "Service" not in " ".join(steps())
