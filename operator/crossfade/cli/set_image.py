"""`crossfade set image NAME CONTAINER=IMAGE …`: a new image in the Rollout, with the user's own rights."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossfade.cli.connection import Api, Raw, find_rollout, with_cluster
from crossfade.cli.errors import CommandError
from crossfade.cli.output import written
from crossfade.cli.reference import add_name
from crossfade.wire.errors import ApiError

TRIES = 5
"""Another writer may come between reading and writing; each try starts from what is stored then."""

LISTS = ("containers", "initContainers")
MANAGER = "kubectl-crossfade"
"""The field manager of what people write: not the operator's, which never writes a spec."""


@dataclass(frozen=True)
class Change:
    """One container's image, before and after; `path` is where its container is in the Rollout."""

    container: str
    path: str
    before: str
    after: str


def add(commands: Any, where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    setting = commands.add_parser("set", help="set image: release a new image")
    kinds = setting.add_subparsers(metavar="image", required=True)
    parser = kinds.add_parser("image", parents=[where], help="release a new image")
    add_name(parser)
    parser.add_argument(
        "images", metavar="CONTAINER=IMAGE", nargs="+", type=assignment, help="container and its new image"
    )
    parser.set_defaults(run=lambda options: asyncio.run(with_cluster(set_image, options)))


def assignment(text: str) -> tuple[str, str]:
    """Read `CONTAINER=IMAGE`."""
    container, found, image = text.partition("=")
    if not (container and found and image):
        raise argparse.ArgumentTypeError(f"'{text}' is not CONTAINER=IMAGE: write for example app=shop:1.4.2")
    return container, image


async def set_image(options: argparse.Namespace, cluster: Api) -> int:
    """Change the images, all or none, and say what changed."""
    for left in range(TRIES - 1, -1, -1):
        rollout = await find_rollout(cluster, options)
        changes = list(changes_of(rollout, dict(options.images)))
        if not any(change.before != change.after for change in changes):
            break
        try:
            rollout = await cluster.json_patch(
                "Rollout", options.namespace, options.name, list(patch(changes)), manager=MANAGER
            )
            break
        except ApiError as error:
            if not (error.conflict and left):
                raise
    tell(options, rollout, changes)
    return 0


def changes_of(rollout: Raw, images: Mapping[str, str]) -> Iterator[Change]:
    """Give what changes in the Rollout; raises CommandError for a container that it does not have."""
    ref = rollout["spec"].get("workloadRef")
    if ref:
        raise CommandError(
            f"Rollout '{rollout['metadata']['name']}' takes its template from Deployment '{ref['name']}': change the "
            "image there, or in the chart that makes it."
        )
    found = {container["name"]: (path, container.get("image", "")) for path, container in containers(rollout)}
    missing = [name for name in images if name not in found]
    if missing:
        name = rollout["metadata"]["name"]
        raise CommandError(
            f"Rollout '{name}' has no container {' or '.join(repr(each) for each in missing)}. "
            f"It has: {', '.join(found)}. Write for example {next(iter(found), 'app')}={images[missing[0]]}."
        )
    for container, image in images.items():
        path, before = found[container]
        yield Change(container, path, before, image)


def containers(rollout: Raw) -> Iterator[tuple[str, Raw]]:
    """Give each container of the template with its path."""
    spec = rollout["spec"]["template"]["spec"]
    for kind in LISTS:
        for index, container in enumerate(spec.get(kind) or ()):
            yield f"/spec/template/spec/{kind}/{index}", container


def patch(changes: list[Change]) -> Iterator[dict[str, str]]:
    """Give the JSON Patch: `test` operations make it all or nothing, and never on something else than was read."""
    for change in changes:
        yield {"op": "test", "path": f"{change.path}/name", "value": change.container}
        yield {"op": "test", "path": f"{change.path}/image", "value": change.before}
    for change in changes:
        yield {"op": "replace", "path": f"{change.path}/image", "value": change.after}


def summary(options: argparse.Namespace, rollout: Raw, changes: list[Change]) -> dict[str, Any]:
    """Give what was asked and what came of it, for programs; `generation` is of the Rollout that has the images."""
    changed = [each for each in changes if each.before != each.after]
    images = [{"container": each.container, "before": each.before, "after": each.after} for each in changes]
    told = [f"{each.container}: {each.before} → {each.after}" for each in changed]
    return {
        "action": "SetImage",
        "rollout": options.name,
        "namespace": options.namespace,
        "state": "Done" if changed else "Unchanged",
        "message": "; ".join(told) or "the images are there already",
        "generation": rollout["metadata"].get("generation"),
        "images": images,
    }


def tell(options: argparse.Namespace, rollout: Raw, changes: list[Change]) -> None:
    """Say what changed, or that nothing had to."""
    if options.output:
        print(written(summary(options, rollout, changes), options.output))
        return
    for change in changes:
        same = change.before == change.after
        says = f"is {change.after} already" if same else f"{change.before} → {change.after}"
        print(f"{options.name}: {change.container} {says}")
    follow = f"crossfade status {options.name} --watch {options.scope}".rstrip()
    print(f"Follow it: {follow}")
