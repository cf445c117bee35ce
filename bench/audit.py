"""The API server's audit log: what the installed operator wrote, and nobody else.

`cluster/audit-policy.yaml` says what is kept there. A line is in it before the API server's answer leaves.
"""

import json
import subprocess
from collections import Counter
from collections.abc import Container, Iterable
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from bench.operator_pods import NODE

EVERY_FILE = "cat /var/log/crossfade/audit*.log"
"""The API server begins a new file at 100 MB, and keeps the one before."""


def lines() -> list[str]:
    """All that is kept, an event a line, oldest first."""
    read = ["docker", "exec", NODE, "sh", "-c", EVERY_FILE]
    return subprocess.run(read, capture_output=True, text=True, check=True).stdout.splitlines()


def counted(
    lines: Iterable[str], since: datetime, until: datetime, namespaces: Container[str | None]
) -> Counter[str]:
    """What was asked for in that time by "verb group/resource/subresource", as far as it was not a dry run.

    `since` and `until` are times with a zone. None among `namespaces` stands for what is in none.
    """
    events = [json.loads(line) for line in lines]
    return Counter(
        f"{event['verb']} {resource(event['objectRef'])}"
        for event in events
        if since <= datetime.fromisoformat(event["requestReceivedTimestamp"]) < until
        and event["objectRef"].get("namespace") in namespaces
        and "dryRun" not in parse_qs(urlsplit(event["requestURI"]).query)
    )


def resource(reference: dict[str, str]) -> str:
    """What a request was about, as "group/resource/subresource"; the core group has no name."""
    parts = [reference.get("apiGroup"), reference.get("resource"), reference.get("subresource")]
    return "/".join(part for part in parts if part)
