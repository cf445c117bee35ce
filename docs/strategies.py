# ruff: noqa: INP001 -- a script beside the page that it writes
"""Draws the stages under each strategy in strategies.md, as `crossfade plan` would tell them.

    PYTHONPATH=operator python docs/strategies.py

Each YAML block there is a part of a Rollout's spec; the text block behind it is the picture. A test fails when they differ.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from crossfade.api.rollout import Rollout
from crossfade.api.strict import parse_strict
from crossfade.view.forecast import Forecast, forecast
from crossfade.view.words import number

PAGE = Path(__file__).parent / "strategies.md"
PICTURE = re.compile(r"(```yaml\n(?P<part>.*?)```\n\n```text\n).*?(```)", re.DOTALL)
AROUND: dict[str, Any] = {
    "replicas": 4,
    "template": {"spec": {"containers": [{"name": "app", "image": "registry.example.com/shop:1.4.2"}]}},
    "service": {"ports": [{"port": 80, "targetPort": 8080}]},
}
OLD, NEW = "○", "●"


def rewritten(page: str) -> str:
    """The page with each picture as the code draws it now."""
    return PICTURE.sub(lambda found: found[1] + picture(found["part"]) + found[3], page)


def picture(part: str) -> str:
    """The stages that a part of a spec leads to, with 4 pods where it says nothing else."""
    manifest = {"apiVersion": "crossfade.dev/v1alpha1", "kind": "Rollout", "metadata": {"name": "shop"}}
    spec = {**AROUND, **yaml.safe_load(part)}
    return "".join(
        f"{line}\n" for line in _lines(forecast(parse_strict(Rollout, {**manifest, "spec": spec})))
    )


def _lines(told: Forecast) -> Iterator[str]:
    rows = [["stage", "old", "new", "share", "goes on when"]]
    rows += [["before", OLD * told.replicas, "", "0 %", "the template changes"]]
    for stage in told.stages:
        pods = [OLD * stage.stable, NEW * stage.candidate]
        rows.append([stage.name, *pods, f"{number(stage.wanted_share)} %", stage.awaits])
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[4]]).rstrip()
    yield f"most pods at once: {told.peak_pods}"


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text()))
