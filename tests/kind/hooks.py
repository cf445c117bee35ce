"""Hooks as tests write them: real Jobs that run Python in the shop's image."""

from bench.kube import Kube, Object


def hook(name: str, code: str, timeout_s: int = 300, image: str = "{{image}}", **when: str) -> Object:
    """A hook that runs Python in the candidate's own image."""
    container = {"name": "job", "image": image, "command": ["python3", "-c", code]}
    job = {"template": {"spec": {"containers": [container]}}, "timeoutSeconds": timeout_s}
    return {"name": name, "job": job, **when}


def left(text: str, code: int = 0) -> str:
    """Python that leaves a line and ends."""
    return f"open('/dev/termination-log', 'w').write('{text}'); raise SystemExit({code})"


def measured(status: Object) -> dict[str, Object]:
    """What the hooks came to, by name."""
    return {each["metric"]: each for each in status.get("measurements", ())}


def jobs(kube: Kube, namespace: str, name: str) -> list[Object]:
    found: list[Object] = kube.list("Job", namespace, f"crossfade.dev/hook={name}")
    return found


def succeeded(kube: Kube, namespace: str, name: str) -> list[Object]:
    """Those whose container ran to a good end: one that a busy node could not start is made anew."""
    return [each for each in jobs(kube, namespace, name) if each.get("status", {}).get("succeeded")]
