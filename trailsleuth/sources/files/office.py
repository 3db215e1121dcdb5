"""Files of an office: the sheets of a workbook (Excel, OpenDocument) as CSV, what each cell shows, times in ISO form; the paragraphs of a document (Word,
OpenDocument, RTF) as text; a saved mail's bodies and attachments.

Only cells and paragraphs are read, by their tags: no entity, link or formula does anything.
https://learn.microsoft.com/en-us/office/open-xml/spreadsheet/structure-of-a-spreadsheetml-document
https://docs.oasis-open.org/office/OpenDocument/v1.3/os/part3-schema/OpenDocument-v1.3-os-part3-schema.html
https://www.biblioscape.com/rtf15_spec.htm
https://www.rfc-editor.org/rfc/rfc2045
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from trailsleuth.patterns import late

_SHEET = late(r"xl/worksheets/[\w .-]{1,80}\.xml")
_ROW = late(r"<(?:\w+:)?row\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?row>)", re.DOTALL)
_CELL = late(r"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = late(r"<(?:\w+:)?v\b[^>]*>(.*?)</(?:\w+:)?v>", re.DOTALL)
_TEXT = late(r"<(?:\w+:)?t\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?t>)", re.DOTALL)
_STRING = late(r"<(?:\w+:)?si\b[^>]*?(?:/>|>(.*?)</(?:\w+:)?si>)", re.DOTALL)
_FORMATS = late(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_FORMAT = late(r"<(?:\w+:)?xf\b[^>]*?\bnumFmtId=\"(\d{1,6})\"")
_OWN_FORMAT = late(r"<(?:\w+:)?numFmt\b[^>]*?\bnumFmtId=\"(\d{1,6})\"[^>]*?\bformatCode=\"([^\"]{0,255})\"")
_ESCAPED = late(r"_x([0-9A-Fa-f]{4})_")
_TIMES = {*range(14, 23), 45, 46, 47}  # the formats of times that every workbook has
_MOST_COLUMNS = 5000
_OWN_ROW = late(r"<table:table-row\b[^>]*?(?:/>|>(.*?)</table:table-row>)", re.DOTALL)
_OWN_CELL = late(r"<table:(?:covered-)?table-cell\b([^>]*?)(?:/>|>(.*?)</table:(?:covered-)?table-cell>)", re.DOTALL)
_REPEATED = late(r"columns-repeated=\"(\d{1,6})\"")
_DATE = late(r"office:(?:date-|boolean-)?value=\"([^\"]{1,40})\"")
_PARAGRAPH = late(r"<(w:p|text:p|text:h)\b[^>]*?(?:/>|>(.*?)</\1>)", re.DOTALL)
_BLANK = late(r"<text:s(?: text:c=\"(\d{1,4})\")?/>")
_BREAK = late(r"<(?:w:br|w:cr|text:line-break)\b[^>]*/>")
_TAB = late(r"<(?:w:tab|text:tab)\b[^>]*/>")
_TAG = late(r"<[^>]*>")
_RTF = late(
    r"\\'(?P<byte>[0-9a-fA-F]{2})|\\u(?P<code>-?\d{1,6}) ?(?:\?|\\'[0-9a-fA-F]{2})?|\\(?P<word>[a-z]{1,32})-?\d{0,10} ?|\\(?P<sign>[^a-z])"
    r"|(?P<open>\{)|(?P<close>\})|[\r\n]+",
    re.DOTALL,
)
_ASIDE = frozenset({"fonttbl", "colortbl", "stylesheet", "info", "pict", "header", "footer", "listtable", "generator", "fldinst"})
_SHOWN = {"par": "\n", "line": "\n", "row": "\n", "tab": "\t", "cell": "\t", "lquote": "'", "rquote": "'", "ldblquote": '"', "rdblquote": '"'}
_HEADERS = late(rb"(?:[A-Za-z][A-Za-z0-9-]{0,60}:[^\n]*\n(?:[ \t]+\S[^\n]*\n)*){3,}\r?\n")
_MIME = late(rb"^(?:MIME-Version|Content-Transfer-Encoding):", re.MULTILINE | re.IGNORECASE)
_LOOK = 64 * 1024
_START = datetime(1899, 12, 30, tzinfo=UTC)
_DAYS = range(1, 110_000)


def is_sheet(name: str) -> bool:
    """The member of the archive holds a sheet's cells."""
    return _SHEET.fullmatch(name) is not None


def sheet_as_csv(sheet: str, strings: str, styles: str) -> bytes:
    """The rows of a sheet; `strings` and `styles` are the workbook's own, "" where it has none."""
    shared = [_text(found.group(1) or "") for found in _STRING.finditer(strings)]
    times = _times(styles)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    width = 0  # of the header: what stands beside it belongs to no column, and empty cells at the end of a row are not written
    for found in _ROW.finditer(sheet):
        row = _row(found.group(1) or "", shared, times, width or _MOST_COLUMNS)
        width = width or len(row)
        if any(row):
            writer.writerow([*row, *[""] * (width - len(row))])
    return out.getvalue().encode("utf-8", "replace")


