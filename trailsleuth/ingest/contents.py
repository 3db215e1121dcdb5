"""The pieces of one input: its bytes taken for what they look like, JSON, YAML, a table or log lines."""

from __future__ import annotations

from collections.abc import Iterator

from trailsleuth.ingest.blocks import may_be_folded, unfolded
from trailsleuth.ingest.decode import NotJson, decode, to_text
from trailsleuth.ingest.documents import Break, Document, documents
from trailsleuth.ingest.forms import pieces
from trailsleuth.ingest.listed import is_leaf, listed_in, streamed
from trailsleuth.ingest.literals import MEMBER, NotLiteral, literal_at
from trailsleuth.ingest.parquet import read_parquet
from trailsleuth.ingest.payloads import TooLarge, payload_text
from trailsleuth.ingest.pieces import Form, Piece
from trailsleuth.ingest.printed import is_printed_table
from trailsleuth.ingest.retouched import is_retouched, untouched
from trailsleuth.ingest.sql_dump import is_sql, read_sql
from trailsleuth.ingest.tables import is_csv, names_columns, read_csv
from trailsleuth.ingest.text import read_log_lines, read_printed
from trailsleuth.ingest.yaml_text import NotYaml, may_be_yaml, yaml_documents
from trailsleuth.model.marks import DUCKDB, PARQUET
from trailsleuth.patterns import late

_LOOK = 64 * 1024  # bytes from which the kind of an input is told
_JSON = late(r"\{\s*(?:[\"}\\]|\Z)|\[\s*[\[{\]\"]|\[\s*\Z")  # `[` before anything else begins a log line: a time in brackets
_LITERAL = late(rf"(?:[\[({{]\s*)*%?\{{\s*{MEMBER}|\[\s*(?:'\{{|'[^'\n]{{1,200}}'\s?=>|Row\()|Row\(|array ?\(")
_BINARY = {  # what starts so, and the way out
    b"ORC": "an ORC file: write the rows as Parquet or JSON (in Athena: create table … with (format = 'JSON') as select *)",
    b"Obj\x01": "an Avro file: write the rows as Parquet or JSON",
    b"ARROW1": "an Arrow file (Feather): write the rows as Parquet or JSON",
    b"7z\xbc\xaf": "a 7z archive: unpack it, or pack it as zip or tar.gz",
    b"Rar!": "a RAR archive: unpack it, or pack it as zip or tar.gz",
    b"SQLite format 3": "a SQLite database: sqlite3 -json FILE 'select * from TABLE' > records.json",
    b"\x80\x04\x95": "a pickle of Python, which is never opened: json.dump what is in it",
    b"\x80\x05\x95": "a pickle of Python, which is never opened: json.dump what is in it",
    b"%PDF": "a PDF: give the log or export that it was made from",
    b"\x89PNG": "an image: give the text that it shows",
    b"\xff\xd8\xff": "an image: give the text that it shows",
    b"\xd0\xcf\x11\xe0": "an old Excel, Word or Outlook file: save the sheet as CSV, the mail's attachment by itself",
}
_NO_TEXT = "not recognised: binary data; write it as JSON, CSV or Parquet"
_RECORDING = frozenset({"version", "width", "height"})  # how asciinema begins
_HIDDEN = ": [Object]"
_SINGLE = "one record as text, as --query 'Events[0].CloudTrailEvent' prints it: the others of that export are not here"


def pieces_of(data: bytes) -> Iterator[Piece]:
    """Every part of the input with its form, in its order; what cannot be read is a piece as well."""
    try:
        yield from _pieces_of(data)
    except MemoryError:
        yield Piece(Form.CUT, reason=f"not enough memory to read all of its {len(data):,} bytes: what was read before stands")


def is_bare(data: bytes) -> bool:
    """Whether the bytes of what is JSON are taken as they stand. Of what is looked for in other texts, JSON can hold a break of HTML alone."""
    start = data[:_LOOK]
    usual = b'":' in start and (b'{"' in start or b"{\n" in start) and b"<" not in start
    return (usual or not is_retouched(to_text(start))) and not may_be_folded(data)


