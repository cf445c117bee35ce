"""A Deployment as a Rollout: what is carried over, what is chosen, and what is refused."""

from typing import Any

import pytest
import yaml

from crossfade.api.rollout import Rollout
from crossfade.api.strict import parse_strict
from crossfade.core.revision import revision_of
from crossfade.view.convert import Around, Wish, converted, template_of
from crossfade.view.convert_defaults import as_written
from crossfade.view.convert_error import ConversionError
from crossfade.view.yaml_text import yaml_of
from view.deployments import deployment, pod_template, service

Object = dict[str, Any]


def manifest(stored: Object, *services: Object, strategy: str | None = None, **wish: Any) -> Object:
    made = converted(stored, Around(services), Wish(strategy=strategy, **wish)).manifest
    parse_strict(Rollout, made)
    return made


def spec(stored: Object, *services: Object, **wish: Any) -> Object:
    return dict(manifest(stored, *services, **wish)["spec"])


def test_the_rollout_holds_what_the_deployment_holds() -> None:
    made = manifest(deployment(minReadySeconds=7), service())
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("shop", "demo")
    assert made["spec"] == {
        "replicas": 3,
        "template": made["spec"]["template"],
        "service": {
            "name": "shop",
            "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
            "adopt": True,
        },
        "strategy": {"rolling": {"maxSurge": "25%", "maxUnavailable": 1}},
        "minReadySeconds": 7,
        "revisionHistoryLimit": 10,
    }


def test_the_template_reads_as_its_author_wrote_it() -> None:
    stored = pod_template()
    [container] = stored["spec"]["containers"]
    kept = {key: container[key] for key in ("name", "image", "env")}
    metadata = {key: stored["metadata"][key] for key in ("labels", "annotations")}
    assert spec(deployment())["template"] == {"metadata": metadata, "spec": {"containers": [kept]}}


def test_a_deadline_that_is_the_default_of_both_is_left_out_and_another_is_carried_over() -> None:
    assert "progressDeadlineSeconds" not in spec(deployment())
    assert spec(deployment(progressDeadlineSeconds=60))["progressDeadlineSeconds"] == 60
    assert not any("progressDeadline" in told for told in converted(deployment(), Around(), Wish()).warnings)


def test_a_rollout_that_is_there_already_is_warned_of_the_release_that_another_form_is() -> None:
    told = converted(deployment(), Around(rollouts=["shop"]), Wish()).warnings[0]
    assert "that is a new revision, and is released, although its pods are the same" in told


def test_the_template_survives_being_written_and_read_as_yaml() -> None:
    odd = {"name": "ODD", "value": "1e3\n  two\n"}
    tricky = deployment(template=pod_template(containers=[{"name": "a", "image": "i:08", "env": [odd]}]))
    made = manifest(tricky)
    assert yaml.safe_load(yaml_of(made)) == made


def test_converting_changes_nothing_that_was_read() -> None:
    before, stored = deployment(), deployment()
    manifest(stored, service())
    assert stored == before


def test_labels_that_crossfade_sets_itself_are_left_out_of_the_template() -> None:
    template = pod_template()
    template["metadata"]["labels"] = {"app": "shop", "crossfade.dev/rollout": "shop"}
    assert template_of(deployment(template=template))["metadata"]["labels"] == {"app": "shop"}


def test_a_template_without_metadata_stays_without() -> None:
    assert "metadata" not in template_of(deployment(template={"spec": {"containers": []}}))


def test_what_the_deployment_leaves_out_the_rollout_leaves_out_and_replicas_are_one() -> None:
    made = spec(deployment(replicas=None, progressDeadlineSeconds=None, revisionHistoryLimit=None, status={}))
    assert made["replicas"] == 1
    assert not made.keys() & {"progressDeadlineSeconds", "revisionHistoryLimit", "minReadySeconds", "service"}


@pytest.mark.parametrize(
    ("field", "value", "carried"),
    [
        ("progressDeadlineSeconds", 2147483647, 604800),
        ("revisionHistoryLimit", 1000, 50),
        ("revisionHistoryLimit", 0, 0),
    ],
)
def test_what_a_rollout_cannot_hold_is_cut_to_the_most_that_it_can(
    field: str, value: int, carried: int
) -> None:
    assert spec(deployment(**{field: value}))[field] == carried


