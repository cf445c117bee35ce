"""The entry: commands, options, exit codes."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from crossfade import __version__
from crossfade.cli import (
    action,
    audit,
    completion,
    convert,
    diff,
    freeze,
    history,
    listing,
    logs,
    plan,
    policies,
    policy,
    queue,
    report,
    set_image,
    status,
    tree,
    unfreeze,
    verdict,
)
from crossfade.cli.errors import CommandError
from crossfade.cli.exit_codes import INTERRUPTED, ExitCode
from crossfade.cli.output import FORMATS
from crossfade.cli.terminal import harmless_streams

COMMANDS: tuple[ModuleType, ...] = (
    listing,
    status,
    tree,
    logs,
    plan,
    set_image,
    history,
    diff,
    report,
    audit,
    verdict,
    convert,
    action,
    policy,
    policies,
    queue,
    freeze,
    unfreeze,
    completion,
)
EPILOG = """\
exit codes: 0 done or healthy, 1 usage or API error, 2 failed or rolled back, 3 timed out, 4 waiting for a person
"""


class Parser(argparse.ArgumentParser):
    """Like argparse's, but a wrong command line ends with 1, since 2 means a failed Rollout here."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, what was probably meant, and end."""
        self.print_usage(sys.stderr)
        meant = _meant(message)
        self.exit(
            ExitCode.ERROR, f"{self.prog}: {message}.{meant} `{self.prog} --help` shows what there is.\n"
        )


def run() -> NoReturn:
    """Be the program: read the command line, do it, exit."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says and give the exit code; failures are told on standard error."""
    parser = build_parser()
    completion.answer(parser)
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        _refuse(parser, options, unknown)
    if "run" not in options:
        parser.print_help()
        return ExitCode.ERROR
    try:
        with harmless_streams():
            return _run(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # `crossfade … | head`: the reader has what it wanted
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE


def _refuse(parser: argparse.ArgumentParser, options: argparse.Namespace, unknown: list[str]) -> NoReturn:
    """End with the usage of the command that got what it does not know, and what was probably meant."""
    import difflib  # noqa: PLC0415 -- only where something is wrong

    chosen: argparse.ArgumentParser = getattr(options, "parser", parser)
    near = difflib.get_close_matches(unknown[0], list(chosen._option_string_actions), 1)  # noqa: SLF001 -- there is no other way
    meant = f". Did you mean {near[0]}?" if near else "."
    chosen.print_usage(sys.stderr)
    told = f"{chosen.prog}: unrecognized arguments: {' '.join(unknown)}{meant}"
    chosen.exit(ExitCode.ERROR, f"{told} `{chosen.prog} --help` shows what there is.\n")


def _run(options: argparse.Namespace) -> int:
    try:
        return int(options.run(options))
    except CommandError as error:
        print(f"crossfade: {error}", file=sys.stderr)
        return error.code


def build_parser() -> argparse.ArgumentParser:
    """Give the whole command line; global options may stand before and after the command."""
    parser = Parser(
        prog=_program(),
        description="Follow and steer Rollouts: a workload's safe way from one version to the next.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[global_options(None)],
    )
    parser.add_argument("--version", action="version", version=f"crossfade {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    for command in COMMANDS:
        command.add(commands, global_options(argparse.SUPPRESS, getattr(command, "OUTPUTS", FORMATS)))
    for each in commands.choices.values():
        each.set_defaults(parser=each)
    return parser


def global_options(default: str | None, outputs: Sequence[str] = FORMATS) -> argparse.ArgumentParser:
    """Give the options of every command. SUPPRESS as `default` keeps what stood before the command."""
    options = argparse.ArgumentParser(add_help=False)
    group = options.add_argument_group("where")
    group.add_argument(
        "-n", "--namespace", default=default, metavar="NAME", help="namespace (default: the context's)"
    )
    group.add_argument("--context", default=default, metavar="NAME", help="context of the kubeconfig")
    group.add_argument(
        "--kubeconfig", default=default, metavar="FILE", help="default: $KUBECONFIG or ~/.kube/config"
    )
    group.add_argument(
        "--as", dest="as_user", default=default, metavar="USER", help="do it as this user, as kubectl does"
    )
    group.add_argument(
        "--as-group",
        dest="as_groups",
        action="append",
        default=default,
        metavar="GROUP",
        help="with --as: in this group; may be repeated",
    )
    group.add_argument(
        "-o", "--output", choices=outputs, default=default, help="for programs instead of people"
    )
    return options


def _meant(message: str) -> str:
    """What is nearest to a word that is none. Example: ` Did you mean promote?`."""
    import difflib  # noqa: PLC0415 -- only where something is wrong

    found = re.match(r"argument [^:]*: invalid choice: '([^']*)' \(choose from (.*)\)$", message)
    if found is not None:
        near = difflib.get_close_matches(found[1], re.findall(r"'([^']*)'", found[2]), 1)
        return f" Did you mean {near[0]}?" if near else ""
    return ""


def _program() -> str:
    """Give the name as it is typed; kubectl runs its plugins by the name of their file."""
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 -- pathlib costs 10 ms here
    return "kubectl crossfade" if name == "kubectl-crossfade" else "crossfade"
