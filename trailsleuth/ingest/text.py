"""Log lines with JSON in them, behind whatever a shipper wrote, and tables that were printed among them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trailsleuth.ingest.blocks import blocks_in
from trailsleuth.ingest.decode import CarefulDecoder, NotJson, harmless
from trailsleuth.ingest.documents import TRAIL_MARKS, Break, Document, document_in
from trailsleuth.ingest.failed_notices import is_stack_mail, stack_mails
from trailsleuth.ingest.hive import hive_at
from trailsleuth.ingest.literals import MEMBER, NotLiteral, literal_at
from trailsleuth.ingest.printed import PRINTED, printed_in
from trailsleuth.ingest.unframed import on_one_line
from trailsleuth.patterns import late

_OPENING = late(rf"\{{(?:\"|\\\"|{MEMBER}|[A-Za-z]\w{{0,60}}=)")
_WORDED = (  # texts that are evidence and are not read, by how they begin, and the way out
    (late(r"(?:[^\n]{0,200}\s)?(?:&?map\[)(?=\w+:)"), "printed by Go with %v, which loses where a text ends: print it with json.Marshal, or %#v"),
    (late(r"[0-9a-f]{6,8}:?  ?[0-9a-f]{2}"), "a dump of bytes: xxd -r FILE > records.json"),
    (late(r"[A-Z]{4,60}(?:\t[^\n]*)?\n"), "text of the AWS CLI, which names no member: --output json"),
    (late(r"Array\s*\(\s*\["), "printed by PHP's print_r: echo json_encode(…), or var_export"),
    (late(r"[{\[](?:\s*[{\[])*:[\w-]+ "), "written as EDN: print it as JSON"),
    (late(r"[^\n]*\bCHECK_?ID\b", re.IGNORECASE), "findings of checks, which hold no call: give the trail, or aws iam get-account-authorization-details"),
)
_BOTH = ("eventname", "eventsource")
_MOST_FAILURES = 4  # looks at one line that find no value


def read_log_lines(text: str) -> Iterator[Document | Break]:
    """The JSON in the text, over several lines or in each, whatever stands before and after it; lines without any are counted."""
    if is_stack_mail(text):
        yield from (Document(value=event) for event in stack_mails(text))
        return
    rest = yield from blocks_in((yield from printed_in(text)))
    silent = unread = 0
    known = next((told for begins, told in _WORDED if begins.match(rest.lstrip("\n"))), "")
    for number, line in enumerate(rest.split("\n"), start=1):
        found, left = _in_line(line)
        yield from found
        if any(mark in left for mark in TRAIL_MARKS):
            yield Break(reason=f"line {number} holds no whole JSON", lost=1)
        else:
            silent += bool(line.strip()) and not found
            unread += not found and all(name in line.lower() for name in _BOTH)
    if known and silent:
        yield Break(reason=f"not read: {known}", cut=True)
    elif unread:
        yield Break(reason=f"{unread} lines that tell of calls in a form that is not known here: give them as JSON, CSV or name=value", cut=True)
    elif silent:
        yield Break(reason=f"not recognised: {silent} lines of text without a record")


def _in_line(line: str) -> tuple[list[Document], str]:
    """The values that stand in the line one after another, and what is left of it from the first on that cannot be read."""
    if (members := on_one_line(line)) is not None:
        return [Document(value=members)], ""
    opening = _OPENING.search(line)
    if opening is None:
        return [], ""
    if whole := document_in(line[opening.start() :]):
        return [whole], ""
    found: list[Document] = []
    plain, at, failed = harmless(line), 0, 0
    while opening is not None and failed < _MOST_FAILURES:
        value, end = _value(plain, opening.start())
        if value is not None:
            found.append(value)
            at, opening = end, _OPENING.search(plain, end)
            continue
        failed += 1
        after = _OPENING.search(plain, opening.end())
        if after is None or any(mark in plain[opening.start() : after.start()] for mark in TRAIL_MARKS):  # what stands inside a record is the caller's
            return found, plain[opening.start() :]
        opening = after
    return found, plain[at:] if found or opening else ""


def _value(line: str, start: int) -> tuple[Document | None, int]:
    careful = CarefulDecoder()
    try:
        value, end = careful.value_at(line, start)
        return Document(value=value, notes=tuple(careful.notes)), end
    except NotJson:
        pass
    if "\\=" in line and (plain := document_in(line[start:].replace("\\=", "="))):  # CEF escapes its own sign
        return plain, len(line)
    if line.startswith('{\\"', start):
        try:
            value, end = careful.value_at(f'"{line[start:]}', 0)
            return Document(value=value), start + end - 1
        except NotJson:
            return Document(value=line[start:]), len(line)
    try:
        value, end = literal_at(line, start - 2 if line.startswith("b'", start - 2) else start)  # bytes, as botocore's debug log has them
    except (NotLiteral, RecursionError):
        value, end = hive_at(line, start)
    return (Document(value=value), end) if end else (None, 0)


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
