"""`crossfade completion bash|zsh|fish`: commands, options and the cluster's Rollouts and policies, completed by the shell."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator
from typing import Any

from crossfade.cli.exit_codes import ExitCode
from crossfade.cli.reference import ROLLOUT

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "crossfade"
ASKED_BY_SHELL = "_ARGCOMPLETE"
"""Set where a shell runs the program to be told what could be typed next."""

WITHIN_S = 1.0
"""A shell waits for the names of Rollouts no longer than this; without them it goes on."""

HOW = """\
Put it where your shell starts:
  bash   source <(crossfade completion bash)                        in ~/.bashrc
  zsh    source <(crossfade completion zsh)                         in ~/.zshrc, after compinit
  fish   crossfade completion fish > ~/.config/fish/completions/crossfade.fish
"""


def add(commands: Any, _where: argparse.ArgumentParser) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "completion",
        help="what a shell needs to complete commands, options and names",
        description=HOW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, help="your shell")
    parser.set_defaults(run=script)


def script(options: argparse.Namespace) -> int:
    """Print what the shell is to source."""
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415 -- only here and where a shell asks

    print(shellcode([PROGRAM], shell=options.shell))
    return ExitCode.DONE


def answer(parser: argparse.ArgumentParser) -> None:
    """Tell the shell what could be typed next, and end; nothing where no shell asks."""
    if ASKED_BY_SHELL not in os.environ:
        return
    import argcomplete  # noqa: PLC0415 -- costs 20 ms

    for each in names_in(parser):
        each.completer = names  # type: ignore[attr-defined]
    for each in policies_in(parser):
        each.completer = policies  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, always_complete_options="long")


def names_in(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Give all arguments that are the name of a Rollout."""
    return [
        each
        for each in arguments_in(parser)
        if each.metavar == ROLLOUT and (each.dest == "name" or "--rollout" in each.option_strings)
    ]


def policies_in(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Give all arguments that are the name of a RolloutPolicy."""
    return [each for each in arguments_in(parser) if each.dest == "policy"]


def arguments_in(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Give all arguments, those of its commands too."""
    for action in parser._actions:  # noqa: SLF001 -- argparse has no other way to look into a parser
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 -- the same
            for below in action.choices.values():
                yield from arguments_in(below)
        else:
            yield action


def names(prefix: str, parsed_args: argparse.Namespace, **_more: object) -> list[str]:
    """Give the names of the cluster's Rollouts that begin so; none where it does not answer at once, and no complaint."""
    kind, slash, begun = prefix.rpartition("/")
    try:
        found = asyncio.run(_within(parsed_args))
    except Exception:  # noqa: BLE001 -- whatever is wrong, a shell is no place to tell it
        return []
    return [f"{kind}{slash}{name}" for name in found if name.startswith(begun)]


def policies(prefix: str, parsed_args: argparse.Namespace, **_more: object) -> list[str]:
    """Give the names of the cluster's RolloutPolicies that begin so; none where it does not answer at once, and no complaint."""
    try:
        found = asyncio.run(_within(parsed_args, "RolloutPolicy"))
    except Exception:  # noqa: BLE001 -- whatever is wrong, a shell is no place to tell it
        return []
    return [name for name in found if name.startswith(prefix)]


async def _within(options: argparse.Namespace, kind: str = "Rollout") -> list[str]:
    from crossfade.cli.connection import connected  # noqa: PLC0415 -- only here

    async with asyncio.timeout(WITHIN_S), connected(options) as cluster:
        everywhere = getattr(options, "all_namespaces", False)
        namespace = None if everywhere else options.namespace or cluster.namespace
        found = await cluster.list(kind, namespace)
    return sorted({each["metadata"]["name"] for each in found})
