"""The API server and the operator say the same of any spec, word for word: by the CEL of manifests/policies.yaml, and in Python.

The CEL of API servers is another program than the one in tests/core, with rules of its own.
"""

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from pydantic import ValidationError

from bench.kube import ApiError, Kube, Object, collection
from crossfade.api.policy import RolloutPolicySpec
from crossfade.api.rollout import RolloutSpec
from crossfade.core.policy.content import broken
from policy_specs import POLICIES, SPECS

KNOWN_WITHIN_S = 60
KNOWN_S = 0.5
SPECS_TRIED = 100
PASSING = 5
Answer = str | None


def policy(namespace: str, name: str, spec: Object) -> Object:
    """A policy about that namespace alone."""
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    head = {"apiVersion": "crossfade.dev/v1alpha1", "kind": "RolloutPolicy", "metadata": {"name": name}}
    return {**head, "spec": {**spec, "namespaceSelector": selector}}


def asked(kube: Kube, namespace: str, spec: Object) -> Answer:
    """What a dry run is refused with by policies, "" where it passes; None where the definition refuses it."""
    head = {"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout"}
    body = {**head, "metadata": {"name": "shop", "namespace": namespace}, "spec": spec}
    try:
        kube.request("POST", collection("Rollout", namespace) + "?dryRun=All", body)
    except ApiError as error:
        if error.status != 403:
            return None
        return error.message.partition("denied request: ")[2]
    return ""


def test_the_api_server_says_of_any_spec_what_the_operator_says(
    kube: Kube, namespace: str, tell: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    compared: list[bool] = []
    made: list[str] = []
    request.addfinalizer(lambda: [kube.delete("RolloutPolicy", "", name) for name in made])

    @seed(13)
    @settings(max_examples=SPECS_TRIED, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(POLICIES, SPECS)
    def agree(rules: dict[str, Any], spec: dict[str, Any]) -> None:
        try:
            read, judged = RolloutPolicySpec.model_validate(rules), RolloutSpec.model_validate(spec)
        except ValidationError:
            return
        told = "; ".join(
            f"rule {each.rule}: {each.message}" for each in broken(read, judged, judged.template)
        )
        if not told and compared.count(False) >= PASSING:
            return  # each of these takes half a second
        for name in made[-1:]:
            kube.delete("RolloutPolicy", "", name)
        made.append(f"agree-{namespace}-{len(made)}")
        kube.create(policy(namespace, made[-1], rules))
        expected = f"policy {made[-1]}, {told}" if told else ""
        answer = _settled(kube, namespace, spec, expected)
        if answer is not None:
            compared.append(bool(told))
            assert answer == expected

    agree()
    tell(
        f"policies: {len(compared)} specs judged alike by the API server and the operator, {sum(compared)} of them refused"
    )
    assert sum(compared) > SPECS_TRIED // 8


def _settled(kube: Kube, namespace: str, spec: Object, expected: str) -> Answer:
    """The answer once the API server goes by the present policy, and by none before it: it learns of both a moment later."""
    if not expected:
        time.sleep(KNOWN_S)
    deadline = time.monotonic() + KNOWN_WITHIN_S
    while True:
        answer = asked(kube, namespace, spec)
        if answer in {expected, None} or time.monotonic() > deadline:
            return answer
        time.sleep(0.1)
