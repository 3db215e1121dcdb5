"""Tables of web pages, and rows as XML: a row's members are elements by their own name, or by the one that an attribute gives them (`<field name="…">`,
Splunk's `<field k='…'>`, PowerShell's `<S N="…">`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from msgspec import Struct

from trailsleuth.ingest.rows import TableRow
from trailsleuth.ingest.tables import may_be_record, names_columns
from trailsleuth.patterns import late

_TABLE = late(r"<t(?:able|r)[\s>].*?(?:</table>|\Z)", re.DOTALL | re.IGNORECASE)
_NAME = late(r"</?([\w:.-]+)")
_NAMED_BY = ("k", "name", "n", "key")
_HOLDERS = frozenset({"text", "value", "v", "string"})  # elements around the one value of a member
_DEEP = 64


def html_tables(text: str) -> Iterator[tuple[list[list[str]], int, int]]:
    """The rows of each table of a page, with its place in the text."""
    for found in _TABLE.finditer(text):
        reader = _Cells()
        reader.feed(found.group())
        reader.close()
        if reader.rows:
            yield [[cell.strip() for cell in row] for row in reader.rows], found.start(), found.end()


class _Cells(HTMLParser):
    """The cells of one table of a page, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
            self._inside = True
        elif tag == "br" and self._inside:
            self.rows[-1][-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in ("td", "th", "tr")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def xml_rows(text: str) -> list[dict[str, Any]]:
    """The rows of a text that is XML; none where no element has the members of a trail's record."""
    if not text.lstrip("\ufeff \t\r\n").startswith("<") or "</" not in text:
        return []
    reader = _Elements()
    reader.feed(text)
    reader.close()
    return reader.rows


class _Element(Struct):
    """An element that is still open."""

    tag: str
    name: str
    members: dict[str, Any]
    text: str = ""


class _Elements(HTMLParser):
    """Elements as values: a text, or members by their names; what is a row leaves the tree."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []
        self._open: list[_Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = next((value for name, value in attrs if name in _NAMED_BY and value), None)
        own = _NAME.match(self.get_starttag_text() or "")
        if len(self._open) < _DEEP:
            self._open.append(_Element(tag, given or (own.group(1) if own else tag), {}))

    def handle_endtag(self, tag: str) -> None:
        if not any(element.tag == tag for element in self._open):
            return
        while self._open:
            element = self._open.pop()
            self._close(element)
            if element.tag == tag:
                return

    def _close(self, element: _Element) -> None:
        held: Any = element.members or element.text.strip()
        if element.members:
            if element.members.keys() <= _HOLDERS and len(element.members) == 1:
                held = next(iter(element.members.values()))
            elif names_columns(list(element.members)) or any(isinstance(value, str) and may_be_record(value) for value in element.members.values()):
                self.rows.append(TableRow(element.members))
                return
        if self._open:
            above = self._open[-1].members
            known = above.get(element.name)
            above[element.name] = held if known is None else [*known, held] if isinstance(known, list) else [known, held]

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def unknown_decl(self, data: str) -> None:
        if self._open and data.startswith("CDATA["):
            self._open[-1].text += data.removeprefix("CDATA[")
