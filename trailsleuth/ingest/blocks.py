"""JSON over several lines inside a text: behind prose, in a fence of Markdown, quoted in a mail, on a web page, or folded at the width of a terminal."""

from __future__ import annotations

import html
import re
from collections.abc import Generator, Iterator

from trailsleuth.ingest.decode import CarefulDecoder, NotJson, harmless
from trailsleuth.ingest.documents import TRAIL_MARKS, Document

_OPENING = re.compile(r"^[ \t]*(?:<[^<>\n]{1,200}>[ \t]*){0,9}(?P<open>[{\[])(?=[ \t]*(?:[\"{\[]|$))", re.MULTILINE)
_QUOTED = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_NARROWEST, _WIDEST, _MOST_FOLDED = 40, 400, 2_000_000
_TRIES = 200  # a failed attempt may look at the whole rest: no text takes quadratic time


def blocks_in(text: str) -> Generator[Document, None, str]:
    """Each object or list that spans lines; what is left is returned, with an empty line for each line taken."""
    plain = harmless(_unquoted(text))
    rest, end, tries = [], 0, _TRIES
    for found in _OPENING.finditer(plain):
        start = found.start("open")
        if start < end or not tries:
            continue
        read = _read(plain, start)
        if read is None:
            tries -= 1
            continue
        document, stop = read
        if "\n" in plain[start:stop] and document.value:
            yield document
            rest += [plain[end:start], "\n" * plain.count("\n", start, stop)]
            end = stop
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


def unfolded(text: str) -> str | None:
    """One JSON document whose only line was folded, in one line again; None for any other text.

    `fold` cuts at the very column, `fold -s` behind a blank; other tools take the blank away.
    """
    lines = text.rstrip("\r\n").splitlines()
    width = max(map(len, lines[:-1]), default=0)
    if not _NARROWEST <= width <= _WIDEST or lines[0][-1:] in "{[," or any(line[:1] in "{[" and line[-1:] in "}]" for line in lines):
        return None
    if any(not line.strip() for line in lines) or not _fills(lines[0], width):
        return None
    return "".join(line if line.endswith(" ") or len(line) == width else f"{line} " for line in lines[:-1]) + lines[-1]


def _fills(line: str, width: int) -> bool:
    """A folded line is as long as the words let it be."""
    return len(line) > width // 2


def may_be_folded(data: bytes) -> bool:
    """Seen at its first line break alone, since every input is asked."""
    at = data.find(b"\n", 0, _WIDEST + 2)
    return at >= _NARROWEST and len(data) < _MOST_FOLDED and data[at + 1 : at + 2] not in (b"", b"{", b"[")


def _read(plain: str, start: int) -> tuple[Document, int] | None:
    paragraph = re.compile(r"\n\s*\n|\Z").search(plain, start)
    last = paragraph.start() if paragraph else len(plain)
    closing = max(plain.rfind("}", start, last), plain.rfind("]", start, last)) + 1
    joined = unfolded(plain[start:closing]) if closing > start and closing - start < _MOST_FOLDED else None
    for text, at, stop in ((joined, 0, closing), (plain, start, None)):
        careful = CarefulDecoder()
        if text is not None:
            try:
                value, end = careful.value_at(text, at)
            except NotJson:
                continue
            return Document(value=value, notes=tuple(careful.notes)), stop or end
    return None


def _unquoted(text: str) -> str:
    """Without the marks of a quotation where every line has them, and with the entities of a page undone."""
    lines: Iterator[str] = (line for line in text.split("\n") if line.strip())
    if ">" in text and all(line.lstrip().startswith(">") for line in lines):
        bare = _QUOTED.sub("", text)
        text = bare if bare.strip() else text
    return html.unescape(text) if "&quot;" in text or "&#34;" in text else text
