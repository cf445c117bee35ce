"""Amounts of CPU and memory as Kubernetes writes them, and what one pod of a template asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Object = Mapping[str, Any]

SUFFIXES = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}
QUANTITY = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([a-zA-Z]*)$")


@dataclass(frozen=True)
class Requests:
    """What is asked for: cores and bytes. None where nothing is asked."""

    cpu: Decimal | None = None
    memory: Decimal | None = None

    def times(self, pods: int) -> Requests:
        """Give what so many pods ask for."""
        return Requests(
            None if self.cpu is None else self.cpu * pods,
            None if self.memory is None else self.memory * pods,
        )


def parse_quantity(text: str | float) -> Decimal:
    """Read `250m`, `1.5Gi`, `1e3` or a plain number; raises ValueError for anything else."""
    found = QUANTITY.match(str(text))
    if not found or found[2] not in SUFFIXES:
        raise ValueError(f"{text!r} is not an amount: write for example 250m (CPU) or 64Mi (memory)")
    return Decimal(found[1]) * SUFFIXES[found[2]]


def show_cpu(cores: Decimal) -> str:
    """Say cores as people do. Examples: `50m`, `1.5`."""
    return f"{cores.normalize():f}" if cores >= 1 else f"{(cores * 1000).normalize():f}m"


def show_memory(amount: Decimal) -> str:
    """Say bytes as people do. Examples: `120Mi`, `1.5Gi`."""
    for unit in ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki"):
        if amount >= SUFFIXES[unit]:
            return f"{round(amount / SUFFIXES[unit], 1).normalize():f}{unit}"
    return f"{amount.normalize():f}"


def pod_requests(template: Object) -> Requests:
    """Give what the scheduler reserves for one pod; raises ValueError for an amount that is none.

    The scheduler's own rule: what the pod as a whole asks for, where it says so; else the containers and
    sidecars together, or the hungriest init container with the sidecars started before it, whichever is more;
    and the overhead on top. A limit without a request counts as the request.
    """
    spec = template.get("spec") or {}
    return Requests(_reserved(spec, "cpu"), _reserved(spec, "memory"))


def _reserved(spec: Object, resource: str) -> Decimal | None:
    whole = _asked(spec, resource)
    asked = whole if whole is not None else _by_containers(spec, resource)
    overhead = (spec.get("overhead") or {}).get(resource)
    if overhead is None:
        return asked
    return (asked or Decimal(0)) + parse_quantity(overhead)


def _by_containers(spec: Object, resource: str) -> Decimal | None:
    sidecars: list[Decimal] = []
    peaks: list[Decimal] = []
    for container in spec.get("initContainers") or ():
        amount = _asked(container, resource)
        if amount is None:
            continue
        if container.get("restartPolicy") == "Always":
            sidecars.append(amount)
            peaks.append(_sum(sidecars))
        else:
            peaks.append(amount + _sum(sidecars))
    each = [_asked(container, resource) for container in spec.get("containers") or ()]
    running = [amount for amount in each if amount is not None] + sidecars
    return max([_sum(running), *peaks]) if running or peaks else None


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, start=Decimal(0))


def _asked(holder: Object, resource: str) -> Decimal | None:
    resources = holder.get("resources") or {}
    for kind in ("requests", "limits"):
        amount = (resources.get(kind) or {}).get(resource)
        if amount is not None:
            return parse_quantity(amount)
    return None
