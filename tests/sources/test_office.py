"""Workbooks and mails are opened like archives: what their sheets, bodies and attachments hold is evidence."""

from __future__ import annotations

import gzip
import html
import io
import json
import re
import zipfile
from email.message import EmailMessage
from typing import Any

import pytest

from tests.ingest.build import a_denial, a_record, ids
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import Evidence, RawInput, Skipped
from trailsleuth.sources.base import Limits
from trailsleuth.sources.files.exports import read_inputs
from trailsleuth.sources.files.office import sheet_as_csv

RECORDS: list[dict[str, Any]] = [a_record(1), a_denial(2)]
NAMES = [name for name in RECORDS[1] if name != "eventTime"]
STYLES = (
    '<styleSheet><numFmts count="1"><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="165"/></cellXfs></styleSheet>'
)


def cell_text(record: dict[str, Any], name: str) -> str:
    value = record.get(name, "")
    return value if isinstance(value, str) else json.dumps(value)


def workbook(times: list[str], *, shared: bool, prefix: str = "") -> bytes:
    """The records as Excel writes them (`shared`: texts in a table of their own), their times as the given cells."""
    texts: list[str] = []

    def cell(place: str, text: str) -> str:
        if not text:
            return ""
        if not shared:
            return f'<{prefix}c r="{place}" t="inlineStr"><{prefix}is><{prefix}t>{html.escape(text, quote=False)}</{prefix}t></{prefix}is></{prefix}c>'
        texts.append(text)
        return f'<{prefix}c r="{place}" t="s"><{prefix}v>{len(texts) - 1}</{prefix}v></{prefix}c>'

    columns = [chr(ord("B") + n) for n in range(len(NAMES))]
    rows = [cell("A1", "eventTime") + "".join(cell(f"{column}1", name) for column, name in zip(columns, NAMES, strict=True))]
    for n, (record, time) in enumerate(zip(RECORDS, times, strict=True), start=2):
        rows.append(time.format(n) + "".join(cell(f"{column}{n}", cell_text(record, name)) for column, name in zip(columns, NAMES, strict=True)))
    sheet = f"<{prefix}sheetData>" + "".join(f'<{prefix}row r="{n}">{cells}</{prefix}row>' for n, cells in enumerate(rows, 1)) + f"</{prefix}sheetData>"
    strings = "<sst>" + "".join(f"<{prefix}si><{prefix}t>{html.escape(text, quote=False)}</{prefix}t></{prefix}si>" for text in texts) + "</sst>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in (
            ("xl/workbook.xml", "<workbook/>"), ("xl/styles.xml", STYLES), ("xl/sharedStrings.xml", strings), ("xl/worksheets/sheet1.xml", sheet),
        ):  # fmt: skip
            packed.writestr(name, content)
    return out.getvalue()


def read(tmp_path: Any, data: bytes) -> Evidence:
    (tmp_path / "file").write_bytes(data)
    return read_evidence(read_inputs([str(tmp_path)]))


SERIAL = ['<c r="A{}" s="1"><v>46084.375</v></c>', '<c r="A{}" s="2"><v>46084.376</v></c>']
TEXTS = ['<c r="A{}" t="str"><v>2026-03-03T09:00:00Z</v></c>'] * 2


@pytest.mark.parametrize("times", [SERIAL, TEXTS])
@pytest.mark.parametrize("shared", [True, False])
def test_the_sheet_of_a_workbook_is_a_table(tmp_path: Any, times: list[str], shared: bool) -> None:
    evidence = read(tmp_path, workbook(times, shared=shared))
    assert ids(evidence) == ["e-0001", "e-0002"]
    assert evidence.coverage.denied == 1
    assert {record.event_time.isoformat()[:13] for record in evidence.records} == {"2026-03-03T09"}


def test_a_workbook_of_other_writers_is_read(tmp_path: Any) -> None:
    assert ids(
        read(tmp_path, workbook([time.replace("<c ", "<x:c ").replace("</c>", "</x:c>").replace("v>", "x:v>") for time in TEXTS], shared=True, prefix="x:"))
    )


