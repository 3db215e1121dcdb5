"""The command line: the list of commands, each loaded only when it is called, and errors as exit codes.

Exit codes: 0 a cause was found, 1 nothing was denied, 2 wrong usage, 3 inconclusive, 4 evidence or account unreachable, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import FrameType
from typing import Annotated, Protocol

import typer
from typer.core import TyperCommand, TyperGroup

from trailsleuth.cli.output import silence_stdout
from trailsleuth.cli.talk import Color, Manners, manners_first, set_manners
from trailsleuth.errors import TrailsleuthError, UsageError
from trailsleuth.report.sanitize import for_terminal

PROGRAM = "trailsleuth"
INTERRUPTED = 130
_INTERRUPTED_FETCH = "interrupted: what was fetched so far is kept; continue with trailsleuth fetch --resume FOLDER"

COMMANDS: dict[str, tuple[str, str]] = {
    "diagnose": ("trailsleuth.cli.diagnose:diagnose_command", "Find why access was denied, and the change that fixes it."),
    "explain": ("trailsleuth.cli.explain:explain_command", "Read pasted error messages or records."),
    "simulate": ("trailsleuth.cli.simulate:simulate_command", "Ask what IAM would decide on a request, offline."),
    "reduce": ("trailsleuth.cli.reduce:reduce_command", "Write the smallest policy that a role's calls need."),
    "fix": ("trailsleuth.cli.fix:fix_command", "Show a saved case's policy change as Terraform, CDK and others."),
    "events": ("trailsleuth.cli.events:events_command", "Find records: filter, select, query."),
    "sessions": ("trailsleuth.cli.views:sessions_command", "List who used which credential, and who opened it."),
    "timeline": ("trailsleuth.cli.views:timeline_command", "Show what happened in the order of time."),
    "denied": ("trailsleuth.cli.denied:denied_command", "Extract the denied records of a trail, or count them."),
    "index": ("trailsleuth.cli.index:index_command", "Make a large trail ready for many questions."),
    "bundle": ("trailsleuth.cli.bundle:bundle_command", "Pack evidence to be shared, redacted if asked for."),
    "fetch": ("trailsleuth.cli.fetch:fetch_command", "Fetch the evidence of a failed execution into a folder."),
    "watch": ("trailsleuth.cli.watch:watch_command", "Say new denials as CloudTrail delivers them."),
    "sql": ("trailsleuth.cli.sql:sql_command", "Ask an index in SQL, or print an engine's selection."),
    "verify": ("trailsleuth.cli.verify:verify_command", "Check log files against their digests."),
    "info": ("trailsleuth.cli.info:info_command", "Show what a case consists of, and whether it was changed."),
    "doctor": ("trailsleuth.cli.doctor:doctor_command", "Check profiles, regions and permissions for live use."),
    "permissions": ("trailsleuth.cli.permissions:permissions_command", "Print the read-only policy that live use needs."),
    "mcp": ("trailsleuth.cli.mcp:mcp_command", "Serve these answers to an assistant (Model Context Protocol)."),
    "catalog": ("trailsleuth.cli.catalog:catalog_app", "Look up an IAM action; update the catalogue."),
}


class HelpWriter(Protocol):
    """What typer hands over to write a help page with."""

    def section(self, name: str) -> AbstractContextManager[None]: ...
    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None: ...


class CommandTable(TyperGroup):
    """The commands by name. A command's module is imported when the command is called or asked for its help."""

    def list_commands(self, _ctx: object) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
        command = load_command(cmd_name)
        if command is None and not getattr(_ctx, "resilient_parsing", False) and not cmd_name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(cmd_name, [name for name in COMMANDS if name != cmd_name], n=1)
            raise UsageError(f"no such command: {cmd_name}", next_step=f"did you mean {near[0]}?" if near else f"{PROGRAM} --help lists them")
        return command

    def format_commands(self, _ctx: object, formatter: HelpWriter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def load_command(name: str) -> TyperCommand | TyperGroup | None:
    """The command, built from its function or its own typer app; None where there is none of this name."""
    if name not in COMMANDS:
        return None
    module_name, _, attribute = COMMANDS[name][0].partition(":")
    try:
        target = getattr(importlib.import_module(module_name), attribute)
    except ModuleNotFoundError as missing:
        if missing.name == module_name:
            return None
        raise
    if not isinstance(target, typer.Typer):
        single = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
        single.command(name)(target)
        target = single
    command = typer.main.get_command(target)
    return command if isinstance(command, TyperCommand | TyperGroup) else None


app = typer.Typer(
    cls=CommandTable,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@app.callback()
def start(
    _version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)] = False,
    color: Annotated[Color, typer.Option(help="Colour: auto is on a terminal without NO_COLOR.")] = Color.AUTO,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say what was read and how long it took.")] = False,
) -> None:
    """Finds the denied permission behind an opaque AWS error in CloudTrail, across accounts, and writes the smallest policy change that fixes it."""
    if quiet and verbose:
        raise UsageError("--quiet and --verbose exclude each other", next_step="leave one of them out")
    set_manners(Manners(color=color, quiet=quiet, verbose=verbose))


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line and gives its exit code; what went wrong stands on stderr in at most three lines."""
    _prepare_streams()
    with contextlib.suppress(ValueError):  # not in the main thread: whoever runs it there has a handler of their own
        signal.signal(signal.SIGTERM, _stop)
    try:
        answer = typer.main.get_command(app).main(
            args=manners_first(sys.argv[1:] if arguments is None else arguments), prog_name=PROGRAM, standalone_mode=False
        )
    except TrailsleuthError as error:
        _complain(error_lines(error))
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        silence_stdout()
        return 0
    except OSError as error:
        _complain([f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}"])
        return TrailsleuthError.exit_code
    except MemoryError:
        _complain(["error: not enough memory for this evidence", "  next: give fewer files, or raise the limit (ulimit -v)"])
        return TrailsleuthError.exit_code
    except Exception as error:
        return _unexpected(error)
    if answer == INTERRUPTED:  # typer makes an exit code of the signal
        return _interrupted()
    return answer if isinstance(answer, int) and not isinstance(answer, bool) else 0


def error_lines(error: TrailsleuthError) -> list[str]:
    """What, why and what next: one line for wrong usage, up to three for the rest."""
    if isinstance(error, UsageError):
        parts = [f"error: {error.what}", *(part for part in (error.why, error.next_step) if part)]
        return ["; ".join(parts)]
    lines = [f"error: {error.what}"]
    if error.why:
        lines.append(f"  why:  {error.why}")
    if error.next_step:
        lines.append(f"  next: {error.next_step}")
    return lines


def _interrupted() -> int:
    _complain([_INTERRUPTED_FETCH if "fetch" in sys.argv[1:2] else "interrupted: no file was written"])
    return INTERRUPTED


def _unexpected(error: Exception) -> int:
    if isinstance(error, typer.Abort):
        return _interrupted()
    told = getattr(error, "format_message", None)
    if callable(told):  # wrong usage, found by the option parser
        command = getattr(getattr(error, "ctx", None), "command_path", PROGRAM)
        if type(error).__name__ == "NoArgsIsHelpError":
            _complain(str(told()).splitlines(), as_is=True)
        else:
            _complain([f"error: {str(told()).rstrip('.')}; see {command} --help"])
        return int(getattr(error, "exit_code", 2))
    if os.environ.get("TRAILSLEUTH_DEBUG"):
        raise error
    _complain([f"error: {PROGRAM} failed unexpectedly: {type(error).__name__}: {error}", "  next: set TRAILSLEUTH_DEBUG=1 for the traceback and report it"])
    return TrailsleuthError.exit_code


def _complain(lines: list[str], *, as_is: bool = False) -> None:
    safe = lines if as_is else [f"{line[: len(line) - len(line.lstrip())]}{for_terminal(line)}" for line in lines]
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write("\n".join(safe) + "\n")
        sys.stderr.flush()


def _prepare_streams() -> None:
    """Signs that the terminal's encoding lacks are spelled out instead of ending the run; a closed stdin is an empty one."""
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)
