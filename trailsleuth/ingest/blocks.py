"""JSON over several lines inside a text: behind prose, in a fence of Markdown, quoted in a mail, on a web page, behind what a log writes before each
of its lines, or folded at the width of a terminal. A fold stands inside a value as often as between two.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Generator, Iterator
from itertools import takewhile

from msgspec import Struct

from trailsleuth.ingest.decode import CarefulDecoder, NotJson, harmless
from trailsleuth.ingest.documents import TRAIL_MARKS, Document
from trailsleuth.ingest.literals import COMMENTED, MEMBER, NotLiteral, literal_at
from trailsleuth.ingest.logical_lines import prefix_ends
from trailsleuth.patterns import late

_NARROWEST, _WIDEST, _LONGEST = 40, 400, 2_000_000
_OPENING = late(rf"^(?=[^\n]{{1,{_WIDEST}}}$)[^\n]*?(?P<open>[{{\[](?=[ \t\r]*$)|\[?\{{(?=[ \t]*[\"'])|array ?\((?=[ \t\r]*$))", re.MULTILINE)
_SECOND = {"{": re.compile(r"\s*[\"'}]"), "[": re.compile(r"\s*[\"'{\[\]\dtfnTFN-]")}  # how the line after one begins that ends with this sign
_WRITTEN = late(rf"\s*(?:{MEMBER}|//|/\*)")  # how it begins in a language, which is looked at only where evidence stands near
_EVIDENCE = (*TRAIL_MARKS, "PolicyDocument", "xecutionId")
_LITERAL = late(rf"(?:\[\s*)*\{{\s*{MEMBER}|array ?\(|\[\s*'[^'\n]{{1,200}}'\s?=>")
_PARAGRAPH = late(r"\n[ \t\r]*\n|\Z")
_LOOKED_AT = 4_000  # signs in which an object shows that it is written for people
_CLOSING = ("}", "]")
# A failed attempt looks at a window of lines; so often may the signs of a text be looked at, that none takes quadratic time.
_WINDOW, _LOOKS, _LOOKS_AT_LEAST = 20_000, 20, 10_000_000


class _Block(Struct, frozen=True):
    """A value with its place in the text; `line`: what stands there on one line, where it had been folded."""

    document: Document
    start: int
    stop: int
    line: str | None = None


class _Lines(Struct, frozen=True):
    """Lines from the one on that an object begins in, at `column`, without what stands before each; `ends`: where they end in the text."""

    lines: list[str]
    ends: list[int]
    column: int

    def joined(self, count: int, width: int) -> list[str]:
        """The first lines put together: `fold` cuts at the very column, `fold -s` behind a blank, other tools take the blank away."""
        return [line if line.endswith(" ") or len(line) == width else f"{line} " for line in self.lines[: count - 1]] + self.lines[count - 1 : count]

    def place(self, parts: list[str], offset: int) -> int:
        """Where in the text the sign stands that is so far into the parts, each of which holds one line."""
        for line, end, part in zip(self.lines, self.ends, parts, strict=False):
            if offset <= len(part):
                return end - max(0, len(line) - offset)
            offset -= len(part)
        return self.ends[len(parts) - 1]


def blocks_in(text: str) -> Generator[Document, None, str]:
    """Each object or list that spans lines; what is left is returned, with an empty line for each line taken."""
    plain = harmless(html.unescape(text) if "&quot;" in text or "&#34;" in text else text)
    rest, end = [], 0
    for block in _blocks(plain):
        yield block.document
        rest += [plain[end : block.start], "\n" * plain.count("\n", block.start, block.stop)]
        end = block.stop
    return "".join([*rest, plain[end:]])


def beside_records(text: str) -> str:
    """What stands around the records that were read as blocks; the text as it is where there are none."""
    blocks = blocks_in(text)
    documents = []
    try:
        while True:
            documents.append(next(blocks))
    except StopIteration as done:
        rest = str(done.value)
    return rest if documents and all(any(mark in repr(found.value) for mark in TRAIL_MARKS) for found in documents) else text


def unfolded(text: str) -> str:
    """The text with each folded object on one line; all else as it is."""
    if '{"' not in text or len(text) > _LONGEST:
        return text
    parts, end = [], 0
    for block in _blocks(text):
        if block.line is not None:
            parts += [text[end : block.start], block.line]
            end = block.stop
    return "".join([*parts, text[end:]])


def may_be_folded(data: bytes) -> bool:
    """Seen at the first line break of a document alone, since every input is asked."""
    at = data.find(b"\n", 0, _WIDEST + 2)
    return at >= _NARROWEST and len(data) < _LONGEST and data[at + 1 : at + 2] not in (b"", b"{", b"[")


def _blocks(text: str) -> Iterator[_Block]:
    end, looks = 0, _LOOKS * len(text) + _LOOKS_AT_LEAST
    for found in _OPENING.finditer(text):
        start = found.start("open")
        if start < end or looks < 0 or not _may_span_lines(text, found.start(), start):
            continue
        block = None
        for window in (_WINDOW, _LONGEST):
            told = _lines(text, found.start(), start, found.start() + window)
            looks -= told.ends[-1] - start
            block = _read(text, told, start)
            if block is not None or not _goes_on(told, window):
                break
        if block is not None and block.document.value:
            yield block
            end = block.stop


def _may_span_lines(text: str, line_start: int, start: int) -> bool:
    """Seen at two lines: the first holds no whole value, and the second may go on with it."""
    first, _, rest = text[line_start : start + 3 * _WIDEST].partition("\n")
    second = rest.partition("\n")[0]
    column = start - line_start
    if not second.strip() or _value_at(first, column):
        return False
    known = _SECOND.get(first.rstrip()[-1:])
    if known is None or known.match(second):
        return True
    if _WRITTEN.match(second):
        return any(mark in text[start : start + _WINDOW] for mark in _EVIDENCE)
    bare = _without_prefix(_Lines([first, second], [0, 0], column))
    return bare is not None and known.match(bare.lines[1]) is not None


def _lines(text: str, line_start: int, start: int, most: int) -> _Lines:
    """The lines of the paragraph, as far as the window goes."""
    paragraph = _PARAGRAPH.search(text, start, most)
    lines, ends, at = [], [], line_start
    for line in text[line_start : paragraph.start() if paragraph else len(text)].split("\n"):
        lines.append(line.removesuffix("\r"))
        ends.append(at + len(lines[-1]))
        at += len(line) + 1
    return _Lines(lines, ends, start - line_start)


def _goes_on(told: _Lines, window: int) -> bool:
    """The window ended inside an object whose lines have a prefix each, or are of one width."""
    if told.ends[-1] - told.ends[0] + len(told.lines[0]) < window:
        return False
    if (bare := _without_prefix(told)) is not None and len(bare.lines) == len(told.lines):
        return _ends_inside("\n".join(bare.lines), bare.column)
    width = len(told.lines[0])
    return all(width - 1 <= len(line) <= width for line in told.lines[1:-1]) and _ends_inside("".join(told.lines), told.column)


def _ends_inside(text: str, start: int) -> bool:
    try:
        CarefulDecoder().value_at(text, start)
    except NotJson as error:
        broken = error.__cause__
        return isinstance(broken, json.JSONDecodeError) and (broken.pos >= len(text.rstrip()) or broken.msg.startswith("Unterminated"))
    return False


def _read(text: str, told: _Lines, start: int) -> _Block | None:
    """The value that begins in the first of the lines: behind the prefix of each of them, folded, or as it stands."""
    bare = _without_prefix(told)
    found = (_over_lines(bare, told) if bare else None) or _folded(told, start - told.column)
    if found is not None:
        return found
    value = _value_at(text, start)
    return _Block(value[0], start, value[1]) if value else None


def _over_lines(bare: _Lines, told: _Lines) -> _Block | None:
    start = told.ends[0] - len(told.lines[0])
    if (found := _folded(bare, start)) is not None:
        return found
    parts = [f"{line}\n" for line in bare.lines]
    value = _value_at("".join(parts), bare.column)
    return _Block(value[0], start, bare.place(parts, value[1])) if value else None


def _folded(told: _Lines, start: int) -> _Block | None:
    """An object that is whole only, or also, without the folds: in the lines as wide as its first, or in the lines of a paragraph that fill their width."""
    width = len(told.lines[0])
    if not _NARROWEST <= width <= _WIDEST or told.lines[0].endswith(("{", "[")):
        return None
    alike = 1 + sum(1 for _ in takewhile(lambda line: width - 1 <= len(line) <= width, told.lines[1:]))
    closing = max((number for number, line in enumerate(told.lines, start=1) if any(sign in line for sign in _CLOSING)), default=0)
    widest = max(map(len, told.lines[: closing - 1]), default=0)
    for count, wide in dict.fromkeys(((alike + 1, width), (closing, widest))):
        if count < 2 or wide > _WIDEST or width <= wide // 2:  # a folded line is as long as the words let it be
            continue
        parts = told.joined(count, wide)
        value = _value_at("".join(parts), told.column)
        if value:
            stop = told.place(parts, value[1])
            return _Block(value[0], start, stop, "".join(parts)[: value[1]])
    return None


def _without_prefix(told: _Lines) -> _Lines | None:
    """The lines without what stands before each: the same signs, or as many of the marks of a log, a box or a quotation. None: the second has no such."""
    same = told.lines[0][: told.column]
    marks = 0 if told.lines[1].startswith(same or "\n") else sum(end <= told.column for end in prefix_ends(told.lines[0]))
    bare = []
    for line in told.lines:
        cut = _cut(line, same, marks)
        if not cut:
            break
        bare.append(line[cut:])
    return _Lines(bare, told.ends[: len(bare)], told.column - len(told.lines[0]) + len(bare[0])) if len(bare) > 1 else None


def _cut(line: str, same: str, marks: int) -> int:
    if not marks:
        return len(same) if line.startswith(same) else 0
    ends = prefix_ends(line)
    return ends[marks - 1] if len(ends) >= marks else 0


def _value_at(text: str, start: int) -> tuple[Document, int] | None:
    """The value that starts there as JSON or as a language prints it, and its end."""
    careful = CarefulDecoder()
    try:
        value, end = careful.value_at(text, start)
    except NotJson:
        value, end = _literal(text, start)
    return (Document(value=value, notes=tuple(careful.notes)), end) if end else None


def _literal(text: str, start: int) -> tuple[object, int]:
    if not _LITERAL.match(text, start) and not COMMENTED.search(text, start, start + _LOOKED_AT):
        return None, 0
    try:
        return literal_at(text, start)
    except (NotLiteral, RecursionError):
        return None, 0
