"""Values as people type them on a command line, and what the terminal can show."""

from __future__ import annotations

import os
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TextIO

from trailsleuth.cli.talk import Color, manners
from trailsleuth.errors import UsageError
from trailsleuth.patterns import late
from trailsleuth.report.context import UNWRAPPED, RenderContext

_RELATIVE = late(r"(?:\d{1,6}[smhdw])+")
_YEAR = late(r"\d{4}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_MAX_COLUMNS, _DEFAULT_COLUMNS = 200, 80


class OutputFormat(StrEnum):
    """What `--output` takes: table for a terminal, json for programs, the others to be passed on."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    JSONL = "jsonl"
    CSV = "csv"
    MERMAID = "mermaid"
    DOT = "dot"
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"
    OCSF = "ocsf"
    TIMESKETCH = "timesketch"


class TableOrJson(StrEnum):
    """What `--output` takes where there are no more: table for people, json for programs."""

    TABLE = "table"
    JSON = "json"


class FixFormat(StrEnum):
    """What `--fix` takes: the policy change in the language of the tool that will make it."""

    JSON = "json"
    TERRAFORM = "terraform"
    CLOUDFORMATION = "cloudformation"
    CDK = "cdk"
    CDK_PYTHON = "cdk-python"
    CLI = "cli"


class FailOn(StrEnum):
    """What `--fail-on` takes: which answers end a CI step."""

    CAUSE = "cause"
    INCONCLUSIVE = "inconclusive"
    NEVER = "never"


def exit_code_of(found: int, fail_on: FailOn | None) -> int:
    """The exit code of an answer (0 a cause, 1 nothing denied, 3 inconclusive), as it is, or 1 and 3 for those that fail a CI step and 0 for the others."""
    match fail_on:
        case None:
            return found
        case FailOn.NEVER:
            return 0
        case FailOn.CAUSE:
            return 1 if found == 0 else 0
        case FailOn.INCONCLUSIVE:
            return {0: 1, 3: 3}.get(found, 0)


def parse_time(text: str | None, *, option: str, now: datetime | None = None) -> datetime | None:
    """A moment in UTC from ISO 8601 (without a zone: UTC), from a date, or from `2h`, `3d`, `1h30m` before now."""
    if text is None:
        return None
    given = text.strip()
    now = now or datetime.now(UTC)
    if _RELATIVE.fullmatch(given):
        return now - _duration(given, option=option)
    if given == "now":
        return now
    from dateutil import parser

    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    try:
        if not _YEAR.search(given):  # the parser would take "5" for the fifth of this month
            raise ValueError(given)
        moment = parser.parse(given, default=midnight)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, TypeError) as cause:
        raise UsageError(f"{option} {text!r} is not a time", next_step="give ISO 8601 (2026-03-04T09:00:00Z) or a span before now (2h, 3d)") from cause


def _duration(given: str, *, option: str) -> timedelta:
    spans = {_UNITS[unit]: 0 for unit in _UNITS}
    for count, unit in re.findall(r"(\d+)([smhdw])", given):
        spans[_UNITS[unit]] += int(count)
    span = timedelta(**spans)
    if span > timedelta(days=36_500):
        raise UsageError(f"{option} {given!r} lies more than a hundred years back", next_step="give a date, or a span like 2h, 3d")
    return span


def parse_window(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    """`--since` and `--until`, the first before the second."""
    now = datetime.now(UTC)
    start, end = parse_time(since, option="--since", now=now), parse_time(until, option="--until", now=now)
    if start is not None and end is not None and start >= end:
        raise UsageError("--since is not before --until", next_step="exchange them, or leave one out")
    return start, end


def terminal_context(stream: TextIO | None = None, *, everything: bool = False) -> RenderContext:
    """What stdout can show.

    By itself colour only on a terminal, and not with NO_COLOR (https://no-color.org) or TERM=dumb; FORCE_COLOR and CLICOLOR_FORCE ask for it.
    Where stdout is not a terminal and COLUMNS does not say how wide it is, nothing is wrapped.
    """
    out = stream or sys.stdout
    on_terminal = out is not None and out.isatty()
    wanted = manners().color
    forced = any(os.environ.get(name, "0") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE"))
    by_itself = (on_terminal and os.environ.get("TERM") != "dumb") or forced
    color = wanted is Color.ALWAYS or (wanted is Color.AUTO and by_itself and not os.environ.get("NO_COLOR"))
    sized = on_terminal or "COLUMNS" in os.environ
    columns = min(max(shutil.get_terminal_size((_DEFAULT_COLUMNS, 24)).columns, 40), _MAX_COLUMNS) if sized else UNWRAPPED
    unicode = (getattr(out, "encoding", None) or "ascii").lower().replace("-", "").startswith("utf")
    return RenderContext(width=columns, piped=not on_terminal, color=color, unicode=unicode, everything=everything)


def version_for(form: OutputFormat) -> str:
    """The program's version for a report that says it; asked for only then, since that takes a while."""
    return program_version() if form is OutputFormat.HTML else ""


def program_version() -> str:
    """As it is installed."""
    from importlib.metadata import version

    return version("trailsleuth")