def own_sheet_as_csv(content: str) -> bytes:
    """The rows of an OpenDocument sheet; cells that repeat to the end of the sheet are none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    width = 0
    for found in _OWN_ROW.finditer(content):
        row: list[str] = []
        for marks, inside in _OWN_CELL.findall(found.group(1) or ""):
            date, times = _DATE.search(marks), _REPEATED.search(marks)
            row += [date.group(1) if date else paragraphs(inside)] * min(int(times.group(1)) if times else 1, (width or _MOST_COLUMNS) - len(row))
        while row and not row[-1]:
            row.pop()
        width = width or len(row)
        if any(row):
            writer.writerow([*row, *[""] * (width - len(row))])
    return out.getvalue().encode("utf-8", "replace")


def paragraphs(content: str) -> str:
    """The paragraphs of a document, a line each."""
    return "\n".join(_paragraph(found.group(2) or "") for found in _PARAGRAPH.finditer(content))


def _paragraph(inside: str) -> str:
    text = _BLANK.sub(lambda found: " " * int(found.group(1) or 1), inside)
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", _TAB.sub("\t", text))))


def rtf_text(data: bytes) -> bytes:
    """The text of an RTF document, as its reader sees it."""
    parts, end = [], 0
    depth, aside = 0, 0  # groups, and the one in which nothing is shown
    text = data.decode("latin-1")
    for found in _RTF.finditer(text):
        parts += [] if aside else [text[end : found.start()]]
        end = found.end()
        depth += bool(found["open"]) - bool(found["close"])
        if not aside and (found["word"] in _ASIDE or found["sign"] == "*"):
            aside = depth
        elif aside > depth:
            aside = 0
        elif not aside:
            parts.append(_rtf_sign(found))
    return "".join([*parts, "" if aside else text[end:]]).encode("utf-8", "replace")


def _rtf_sign(found: re.Match[str]) -> str:
    if found["byte"]:
        return bytes.fromhex(found["byte"]).decode("cp1252", "replace")
    if found["code"]:
        code = int(found["code"]) % 0x10000
        return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)
    if found["sign"]:
        return {"\n": "\n", "\r": "\n", "~": " ", "_": "-", "-": ""}.get(found["sign"], found["sign"])
    return _SHOWN.get(found["word"] or "", "")


def _row(cells: str, shared: list[str], times: list[bool], most: int) -> list[str]:
    row: list[str] = []
    for found in _CELL.finditer(cells):
        marks, inside = _marks(found.group(1)), found.group(2) or ""
        column = _column(marks.get("r", ""), len(row))
        if column < most:
            row += [""] * (column + 1 - len(row))
            row[column] = _shown(marks, inside, shared, times)
    return row


def _marks(text: str) -> dict[str, str]:
    return dict(re.findall(r"\b(r|t|s)=\"([^\"]{0,40})\"", text))


def _column(place: str, following: int) -> int:
    letters = re.match(r"[A-Z]{1,3}", place)
    if letters is None:
        return following
    number = 0
    for letter in letters.group():
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _shown(marks: dict[str, str], inside: str, shared: list[str], times: list[bool]) -> str:
    kind = marks.get("t", "n")
    if kind == "inlineStr":
        return _text(inside)
    value = _VALUE.search(inside)
    text = html.unescape(value.group(1)) if value else ""
    if kind == "s":
        return shared[int(text)] if text.isdigit() and int(text) < len(shared) else ""
    if kind == "b":
        return "true" if text == "1" else "false"
    style = marks.get("s", "")
    return _time(text) if kind == "n" and style.isdigit() and int(style) < len(times) and times[int(style)] else _plain(text)


def _text(inside: str) -> str:
    return _plain("".join(html.unescape(found.group(1) or "") for found in _TEXT.finditer(inside)))


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text) if "_x" in text else text


def _times(styles: str) -> list[bool]:
    """Of each format of the workbook, whether it shows a time."""
    own = {int(number) for number, code in _OWN_FORMAT.findall(styles) if re.search(r"[ydhs]", re.sub(r"\[[^\]]*\]|&quot;.*?&quot;", "", code.lower()))}
    formats = _FORMATS.search(styles)
    return [int(number) in own | _TIMES for number in _FORMAT.findall(formats.group())] if formats else []


def _time(text: str) -> str:
    try:
        days = float(text)
    except ValueError:
        return text
    return (_START + timedelta(seconds=round(days * 86_400, 3))).isoformat() if int(days) in _DAYS else text


def is_mail(data: bytes) -> bool:
    """The bytes begin with the header of a mail that says how its parts are encoded."""
    if not data[:1].isalpha():
        return False
    header = _HEADERS.match(data[:_LOOK])
    return header is not None and _MIME.search(header.group()) is not None


def parts_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each part with its name; of two bodies that say the same the plain one."""
    from email import message_from_bytes
    from email.message import Message

    message: Message[str, str] = message_from_bytes(data)
    parts = [part for part in message.walk() if not part.is_multipart()]
    plain = any(part.get_content_type() == "text/plain" and part.get_filename() is None for part in parts)
    for number, part in enumerate(parts, start=1):
        content = part.get_payload(decode=True)
        body = part.get_filename() is None
        if isinstance(content, bytes) and content.strip() and not (body and plain and part.get_content_type() == "text/html"):
            yield str(part.get_filename() or f"part {number}"), content
