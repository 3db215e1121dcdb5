"""The case as JSON lines that Timesketch imports: https://timesketch.org/guides/user/import-from-json-csv/"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from trailsleuth.report import words
from trailsleuth.report.context import Document
from trailsleuth.report.sanitize import one_line


def render_timesketch(document: Document) -> str:
    """One line a cited record, with its finding, and the start and end of the execution; in the order of time."""
    rows = sorted(_rows(document), key=lambda row: (row["timestamp"], row["message"]))
    return "".join(f"{json.dumps(row, ensure_ascii=True, allow_nan=False)}\n" for row in rows)


def _rows(document: Document) -> Iterator[Document]:
    execution = document["execution"] or {}
    for edge, told in (("started", "started"), ("ended", "failed")):
        if execution.get(edge):
            yield _row(
                execution[edge], f"Execution {told}", f"{told}: {words.execution_line(execution)}", ["execution"], {"data_type": "aws:codepipeline:action"}
            )
    for finding in document["findings"]:
        for record in finding["evidence"]:
            message = " ".join(part for part in (words.call(record), record["error_code"]) if part) + f": {words.headline(finding)}"
            yield _row(record["event_time"], "API call", message, [finding["standing"], finding["cause"]], _fields(record, finding))


def _row(moment: str, description: str, message: str, tags: list[str], fields: Document) -> Document:
    time = datetime.fromisoformat(moment)
    head = {"message": one_line(message), "datetime": time.isoformat(), "timestamp": round(time.timestamp() * 1_000_000), "timestamp_desc": description}
    return {**head, "tag": tags, **fields}


def _fields(record: Document, finding: Document) -> Document:
    named = {name: record[name] for name in ("event_id", "account", "region", "event_source", "event_name", "error_code", "error_message", "source")}
    whose = {name: finding[name] for name in ("principal", "iam_action", "resource", "standing", "basis", "cause", "explanation")}
    return {"data_type": "aws:cloudtrail:entry", **named, **whose, "finding_id": finding["id"]}
