"""What a pipeline would call drift."""

from bench.scenarios.gitops import drift, taken

WANTED = {"replicas": 2, "template": {"containers": [{"name": "a", "image": "shop:1"}]}}


def test_defaults_that_the_server_adds_are_no_drift() -> None:
    live = {
        **WANTED,
        "paused": False,
        "template": {"containers": [{"name": "a", "image": "shop:1", "env": []}]},
    }
    assert drift(WANTED, live, "spec") == []


def test_another_value_a_missing_field_and_another_container_are_drift() -> None:
    assert drift(WANTED, {**WANTED, "replicas": 3}, "spec") == ["spec.replicas: 2 in the manifest, 3 stored"]
    assert len(drift(WANTED, {"replicas": 2}, "spec")) == 1
    more = {**WANTED, "template": {"containers": [*WANTED["template"]["containers"], {"name": "b"}]}}
    assert len(drift(WANTED, more, "spec")) == 1


def test_a_field_outside_the_status_is_taken_only_where_crossfade_owns_it() -> None:
    entries = [
        {"manager": "crossfade-status", "fieldsV1": {"f:status": {}}},
        {"manager": "gitops", "fieldsV1": {"f:spec": {}}},
        {"manager": "crossfade", "fieldsV1": {"f:metadata": {}}},
    ]
    assert taken({"metadata": {"managedFields": entries}}) == ["f:metadata"]
    assert taken({"metadata": {"managedFields": entries[:2]}}) == []
