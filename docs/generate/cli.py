"""The command line, from the commands' own signatures."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import typer
from typer.models import ArgumentInfo, OptionInfo

from docs.generate.markdown import code, codes, marked, prose, table, whole
from trailsleuth.cli.app import COMMANDS, PROGRAM, start

INTRO = """
Every command answers on stdout alone; progress, warnings and hints go to stderr. What log records say is made harmless before it reaches a terminal.
Options may stand before or after the evidence. How to do what with them: [offline](../how-to/offline.md), [live](../how-to/live.md),
[as a CI step](../how-to/ci-step.md), [shared](../how-to/share-redacted.md), [a role's smallest policy](../how-to/reduce-a-role.md).
The Python twin of each command is on the [Python page](python.md), its JSON on the [JSON page](json.md).

| exit code | meaning (what each command makes of it stands with the command) |
|---|---|
| `0` | the answer was found: a cause, a denial, all allowed, all verified |
| `1` | the evidence is whole, and the answer is no: nothing denied, not allowed, not as delivered |
| `2` | wrong usage; one line says what |
| `3` | inconclusive: parts are missing, unreadable or undecided |
| `4` | evidence unreadable or an account unreachable |
| `130` | interrupted |

| environment | meaning |
|---|---|
| `NO_COLOR`, `TERM=dumb` | no colour |
| `COLUMNS` | the width of tables where stdout is not a terminal (80 without it) |
| `TRAILSLEUTH_DEBUG=1` | an unexpected error shows its traceback |
| `AWS_…` | as the AWS SDK reads them, in live use only |
| `TRAILSLEUTH_ATHENA_OUTPUT`, `TRAILSLEUTH_ATHENA_WORKGROUP` | as `--athena-output` and `--athena-workgroup` of `diagnose` |
"""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """An argument or option of a command, as its signature tells it."""

    names: tuple[str, ...]
    metavar: str
    text: str
    default: str
    required: bool
    argument: bool


def commands() -> dict[str, Callable[..., object]]:
    """Every command, those of a group as `group name`."""
    found: dict[str, Callable[..., object]] = {}
    for name, (target, _line) in COMMANDS.items():
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if isinstance(command, typer.Typer):
            found |= {f"{name} {one.name}": one.callback for one in command.registered_commands if one.callback is not None}
        else:
            found[name] = command
    return found


def parameters(command: Callable[..., object]) -> Iterator[Parameter]:
    """What a command takes, in the order of its signature."""
    hints = typing.get_type_hints(command, include_extras=True)
    for name, given in inspect.signature(command).parameters.items():
        kind, info = hints[name].__origin__, hints[name].__metadata__[0]
        yield _parameter(name, kind, info, given.default)


def _parameter(name: str, kind: object, info: ArgumentInfo | OptionInfo, default: object) -> Parameter:
    argument = isinstance(info, ArgumentInfo)
    first = (info.default,) if isinstance(info.default, str) and info.default.startswith("-") else ()  # where Annotated leaves the first name
    flags = (*first, *(info.param_decls or ()))
    if not any(flag.startswith("--") for flag in flags) and not argument:
        flags = (f"--{name.replace('_', '-')}", *flags)
    required = default is inspect.Parameter.empty
    shown = "" if required or default is None or default is False else str(default.value if isinstance(default, Enum) else default)
    return Parameter(
        names=(name,) if argument else flags,
        metavar=info.metavar or _values(kind) or ("" if kind is bool else name.upper()),
        text=info.help or "",
        default=shown,
        required=required,
        argument=argument,
    )


def _values(kind: object) -> str:
    choices = [one for one in (kind, *typing.get_args(kind)) if isinstance(one, type) and issubclass(one, Enum)]
    if choices:
        return "|".join(str(member.value) for member in choices[0])
    return "PATH" if Path in (kind, *typing.get_args(kind)) else ""


def page() -> str:
    """The page."""
    return whole("Command line", INTRO, _summary(), *(_command(name, command) for name, command in commands().items()))


def _summary() -> list[str]:
    rows = [(f"[`{name}`](#trailsleuth-{name.replace(' ', '-')})", marked(_first_line(command))) for name, command in commands().items()]
    general = table(["option", "meaning"], _options(start))
    completion = [
        ("`--install-completion`", "install completion for the current shell"),
        ("`--show-completion`", "print it"),
        ("`-h`, `--help`", "of any command"),
    ]
    return [*table(["command", "what it does"], rows), "## Options of all commands", "", *general[:-1], *(f"| {a} | {b} |" for a, b in completion), ""]


def _first_line(command: Callable[..., object]) -> str:
    return (inspect.getdoc(command) or "").splitlines()[0]


def _options(command: Callable[..., object]) -> list[tuple[str, ...]]:
    return [(codes(one.names), one.text) for one in parameters(command)]


def _command(name: str, command: Callable[..., object]) -> list[str]:
    taken = list(parameters(command))
    words = [one.metavar if one.required else f"[{one.metavar}]" for one in taken if one.argument]
    usage = " ".join([PROGRAM, name, *words, "[options]"])
    rows = [(codes(one.names) if not one.argument else code(one.metavar), _taken(one), _meaning(one)) for one in taken]
    text = [line.replace("Exit codes:", "**Exit codes:**") for line in (inspect.getdoc(command) or "").splitlines()]
    return [f"## trailsleuth {name}", "", f"    {usage}", "", *text, "", *table(["argument or option", "takes", "meaning"], rows)]


def _taken(one: Parameter) -> str:
    return "" if one.argument or not one.metavar else codes(one.metavar.split("|"))


def _meaning(one: Parameter) -> str:
    notes = ["Required."] if one.required else [f"Default: {code(one.default)}."] if one.default else []
    return " ".join([prose(one.text), *notes])
