"""Who asked for a revision: the user that admission wrote down, else the client that the API server names, else nobody."""

from typing import Any

from crossfade.api.labels import ANNOTATION_REQUESTER
from crossfade.api.release import TemplateChange
from crossfade.api.rollout import Rollout
from crossfade.api.status import Requester
from crossfade.core.requester import requester, user_of

KUBECTL = TemplateChange(manager="kubectl-edit", at="2026-01-31T12:00:00Z")
TEMPLATE = {"template": {"spec": {"containers": [{"name": "app", "image": "shop:v1"}]}}}
IN_A_DEPLOYMENT = {"workloadRef": {"name": "web"}}


def rollout(stamp: str | None = None, **spec: Any) -> Rollout:
    notes = {} if stamp is None else {ANNOTATION_REQUESTER: stamp}
    body = {"strategy": {"bigBang": {}}, **(spec or TEMPLATE)}
    return Rollout.model_validate({"metadata": {"name": "shop", "annotations": notes}, "spec": body})


def test_what_admission_wrote_goes_before_what_a_client_calls_itself() -> None:
    assert requester(rollout("ann"), KUBECTL) == Requester(name="ann", how="Admission")


def test_where_admission_wrote_nothing_the_field_manager_is_told_as_what_it_is() -> None:
    assert requester(rollout(), KUBECTL) == Requester(name="kubectl-edit", how="FieldManager")


def test_where_nobody_tells_it_is_not_known() -> None:
    assert requester(rollout(), None) == requester(rollout(""), TemplateChange()) == Requester()


def test_what_admission_wrote_says_nothing_of_a_template_that_is_in_somebodys_deployment() -> None:
    assert requester(rollout("ann", **IN_A_DEPLOYMENT), KUBECTL).how == "FieldManager"


def test_a_client_that_calls_itself_like_a_user_is_not_that_user() -> None:
    assert user_of(Requester(name="ann", how="Admission")) == "ann"
    assert user_of(Requester(name="ann", how="FieldManager")) == user_of(Requester()) == ""


def test_a_name_commands_no_terminal() -> None:
    assert requester(rollout("ann\x1b[2J"), None).name == "ann\\x1b[2J"
