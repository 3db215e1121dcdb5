"""The pieces of one input: its bytes taken for what they look like, JSON, a table or log lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trailsleuth.ingest.decode import NotJson, decode, to_text
from trailsleuth.ingest.documents import Break, Document, documents
from trailsleuth.ingest.forms import Form, Piece, pieces
from trailsleuth.ingest.text import is_csv, read_csv, read_log_lines
from trailsleuth.model.marks import INDEX_MARK, PARQUET

_LOOK = 64 * 1024  # bytes from which the kind of an input is told
_JSON = re.compile(r"\{|\[\s*[\[{\]]|\[\s*\Z")  # `[` before anything else begins a log line: a time in brackets


def pieces_of(data: bytes) -> Iterator[Piece]:
    """Every part of the input with its form, in its order; what cannot be read is a piece as well."""
    try:
        yield from _pieces_of(data)
    except MemoryError:
        yield Piece(Form.CUT, reason=f"not enough memory to read all of its {len(data):,} bytes: what was read before stands")


def _pieces_of(data: bytes) -> Iterator[Piece]:
    for found in _documents(data):
        if isinstance(found, Break):
            yield Piece(Form.BROKEN if found.lost else Form.CUT if found.cut else Form.NOTE, reason=found.reason)
            continue
        for note in found.notes:
            yield Piece(Form.NOTE, reason=note)
        yield from pieces(found.value)


def _documents(data: bytes) -> Iterator[Document | Break]:
    start = to_text(data[:_LOOK]).lstrip()
    if not start:
        yield Break(reason="nothing but white space")
    elif _JSON.match(start):
        yield from documents(data)
    else:
        yield from _no_json(data, start)


def _no_json(data: bytes, start: str) -> Iterator[Document | Break]:
    if data.startswith(PARQUET):
        yield Break(reason=_told_of_parquet(data), cut=not data.endswith(PARQUET))
    elif "\0" in start:
        yield Break(reason="not recognised: binary data")
    elif is_csv(start):
        yield from read_csv(to_text(data))
    elif (quoted := _quoted(data, start)) is not None:
        yield Document(value=quoted)
    else:
        yield from read_log_lines(to_text(data))


def _told_of_parquet(data: bytes) -> str:
    if not data.endswith(PARQUET):
        return "a Parquet file that breaks off; where it was an index, build it again: trailsleuth index"
    if INDEX_MARK in data[-int.from_bytes(data[-8:-4], "little") - 8 :]:
        return "an index of trailsleuth, which is read where it is named itself"
    return "not recognised: a Parquet file that is no index of trailsleuth"


def _quoted(data: bytes, start: str) -> str | None:
    """The text that a JSON string holds: `--query DecodedMessage` and the like print one."""
    if not start.startswith('"'):
        return None
    try:
        value = decode(data)
    except NotJson:
        return None
    return value if isinstance(value, str) else None