def zipped(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in members.items():
            packed.writestr(name.replace("_", "/", 1) + ".xml" if name != "mimetype" else name, content)
    return out.getvalue()


def own_sheet() -> bytes:
    """As LibreOffice writes it: empty cells counted to the end of the sheet, a time in its own attribute."""
    names = ["eventTime", *NAMES]
    rows = [names, *([cell_text(record, name) for name in names] for record in RECORDS)]
    marks = ["", *(f' office:value-type="date" office:date-value="{record["eventTime"]}"' for record in RECORDS)]
    written = "".join(
        "<table:table-row>"
        + "".join(
            f"<table:table-cell{mark if not n else ''}><text:p>{html.escape(cell)}</text:p></table:table-cell>" if cell else "<table:table-cell/>"
            for n, cell in enumerate(row)
        )
        + '<table:table-cell table:number-columns-repeated="16000"/></table:table-row>'
        for mark, row in zip(marks, rows, strict=True)
    )
    return zipped(mimetype="x", content=f"<table:table>{written}</table:table>")


LINES = ["Found today:", *json.dumps({"Records": RECORDS}, indent=2).split("\n")]
ESCAPED = [re.sub(r"[\\{}]", r"\\\g<0>", line) for line in LINES]
DOCUMENTS = {
    "Word": zipped(mimetype="x", word_document="".join(f"<w:p><w:r><w:t>{html.escape(line)}</w:t></w:r></w:p>" for line in LINES)),
    "OpenDocument": zipped(mimetype="x", content="".join(f'<text:p><text:s text:c="2"/>{html.escape(line)}</text:p>' for line in LINES)),
    "OpenDocument, a sheet": own_sheet(),
    "RTF": b"{\\rtf1\\ansi{\\fonttbl\\f0 Courier;}{\\*\\x;}\n\\f0\\fs26 " + "\\par\n".join(ESCAPED).encode() + b"}",
}


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_and_other_sheets_are_read(tmp_path: Any, kind: str) -> None:
    evidence = read(tmp_path, DOCUMENTS[kind])
    assert [(record.event_id, record.identity.arn, record.request) for record in evidence.records] == [
        (record["eventID"], record["userIdentity"]["arn"], record["requestParameters"] or {}) for record in RECORDS
    ]
    assert (evidence.coverage.denied, evidence.coverage.unreadable) == (1, 0)


def test_what_a_workbook_unpacks_to_has_a_limit() -> None:
    limits = Limits(unpacked_bytes=1000)
    found = list(read_inputs(["-"], stdin=workbook(TEXTS, shared=True), limits=limits))
    assert any(isinstance(item, Skipped) and "unpacks to more than 1000 bytes" in item.reason for item in found)


def test_strange_cells_do_no_harm(tmp_path: Any) -> None:
    strange = ['<c r="A{}" t="s"><v>99999</v></c>', '<c r="ZZZ{}" s="7"><v>x</v></c><c t="b"><v>1</v></c><c r="A2" s="1"><v>1e99</v></c>']
    read(tmp_path, workbook(strange, shared=True))


def test_cells_beside_the_header_take_no_room() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="str"><v>x</v></c><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 2000))
    header = '<row r="1"><c r="A1" t="str"><v>eventName</v></c></row>'
    assert len(sheet_as_csv(header + rows, "", "")) < 10_000


def mail(encoding: str = "base64") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ana@example.com", "jo@example.com", "the trail"
    message.set_content("see the file", cte=encoding)
    return message


def test_an_attachment_is_read(tmp_path: Any) -> None:
    message = mail()
    message.add_attachment(gzip.compress(json.dumps({"Records": RECORDS}).encode()), maintype="application", subtype="gzip", filename="trail.json.gz")
    assert ids(read(tmp_path, message.as_bytes())) == ["e-0001", "e-0002"]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_a_body_is_read_once(tmp_path: Any, encoding: str) -> None:
    message = mail()
    text = json.dumps({"Records": RECORDS}, indent=1)
    message.set_content(text, cte=encoding)
    message.add_alternative(f"<pre>{html.escape(text)}</pre>", subtype="html")
    evidence = read(tmp_path, message.as_bytes())
    assert ids(evidence) == ["e-0001", "e-0002"]
    assert evidence.coverage.duplicates == 0


def test_text_that_only_begins_like_a_mail_stays_text() -> None:
    for data in (b"From: x\n\nhello", b"a: 1\nb: 2\nc: 3\n\nd", b"MIME-Version: 1.0\n"):
        (item,) = read_inputs(["-"], stdin=data)
        assert isinstance(item, RawInput)
        assert item.data == data
