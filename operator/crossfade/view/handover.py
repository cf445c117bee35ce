"""How the selector of a Service is handed over to Crossfade by those who write it, so that no request is lost.

Each measured on a cluster: see `convert_steps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossfade.api.labels import FIELD_MANAGER
from crossfade.view.convert_service import Writer, owns_selector
from crossfade.view.yaml_text import yaml_of

Object = Mapping[str, Any]

SERVICE_FILE = "service.yaml"


def handed_over(service: Object, found: Sequence[Writer], there: str) -> Iterator[str]:
    """Give each step as a sentence, commands on lines of their own; none where nobody else writes it.

    `there`: flags for each command, after a space. What Crossfade owns already is not made its own again: an apply of the
    selector alone would drop what else it has written to the Service.
    """
    if not found:
        return
    name, sides = service["metadata"]["name"], {writer.side for writer in found}
    who = ", ".join(writer.manager or "client-side apply" for writer in found)
    yield (
        f"The selector of Service {name} is applied again and again ({who}). Pause automatic syncs of it, and take "
        f"`spec.selector` out of its manifest in Git (here {SERVICE_FILE}) without applying that yet."
    )
    if "client" in sides:
        yield (
            "Let the cluster forget that the selector was applied, or the next apply would delete it; nothing else "
            f"changes:\nkubectl apply set-last-applied -f {SERVICE_FILE}{there}"
        )
    if "server" in sides and not owns_selector(service, FIELD_MANAGER):
        yield (
            "Make Crossfade a second owner of the selector as it is, so that it stays when it is no longer applied; "
            f"nothing else changes:\n{_owned_too(service, there)}"
        )
    flag = " --server-side" if sides == {"server"} else ""
    yield (
        "Apply the manifest without the selector, and let syncs go on: the selector in the cluster stays as it is:\n"
        f"kubectl apply{flag} -f {SERVICE_FILE}{there}"
    )


def _owned_too(service: Object, there: str) -> str:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": service["metadata"]["name"]},
        "spec": {"selector": service["spec"]["selector"]},
    }
    return (
        f"kubectl apply --server-side --field-manager={FIELD_MANAGER}{there} -f - <<'EOF'\n{yaml_of(body)}EOF"
    )
