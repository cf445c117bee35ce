"""Applies a JSON Patch as strictly as an API server, for the tests of routes."""

import copy
from typing import Any


def patched(route: dict[str, Any], patch: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply a patch on fields of rules: what is replaced or removed must be there, what is added must not."""
    result = copy.deepcopy(route)
    for each in patch:
        _, spec, kind, index, field = each["path"].split("/")
        assert (spec, kind) == ("spec", "rules")
        rule = result["spec"]["rules"][int(index)]
        assert (field in rule) == (each["op"] in ("replace", "remove"))
        if each["op"] == "remove":
            del rule[field]
        else:
            rule[field] = copy.deepcopy(each["value"])
    return result