def test_labels_of_the_deployment_are_kept_but_for_the_bookkeeping_of_tools() -> None:
    labels = {
        "team": "checkout",
        "app.kubernetes.io/name": "shop",
        "app.kubernetes.io/managed-by": "Helm",
        "helm.sh/chart": "shop-1.2.3",
    }
    kept = {"team": "checkout", "app.kubernetes.io/name": "shop"}
    assert manifest(deployment(meta={"labels": labels}))["metadata"]["labels"] == kept


@pytest.mark.parametrize(
    ("strategy", "chosen", "written"),
    [
        (None, None, {"rolling": {"maxSurge": "25%", "maxUnavailable": "25%"}}),
        ({"type": "Recreate"}, None, {"recreate": {}}),
        ({"type": "Recreate"}, "rolling", {"rolling": {}}),
        (None, "blueGreen", {"blueGreen": {}}),
        (None, "bigBang", {"bigBang": {}}),
        (None, "recreate", {"recreate": {}}),
        (
            None,
            "canary",
            {"canary": {"steps": [{"weight": 25, "pauseSeconds": 60}, {"weight": 50, "pauseSeconds": 60}]}},
        ),
        (
            {"rollingUpdate": {"maxSurge": "200%", "maxUnavailable": 0}},
            None,
            {"rolling": {"maxSurge": "100%", "maxUnavailable": 0}},
        ),
        (
            {"rollingUpdate": {"maxSurge": 2, "maxUnavailable": "05%"}},
            None,
            {"rolling": {"maxSurge": 2, "maxUnavailable": "5%"}},
        ),
    ],
)
def test_the_strategy_is_the_deployments_own_unless_another_is_chosen(
    strategy: Object | None, chosen: str | None, written: Object
) -> None:
    assert spec(deployment(strategy=strategy), strategy=chosen)["strategy"] == written


def test_another_name_is_the_rollouts_only() -> None:
    made = manifest(deployment(), service(), name="shop-web")
    assert (made["metadata"]["name"], made["spec"]["service"]["name"]) == ("shop-web", "shop")


def test_a_deployment_that_was_given_back_gets_the_name_of_its_former_rollout() -> None:
    given_back = deployment(meta={"name": "shop-7c9f4b8d51", "labels": {"crossfade.dev/rollout": "shop"}})
    made = manifest(given_back)
    assert made["metadata"]["name"] == "shop"
    assert "labels" not in made["metadata"]


def refused(stored: Object, *services: Object, rollouts: tuple[str, ...] = (), **wish: Any) -> str:
    with pytest.raises(ConversionError) as refusal:
        converted(stored, Around(services, rollouts=rollouts), Wish(**wish))
    return str(refusal.value)


def test_a_deployment_of_a_rollout_that_exists_is_refused() -> None:
    ours = deployment(meta={"labels": {"crossfade.dev/rollout": "shop"}})
    assert "is made by Rollout shop: there is nothing to convert" in refused(ours, rollouts=("shop",))


def test_a_deployment_that_is_being_deleted_is_refused() -> None:
    going = deployment(meta={"deletionTimestamp": "2026-01-31T12:00:00Z"})
    assert "is being deleted" in refused(going)


def test_a_name_that_is_too_long_is_refused_with_what_to_write() -> None:
    told = refused(deployment(meta={"name": "a" * 41}))
    assert "a Rollout's name has at most 40 characters" in told
    assert "--name" in told


def test_a_name_with_dots_is_refused_with_what_to_write() -> None:
    assert "small letters, digits and - only" in refused(deployment(meta={"name": "shop.web"}))


def test_a_rollout_whose_first_deployment_would_be_this_very_one_is_refused() -> None:
    template = pod_template()
    del template["metadata"]["creationTimestamp"]
    same = deployment(
        template=template,
        meta={
            "name": f"shop-{revision_of(as_written(template))}",
            "labels": {"crossfade.dev/rollout": "shop"},
        },
    )
    assert "which is this one: choose another name with --name" in refused(same)


def test_a_rollout_of_that_name_is_warned_of() -> None:
    made = converted(deployment(), Around(rollouts=("shop",)), Wish())
    assert made.warnings[0].startswith("Rollout shop exists already: applying this changes it.")


def test_a_plain_deployment_and_its_service_need_no_warning() -> None:
    assert converted(deployment(), Around([service()]), Wish()).warnings == ()
