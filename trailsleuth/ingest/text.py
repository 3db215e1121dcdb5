"""Log lines with JSON in them, behind whatever a shipper wrote, and tables that were printed among them."""

from __future__ import annotations

from collections.abc import Iterator

from trailsleuth.ingest.blocks import blocks_in
from trailsleuth.ingest.decode import CarefulDecoder, NotJson, harmless
from trailsleuth.ingest.documents import TRAIL_MARKS, Break, Document, document_in
from trailsleuth.ingest.failed_notices import is_stack_mail, stack_mails
from trailsleuth.ingest.literals import NotLiteral, literal_at
from trailsleuth.ingest.printed import PRINTED, printed_in


def read_log_lines(text: str) -> Iterator[Document | Break]:
    """The JSON in the text, over several lines or in each, whatever stands before and after it; lines without any are counted."""
    if is_stack_mail(text):
        yield from (Document(value=event) for event in stack_mails(text))
        return
    rest = yield from blocks_in((yield from printed_in(text)))
    silent = 0
    for number, line in enumerate(rest.split("\n"), start=1):
        start = min((at for mark in ('{"', "{'", '{\\"') if (at := line.find(mark)) >= 0), default=-1)
        if start < 0:
            silent += bool(line.strip())
        elif found := _in_line(line, start):
            yield found
        elif any(mark in line for mark in TRAIL_MARKS):
            yield Break(reason=f"line {number} holds no whole JSON", lost=1)
        else:
            silent += 1
    if silent:
        yield Break(reason=f"not recognised: {silent} lines of text without a record")


def _in_line(line: str, start: int) -> Document | None:
    if found := document_in(line[start:]):
        return found
    careful = CarefulDecoder()
    try:
        value, _ = careful.value_at(harmless(line), start)
        return Document(value=value, notes=tuple(careful.notes))
    except NotJson:
        pass
    printed = start - 2 if line.startswith("b'", start - 2) else start if line.startswith("{'", start) else None  # bytes, as botocore's debug log has them
    if printed is not None:
        try:
            return Document(value=literal_at(line, printed)[0])
        except (NotLiteral, RecursionError):
            return None
    return Document(value=line[start:]) if line.startswith('{\\"', start) else None


def read_printed(text: str) -> Iterator[Document | Break]:
    """The rows of the printed tables of a text that is one, and what else stands in it; a break where none is of a trail."""
    tables = printed_in(text)
    count = 0
    try:
        while True:
            yield next(tables)
            count += 1
    except StopIteration as done:
        rest = str(done.value)
    if not count:
        yield Break(reason=PRINTED, cut=True)
    elif any(mark in rest for mark in TRAIL_MARKS):
        yield from read_log_lines(rest)
