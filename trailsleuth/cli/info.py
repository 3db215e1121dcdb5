"""`trailsleuth info`: what a case consists of, its hashes, and whether it is still as it was fetched."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from trailsleuth import api
from trailsleuth.cli.options import TableOrJson
from trailsleuth.cli.output import check_output_file, write_answer
from trailsleuth.report import words
from trailsleuth.report.document import coverage_document
from trailsleuth.report.sanitize import for_terminal

SCHEMA = "trailsleuth.info/1"
_MANIFEST_FIELDS = ("version", "complete", "inquiry", "collectors")


def info_command(
    evidence: Annotated[list[str], typer.Argument(metavar="CASE...", help="A case folder, or exported evidence as for diagnose; - for stdin.")],
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json.")] = TableOrJson.TABLE,
    output_file: Annotated[Path | None, typer.Option("--output-file", metavar="PATH", help="Write the answer there.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite --output-file.")] = False,
) -> int:
    """Show what a case consists of: files and their hashes, what they cover, and what changed since it was fetched.

    Exit codes: 0 whole, 3 changed, incomplete or in parts unreadable, 2 wrong usage, 4 unreadable.
    """
    check_output_file(output_file, force=force, inputs=evidence)
    found = api.info(evidence, stdin=sys.stdin.buffer.read() if "-" in evidence else None)
    document = to_document(found)
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n" if output is TableOrJson.JSON else "\n".join(_lines(document)) + "\n"
    write_answer(text, output_file, force=force)
    return found.exit_code


def to_document(found: api.Summary) -> dict[str, Any]:
    """The document `trailsleuth.info/1`; `case` is null where the evidence is no fetched case folder."""
    evidence, policies, manifest = found.evidence, found.evidence.policies, found.manifest
    pieces = manifest.get("pieces")
    case = {name: manifest.get(name) for name in _MANIFEST_FIELDS} | {"pieces": len(pieces) if isinstance(pieces, dict) else 0}
    return {
        "schema": SCHEMA,
        "case": case if manifest else None,
        "departures": [{"source": item.source, "reason": item.reason} for item in found.departures],
        "holds": {
            "records": len(evidence.records),
            "pipelines": len(evidence.pipelines),
            "pipeline_actions": len(evidence.actions),
            "iam_snapshots": list(policies.accounts),
            "principals": len(policies.principals),
            "resource_policies": len(policies.resources) + len(policies.endpoints),
            "organization_policies": len(policies.organization),
            "decoded_messages": len(evidence.decoded),
        },
        "coverage": coverage_document(evidence.coverage),
    }


def _lines(document: dict[str, Any]) -> Iterator[str]:
    case, coverage = document["case"], document["coverage"]
    if case:
        asked = ", ".join(f"{name} {value}" for name, value in (case["inquiry"] or {}).items() if value)
        yield for_terminal(f"case      {case['pieces']} pieces, {'complete' if case['complete'] else 'INCOMPLETE'}, by trailsleuth {case['version']}")
        yield for_terminal(f"asked     {asked or 'nothing in particular'}")
    for item in document["departures"]:
        yield for_terminal(f"CHANGED   {item['source']}: {item['reason']}")
    yield "holds     " + (", ".join(_amount(name, held) for name, held in document["holds"].items() if held) or "nothing that is evidence")
    yield for_terminal(f"coverage  {words.coverage_line(coverage)}")
    for seen in coverage["accounts"]:
        span = words.span(seen["first_event"], seen["last_event"])
        yield for_terminal(f"account   {seen['account']}: {seen['records']:,} records, {span}, {', '.join(seen['regions'])}")
    for item in coverage["skipped"]:
        yield for_terminal(f"skipped   {item['source']}: {item['reason']}")
    for given in coverage["inputs"]:
        yield for_terminal(f"{given['sha256']}  {given['bytes']:>12,}  {given['path']}")


def _amount(name: str, held: int | list[str]) -> str:
    told = name.replace("_", " ").replace("iam", "IAM")
    return f"{told} of {', '.join(map(for_terminal, held))}" if isinstance(held, list) else f"{held:,} {told}"
