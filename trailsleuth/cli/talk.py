"""How the program speaks: colour, and how much of its talk stands on stderr. Set once at the start of a run, for every command alike."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from enum import StrEnum
from typing import NamedTuple

from trailsleuth.report.sanitize import for_terminal


class Color(StrEnum):
    """What `--color` takes; auto: on a terminal, unless NO_COLOR or TERM=dumb says otherwise."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Manners(NamedTuple):
    """`quiet`: nothing on stderr but errors. `verbose`: also what was read and how long it took. A tuple, so that `--help` starts without msgspec."""

    color: Color = Color.AUTO
    quiet: bool = False
    verbose: bool = False


_MANNERS: ContextVar[Manners] = ContextVar("manners", default=Manners())  # noqa: B039 (frozen)
_ALONE = {"-q": "--quiet", "-v": "--verbose", "--quiet": "--quiet", "--verbose": "--verbose"}


def manners() -> Manners:
    """Those of this run."""
    return _MANNERS.get()


def set_manners(chosen: Manners) -> None:
    """For the rest of the run."""
    _MANNERS.set(chosen)


def say(text: str) -> None:
    """A warning or a hint, on a line of stderr; not with --quiet."""
    if not manners().quiet:
        _write(text)


def mention(text: str) -> None:
    """What only --verbose wants to know."""
    if manners().verbose:
        _write(text)


def _write(text: str) -> None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{for_terminal(text)}\n")
        sys.stderr.flush()


def manners_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with `--color`, `--quiet` and `--verbose` before the command, wherever they were typed; what follows `--` stays as it is."""
    first: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in _ALONE:
            first.append(_ALONE[argument])
        elif argument.startswith("--color="):
            first.append(argument)
        elif argument == "--color":
            first += [argument, *(value for value in [next(waiting, None)] if value is not None)]
        else:
            rest.append(argument)
    return [*first, *rest]