def _pieces_of(data: bytes) -> Iterator[Piece]:
    for found in _together(_documents(data)):
        if isinstance(found, Break):
            yield Piece(Form.BROKEN if found.lost else Form.CUT if found.cut else Form.NOTE, reason=found.reason)
            continue
        for note in found.notes:
            yield Piece(Form.NOTE, reason=note)
        yield from pieces(found.value)


def _together(found: Iterator[Document | Break]) -> Iterator[Document | Break]:
    """Documents that are parts of one: rows below their names, the leaves of a tree, what a terminal showed piece by piece; all else as it is."""
    first = next(found, None)
    if first is None:
        return
    value = first.value if isinstance(first, Document) else None
    table = isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value) and names_columns(value)
    if not table and not is_leaf(value) and not (isinstance(value, dict) and value.keys() >= _RECORDING):
        yield first
        yield from found
        return
    rest = list(found)
    values = [value, *(one.value for one in rest if isinstance(one, Document))]
    if isinstance(value, dict):
        shown = (one[2] for one in values if isinstance(one, list) and len(one) == 3 and one[1] == "o")
        yield from _documents("".join(map(str, shown)).encode())
    else:
        yield from (Document(value=tree) for tree in ([values] if table else streamed(values)))
    yield from (one for one in rest if isinstance(one, Break))


def _documents(data: bytes) -> Iterator[Document | Break]:
    start = to_text(data[:_LOOK]).lstrip("\ufeff \t\r\n")
    if "\0" not in start and is_retouched(start):
        data = untouched(to_text(data)).encode()
        start = to_text(data[:_LOOK]).lstrip()
    if not start:
        yield Break(reason="nothing but white space")
    elif (listed := listed_in(start, data)) is not None:
        yield from (Document(value=tree) for tree in listed)
    elif _LITERAL.match(start):
        yield from _printed(to_text(data))
    elif _JSON.match(start):
        yield from documents(unfolded(to_text(data)).encode() if may_be_folded(data) else data)
    else:
        yield from _no_json(data, start)


def _no_json(data: bytes, start: str) -> Iterator[Document | Break]:
    if data.startswith(PARQUET):
        yield from read_parquet(data) if data.endswith(PARQUET) else [Break(reason="a Parquet file that is cut short", cut=True)]
    elif data[8:12] == DUCKDB:
        yield Break(reason="a DuckDB database: an index of trailsleuth is read where it is named itself")
    elif "\0" in start:
        yield Break(reason=next((told for mark, told in _BINARY.items() if data.startswith(mark)), _NO_TEXT))
    elif (quoted := _quoted(data, start)) is not None:
        yield Document(value=quoted, notes=(_SINGLE,) if "eventVersion" in quoted else ())
    elif start.startswith(('"{\\', '"\\"')):
        yield from documents(data)
    elif (packed := _packed(data, start)) is not None:
        yield from _documents(packed.encode())
    else:
        kinds = ((is_sql, read_sql), (is_printed_table, read_printed), (is_csv, read_csv), (may_be_yaml, _yaml))
        yield from next((read for is_such, read in kinds if is_such(start)), read_log_lines)(to_text(data))


def _packed(data: bytes, start: str) -> str | None:
    """What the text is the base64 of, whole, or wrapped as mails wrap it."""
    lines = start.split("\n", 3)
    if len(lines) > 2 and len(lines[0]) != len(lines[1]):
        return None
    try:
        return payload_text(to_text(data).strip())
    except TooLarge:
        return None


def _yaml(text: str) -> Iterator[Document | Break]:
    try:
        yield from [Document(value=value) for value in yaml_documents(text)]
    except NotYaml:
        yield from read_log_lines(text)


def _printed(text: str) -> Iterator[Document | Break]:
    """Values as Python prints them, one after another."""
    if _HIDDEN in text:
        yield Break(reason="Node shows [Object] in place of what is nested deeper: print it with console.log(JSON.stringify(…))", cut=True)
    position, end = 0, len(text.rstrip())
    while position < end:
        try:
            value, position = literal_at(text, position)
        except (NotLiteral, RecursionError):
            yield from read_log_lines(text[position:])
            return
        yield Document(value=value)


def _quoted(data: bytes, start: str) -> str | None:
    """The text that a JSON string holds: `--query DecodedMessage` and the like print one."""
    if not start.startswith('"'):
        return None
    try:
        value = decode(data)
    except NotJson:
        return None
    return value if isinstance(value, str) else None
