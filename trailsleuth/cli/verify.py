"""`trailsleuth verify`: are these the log files that CloudTrail delivered, and are they all here?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from trailsleuth import api
from trailsleuth.cli.completion import profiles
from trailsleuth.cli.options import TableOrJson, parse_window
from trailsleuth.cli.output import check_output_file, write_answer
from trailsleuth.errors import UsageError
from trailsleuth.model.verification import CheckedFile, Integrity, Verification
from trailsleuth.report.sanitize import for_terminal

SCHEMA = "trailsleuth.verification/1"
VERDICTS = {
    0: "All files are as CloudTrail delivered them, and none is missing.",
    1: "The evidence does not hold: files are invalid or missing.",
    3: "Nothing is proven wrong, and not all is proven right.",
}


def verify_command(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A downloaded log bucket, or a part of one: log files and their digests.")],
    keys: Annotated[Path | None, typer.Option("--keys", metavar="FILE", help="Saved output of `aws cloudtrail list-public-keys`.")] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", metavar="P", help="Ask this AWS profile for the public keys instead.", autocompletion=profiles)
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="Start of the time that must be covered.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="T", help="End of that time: shows a deleted newest digest.")] = None,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json.")] = TableOrJson.TABLE,
    output_file: Annotated[Path | None, typer.Option("--output-file", metavar="PATH", help="Write the answer there.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --output-file.")] = False,
) -> int:
    """Check downloaded CloudTrail log files against their digests, offline.

    Exit codes: 0 all verified and no gap, 1 something is invalid or missing, 3 not provable, 2 wrong usage, 4 unreadable.
    """
    if keys is not None and profile is not None:
        raise UsageError("--keys and --profile exclude each other", next_step="give the saved keys, or the profile to ask")
    check_output_file(output_file, force=force, inputs=(directory, *((keys,) if keys else ())))
    start, end = parse_window(since, until)
    answer = api.verify(directory, keys=keys, since=start, until=end, profile=profile)
    text = to_json(answer) if output is TableOrJson.JSON else to_table(answer)
    write_answer(text, output_file, force=force)
    return answer.exit_code


def to_json(answer: Verification) -> str:
    """The contract's document."""
    document = {
        "schema": SCHEMA,
        "summary": VERDICTS[answer.exit_code],
        "digests": [_file(file) for file in answer.digests],
        "logs": [_file(file) for file in answer.logs],
        "coverage": [
            {"account": span.account, "region": span.region, "trail": span.trail, "from": _time(span.start), "to": _time(span.end)} for span in answer.coverage
        ],
        "gaps": [{"account": gap.account, "region": gap.region, "from": _time(gap.start), "to": _time(gap.end), "why": gap.why} for gap in answer.gaps],
        "skipped": [{"source": item.source, "reason": item.reason} for item in answer.skipped],
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _file(file: CheckedFile) -> dict[str, Any]:
    shown: dict[str, Any] = {"path": file.path, "state": file.state.value}
    if file.state is not Integrity.VERIFIED:
        shown["reason"] = file.reason
    if not file.asked:
        shown["outside_asked_range"] = True
    return shown


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_table(answer: Verification) -> str:
    """Counts, then each file that is not verified with its reason, then coverage and gaps."""
    return "\n".join(_lines(answer)) + "\n"


def _lines(answer: Verification) -> Iterator[str]:
    yield VERDICTS[answer.exit_code]
    for kind, files in (("digests", answer.digests), ("logs", answer.logs)):
        counts = Counter(file.state for file in files)
        yield f"{kind:<8} {', '.join(f'{counts[state]} {state}' for state in Integrity if counts[state]) or 'none'}"
    for kind, files in (("digest", answer.digests), ("log", answer.logs)):
        for file in files:
            if file.state is not Integrity.VERIFIED:
                yield for_terminal(f"{file.state} {kind}{'' if file.asked else ' (outside the asked range)'}: {file.path}")
                yield f"  {for_terminal(file.reason or '')}"
    for span in answer.coverage:
        yield for_terminal(f"covered  {span.account} {span.region} {_time(span.start)} to {_time(span.end)} (trail {span.trail})")
    for gap in answer.gaps:
        yield for_terminal(f"gap      {gap.account} {gap.region} {_time(gap.start)} to {_time(gap.end)}: {gap.why}")
    for item in answer.skipped:
        yield for_terminal(f"skipped  {item.source}: {item.reason}")
