"""`trailsleuth simulate`: what would IAM say to this request?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trailsleuth import api
from trailsleuth.cli.options import TableOrJson
from trailsleuth.cli.output import check_output_file, write_answer
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.report.sanitize import for_terminal


def simulate_command(
    evidence: Annotated[list[str] | None, typer.Argument(metavar="[EVIDENCE]...", help="Saved policies and trails, as for diagnose.")] = None,
    principal: Annotated[str | None, typer.Option("--principal", metavar="ARN", help="Who asks: a role, user, session or service principal.")] = None,
    action: Annotated[str | None, typer.Option("--action", metavar="A", help="The IAM action, like s3:GetObject.")] = None,
    resource: Annotated[str | None, typer.Option("--resource", metavar="ARN", help="What it is about.")] = None,
    context: Annotated[list[str] | None, typer.Option("--context", metavar="KEY=VALUE", help="A condition key; repeat it for more values.")] = None,
    requests: Annotated[
        str | None, typer.Option("--requests", metavar="FILE", help="Requests with their own policies, JSON list or lines; - for stdin.")
    ] = None,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json.")] = TableOrJson.TABLE,
    output_file: Annotated[Path | None, typer.Option("--output-file", metavar="PATH", help="Write the answer there.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --output-file.")] = False,
) -> int:
    """Ask what IAM would decide, offline, and why.

    Exit codes: 0 all allowed, 1 some denied, 3 some undecided and none denied, 2 wrong usage, 4 unreadable.
    """
    check_output_file(output_file, force=force, inputs=(*(evidence or ()), *((requests,) if requests else ())))
    if requests is not None:
        if evidence or principal or action or resource or context:
            raise UsageError("--requests carries everything itself", next_step="leave out EVIDENCE, --principal, --action, --resource and --context")
        answers = api.simulate_requests(_read_text(requests))
    else:
        if not (evidence and principal and action and resource):
            raise UsageError("say what to ask", next_step="give EVIDENCE with --principal, --action and --resource, or --requests FILE")
        stdin = sys.stdin.buffer.read() if "-" in evidence else None
        answers = api.simulate(evidence, principal=principal, action=action, resource=resource, context=parse_context(context or []), stdin=stdin)
    text = json.dumps(answers, indent=2, ensure_ascii=False) + "\n" if output is TableOrJson.JSON else to_table(answers)
    write_answer(text, output_file, force=force)
    return exit_code(answers)


def parse_context(pairs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """`key=value` pairs as condition keys; a key given twice has both values."""
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--context {pair!r} is not KEY=VALUE", next_step="write it like aws:SourceIp=192.0.2.1")
        found[key.strip()] = (*found.get(key.strip(), ()), value)
    return found


def exit_code(answers: Iterable[Mapping[str, Any]]) -> int:
    """1 if any request is denied, else 3 if any is undecided, else 0."""
    decisions = {answer["decision"] for answer in answers}
    if decisions & {"explicitly_denied", "implicitly_denied"}:
        return 1
    return 3 if "undecided" in decisions else 0


def _read_text(path: str) -> str:
    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as cause:
        raise EvidenceUnreadable(f"cannot read {path}", why=cause.strerror or str(cause), next_step="check the path given with --requests") from cause
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise EvidenceUnreadable(f"cannot read {path}", why="it is not UTF-8 text", next_step="save the requests as UTF-8") from cause


def to_table(answers: Iterable[Mapping[str, Any]]) -> str:
    """Each request with its decision, what matched, what nearly did and what is missing."""
    lines: list[str] = []
    for answer in answers:
        blocked = f"  (blocked by {', '.join(answer['blocked_by'])})" if answer["blocked_by"] else ""
        lines.append(for_terminal(f"{answer['id'] or 'request'}: {answer['decision']}{blocked}"))
        lines += ["  " + for_terminal(note) for note in answer["notes"]]
        if answer.get("error"):
            lines.append("  " + for_terminal(f"unreadable: {answer['error']}"))
        lines += ["  " + for_terminal(f"matched: {ref['policy']}, statement {ref['statement']} ({ref['layer']})") for ref in answer["matched"]]
        lines += ["  " + for_terminal(_near_line(near)) for near in answer["near_misses"]]
        if answer["missing_context"]:
            lines.append("  " + for_terminal(f"hangs on: {', '.join(answer['missing_context'])}"))
    return "\n".join([*lines, ""])


def _near_line(near: Mapping[str, Any]) -> str:
    failed = "; ".join(_failure(part) for part in near["failed_on"])
    return f"not matched: {near['policy']}, statement {near['statement']} ({near['layer']}, {near['effect']}): {failed}"


def _failure(part: Mapping[str, Any]) -> str:
    what = f"{part['operator']} {part['key']}" if part["part"] == "condition" else part["part"]
    given = "unknown" if part["given"] is None else ", ".join(part["given"]) or "absent"
    return f"{what} wants {', '.join(part['wanted'])}, given {given}"
