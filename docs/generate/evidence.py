"""The forms of evidence, from their table."""

from __future__ import annotations

from docs.generate.markdown import anchor, source, table, whole
from docs.generate.rows import Row, rows

INTRO = """
What an input is, its content decides; names of files are never looked at. Everything below may lie plain, in gzip, bzip2, xz, zstd, zip or tar, in
each other, in a directory tree, or on standard input (`-`).

A record that occurs several times, by `eventID` and `recipientAccountId`, counts once: of copies that differ the one with the caller and more of
CloudTrail's own members stands. An addendum (`addendum.originalEventID`) goes over the fields of its record. What a caller wrote into a request is
never taken for a record. What is not read is named in the coverage with its reason.
"""
GROUPS = {
    "records": "Records as CloudTrail wrote them, in whatever holds them",
    "rows": "Records in other columns",
    "answers": "Answers of AWS about a failure",
    "policies": "Policies",
    "named": "Known and not used",
}


def page() -> str:
    """Every form with how it is told, what is read of it, what it lacks."""
    return whole("Forms of evidence", INTRO, *(_group(name, title) for name, title in GROUPS.items()))


def _group(name: str, title: str) -> list[str]:
    read = name != "named"
    heads = ["form", "written by", "told by", *(["read"] if read else []), "lacks; better", ""]
    listed = [_cells(row, read) for row in rows("evidence_forms", "form") if row["group"] == name]
    return [f"## {title}", "", *table(heads, listed)]


def _cells(row: Row, read: bool) -> tuple[str, ...]:
    lacks = "; better: ".join(filter(None, [row.get("lacks", ""), row.get("better", "")]))
    told = [row["written_by"], row["recognised"], *([row["read"]] if read else []), lacks]
    return anchor(row["id"]), *(text.replace("|", "&#124;") for text in told), source(row["source"])
