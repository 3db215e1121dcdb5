"""Pages and their tables, those of wikis too (MediaWiki, AsciiDoc, reStructuredText), and XML: members are elements by their own name, or by the one that
an attribute gives them (`<field name="…">`, Splunk's `<field k='…'>`, PowerShell's `<S N="…">`).
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
_WIKI = late(r"^(?:\{\||\|={3,}[ \t]*$|\.\. list-table::)", re.MULTILINE)
_BAR = late(r"(?<!\\)\|")
_ITEM = late(r"[ \t]+(\* )?-(?: |$)")
_NAME = late(r"</?([\w:.-]+)")
_NAMED_BY = ("k", "name", "n", "key")
_HOLDERS = frozenset({"text", "value", "v", "string"})  # elements around the one value of a member
_LISTED = frozenset({"member", "item", "lst"})  # elements around the values of a list: of AWS's answers, of PowerShell's
_PASSED = frozenset({"ms", "props", "dct"})  # PowerShell's around the members of an object
_ABOUT = frozenset({"tn", "tnref", "tostring", "script", "style", "head"})  # what an element is, and what a page does
_LINES = frozenset({"p", "div", "br", "li", "tr", "pre", "h1", "h2", "h3", "section", "article", "blockquote"})
_PAGE = late(r"\s*<(?!\?xml\s)[!A-Za-z][^<>]{0,4000}>")
_DEEP = 64


def html_tables(text: str) -> Iterator[tuple[list[list[str]], int, int]]:
    """The rows of each table of a page, with its place in the text."""
    for found in _TABLE.finditer(text):
        reader = _Cells()
        reader.feed(found.group())
        reader.close()
        if reader.rows:
            yield [[cell.strip() for cell in row] for row in reader.rows], found.start(), found.end()


def wiki_tables(text: str) -> Iterator[tuple[list[list[str]], int, int]]:
    """The rows of each table that is written for a wiki, with its place in the text."""
    end = 0
    for found in _WIKI.finditer(text):
        if found.start() < end:
            continue
        read, sign = _WIKIS[found.group()[:2]]
        stop = text.find(sign, found.end() - 1)
        end = len(text) if stop < 0 else stop + len(sign)
        yield [[cell.strip() for cell in row] for row in read(text[found.end() : stop if stop >= 0 else end].partition("\n")[2]) if row], found.start(), end


def _mediawiki(body: str) -> list[list[str]]:
    rows: list[list[str]] = [[]]
    for line in body.split("\n"):
        if line.startswith("|-"):
            rows.append([])
        elif line[:1] in ("|", "!") and not line.startswith("|+"):
            rows[-1] += line[1:].replace("!!", "||" if line[0] == "!" else "!!").split("||")
        elif rows[-1]:
            rows[-1][-1] += f"\n{line}"
    return rows


def _asciidoc(body: str) -> list[list[str]]:
    """A cell behind each bar: as many in a row as before the first empty line, or on the first line."""
    head, _, rest = body.strip("\n").partition("\n\n" if "\n\n" in body.strip("\n") else "\n")
    header, cells = ([cell.replace("\\|", "|") for cell in _BAR.split(part)[1:]] for part in (head, rest))
    return [header, *(cells[at : at + len(header)] for at in range(0, len(cells), len(header) or 1))]


def _list_table(body: str) -> list[list[str]]:
    rows: list[list[str]] = []
    for line in body.split("\n"):
        if line[:1].strip():
            break
        if item := _ITEM.match(line):
            rows += [[]] if item.group(1) or not rows else []
            rows[-1].append(line[item.end() :])
        elif rows and line.strip():
            rows[-1][-1] += f" {line.strip()}"
    return rows


_WIKIS = {"{|": (_mediawiki, "\n|}"), "|=": (_asciidoc, "\n|==="), "..": (_list_table, "\0")}


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


def page_text(text: str) -> str:
    """What a page shows, a line for each of its blocks; any other text as it is."""
    if not _PAGE.match(text) or "</" not in text:
        return text
    reader = _Shown()
    reader.feed(text)
    reader.close()
    return "".join(reader.parts)


class _Shown(HTMLParser):
    """The text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._about = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._about += tag in _ABOUT
        self.parts += ["\n"] if tag in _LINES and self.parts[-1:] != ["\n"] else []

    def handle_endtag(self, tag: str) -> None:
        self._about = max(0, self._about - (tag in _ABOUT))

    def handle_data(self, data: str) -> None:
        self.parts += [] if self._about else [data.replace("\u00a0", " ")]

    def unknown_decl(self, data: str) -> None:
        self.parts += [data.removeprefix("CDATA[")] if data.startswith("CDATA[") else []


def xml_rows(text: str) -> list[dict[str, Any]]:
    """The rows of a text that is XML, or the one object that it is; none where no element has the members of a trail's record, or of an answer of IAM."""
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
        if element.tag in _ABOUT:
            return
        if element.tag in _PASSED and self._open:
            self._open[-1].members.update(element.members)
            return
        if element.members:
            if element.members.keys() <= _LISTED and len(element.members) == 1:
                held = next(iter(element.members.values()))
                held = held if isinstance(held, list) else [held]
            elif element.members.keys() <= _HOLDERS and len(element.members) == 1:
                held = next(iter(element.members.values()))
            elif element.tag.endswith("result"):  # of AWS's query protocol: GetRoleResult
                self.rows.append(element.members)
                return
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
