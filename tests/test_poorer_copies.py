"""A poorer copy of the same records beside the trail changes no answer, for every case: dotted columns, structs as text, chosen columns."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.sample import some_of
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.investigation import run_investigation
from trailsleuth.model import Evidence, Inquiry, RawInput, Record
from trailsleuth.report.document import case_document
from trailsleuth.sources.files.exports import read_inputs

CASES = sorted((Path(__file__).parent.parent / "fixtures/cases").glob("*/evidence"))
CHOSEN = ("eventTime", "eventSource", "eventName", "errorCode", "awsRegion", "eventID", "recipientAccountId", "userIdentity.arn")


def flat(value: dict[str, Any], above: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in value.items():
        found |= flat(member, f"{above}{name}.") if isinstance(member, dict) and member else {f"{above}{name}": member}
    return found


def table(rows: Iterable[dict[str, Any]]) -> bytes:
    listed = list(rows)
    columns = list(dict.fromkeys(["errorCode", *(name for row in listed for name in row)]))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([["" if row.get(name) is None else row[name] for name in columns] for row in listed])
    return out.getvalue().encode()


COPIES: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "dotted columns": lambda records: table(map(flat, records)),
    "structs as text": lambda records: table(
        {name: str(member) if isinstance(member, dict) else member for name, member in record.items()} for record in records
    ),
    "no caller": lambda records: table({name: flat(record).get(name) for name in CHOSEN[:-1]} for record in records),
    "neither caller nor error": lambda records: table({name: flat(record).get(name) for name in ("eventTime", "eventName", "eventID")} for record in records),
    "chosen columns": lambda records: table({name: flat(record).get(name) for name in CHOSEN} for record in records),
}


def answer(evidence: Evidence) -> str:
    document = case_document(run_investigation(evidence, Inquiry()))
    told = {name: document[name] for name in ("outcome", "summary", "findings", "deltas", "chains", "questions")}
    return json.dumps(told, sort_keys=True)


def with_ids(records: Iterable[Record]) -> list[dict[str, Any]]:
    return [dict(record.payload) for record in records if "eventID" in record.payload]


@pytest.mark.parametrize("case", some_of(CASES, 6), ids=lambda folder: folder.parent.name)
def test_a_poorer_copy_changes_nothing(case: Path) -> None:
    inputs = list(read_inputs([str(case)]))
    alone = read_evidence(inputs)
    expected, records = answer(alone), with_ids(alone.records)
    for name, written in COPIES.items():
        beside = RawInput(source="~copy.csv", data=written(records))
        assert answer(read_evidence([*inputs, beside])) == expected, name
