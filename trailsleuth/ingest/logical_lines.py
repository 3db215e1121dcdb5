"""Lines of a text that belong together, put together again: what a terminal, a mail or a box wrapped, and the lines that an SDK prints beneath an error.

A line that begins anew (a time, a prompt, `Error:`) begins a message; one that plainly goes on (small letter, quote, `status code: 403`) belongs to the one
before, and so does whatever follows an open end (`on resource:`, a comma, a line as wide as the window).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from trailsleuth.catalog.actions import spelling
from trailsleuth.ingest.message_text import CUT_SIGNS
from trailsleuth.patterns import late

_LONGEST = 12_000  # signs of one message with the lines that belong to it
_MOST = 80  # lines of one message
_CUT = "\ue000"  # of the signs that Unicode leaves to private use
_FAR, _WIDEST_CELL = " " * 20, 80  # a table's last column begins so far right; its cells are wrapped to less than a window
_NARROWEST = 38  # columns: a window narrower than this is none
_ALIKE = 16  # signs: a line that begins like the message before it is its repetition
_PREFIX = late(
    r"""\s*(?:
    (?:[│┃║▌▏▎┆]{1,3}(?=\s|$)|[|](?=\s|$)|(?:>\s?){1,6})  # a box, a table, a quote
  | [\w.-]{1,60}[ ]{0,40}[|](?=\s|$)  # docker compose: service_1  |
  | //{1,3}(?=\s)|\#{1,6}(?=\s)|[*•](?=\s)|-(?=\s)|E(?=[ ]{3})  # a comment, a list, pytest
  | (?P<entry>
      \d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[ ]?[+-]\d\d:?\d\d|[ ]UTC)?:?(?=[\s\[]|$)
    | \d\d-[A-Z][a-z]{2}-\d{4}[ ]\d\d:\d\d:\d\d(?=\s|$)
    | (?:[A-Z][a-z]{2}[ ]){1,2}[ ]?\d{1,2}[ ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[ ][\w.-]{1,80}[ ][\w./@-]{1,80}(?:\[\d{1,9}\])?:)?(?=\s)  # syslog, journald
    | \d{1,2}:\d\d:\d\d(?:[.,]\d{1,6})?(?:[ ][APap][Mm])?(?=[\s|])
    | [IWEFD]\d{4}[ ]\d\d:\d\d:\d\d\.\d{1,9}[ ]{1,9}\d{1,9}[ ][\w./-]{1,80}:\d{1,6}\]  # klog
    | \#\#\[\w{1,20}\]|::\w{1,20}(?:[ ][^:\n]{0,200})?::  # GitHub Actions, Azure Pipelines
    | \[[^\[\]\n]{1,100}\](?=[\s\[:]|$)  # [ERROR], [2026-03-04 09:00:00], [pod/web-1/app]
    | (?:ERROR|WARN(?:ING)?|INFO|DEBUG|FATAL|TRACE|CRITICAL)(?=[\s:|]{1,3}\S)
    | (?:error|warn|info|build|stderr|stdout)(?=\t))
    )[ \t]?""",
    re.VERBOSE,
)
_ANEW = late(
    r"""[\w.@~/-]{0,60}[$%❯](?:\s|$)|\[?root@|PS\ [A-Z]:  # a prompt
  | [╷╵]|```|~~~|[─=*-]{4}|\{\s*$|<\w
  | Error:|Error\ |Errors?\b.{0,40}:$|An\ error\ occurred|Traceback|Caused\ by:|Exception\ in\ thread|Process\ exited
  | (?:panic|error|fatal|warning|failed|fail|npm\ ERR!|make):\ |[a-zA-Z_][\w.]{0,60}=(?!.{0,2}$)""",
    re.VERBOSE,
)
_FIRST = ("Caused by:", "An error occurred", "╷", "╵", "Traceback")  # these begin anew even after an open end
_BENEATH = ("status code", "because ", "with an explicit", "request id", "caused by: ")  # each line with a time of its own in some logs
_GOES_ON = late(
    r"""[a-z("'*`,;…]|\.\.\.\ |-{3}>?\ |<(?!\w{1,30}>)|:\s|\$metadata
  | User:\ \S|[A-Z]\w{3,80}\ \((?:client|server)\):|(?:Status\ [Cc]ode|Request\ ?ID|Encoded|Error\ Code|Message|Context|Action|Service|On\ resource)\b""",
    re.VERBOSE,
)
_OPEN = late(
    r"""(?:[:,(\[/=-]
  | \b(?:is|not|to|the|on|for|by|a|an|in|with|no|and|of|because|perform|calling|operation|resource|authorized|identity-based|resource-based|service|control
     |explicit|permissions|policy|user|error|vpc|endpoint|session|api))["']?$""",
    re.VERBOSE | re.IGNORECASE,
)
_WORD = late(  # of AWS's sentence, and of what SDKs print around it
    r"""user:?|is|are|not|(?:un)?authorized|to|perform:?|on|resource(?:\(s\)|s)?:?|because|no|identity-based|resource-based|polic(?:y|ies)|allows|the|action|with
  | an?|explicit|deny|in|service:?|control|permissions?|boundary|session|vpc|endpoint|assume|role|calling|operation:?|error:?|occurred|access|denied|this|when
  | and|does|have|status|code:?|request|id:?|message:?|encoded|authorization|failure|\(service:|specified""",
    re.VERBOSE | re.IGNORECASE,
)
_AFTER_ARN = late(r"because|with|is|on|and|or|for|by|has|does|in|to|was|from|action|[(\[{].*|status|as", re.IGNORECASE)
_PART_OF_ARN = late(r"arn:aws[a-z-]{0,16}(?::[^\s\"'<>]{0,1100})?$|arn:?$|arn:a?w?s?$")
_NO_SESSION = late(r"arn:aws[a-z-]{0,16}:sts::[^:\s]{0,20}:assumed-role/[\w+=,.@-]{1,64}$")
_SESSION = late(r"[\w+=,.@-]{1,64}/[\w+=,.@-]{2,64}$")  # the end of the role's name, and the session
_FULL_ARN = late(r"arn:aws[a-z-]{0,16}:[a-z0-9-]{2,40}:[a-z0-9-]{0,30}:\S{0,20}:\S")


def columns_joined(text: str) -> str:
    """The text with the last cell of a table's row on one line: below it other lines stand that begin at its column and hold nothing before."""
    if _FAR not in text:
        return text
    lines, joined, at = text.split("\n"), [], 0
    while at < len(lines):
        column, end = _end_of_cell(lines, at)
        cells = [line[column:].rstrip() for line in lines[at:end]]
        width = max(map(len, cells))
        if len(cells) > 2 and width <= _WIDEST_CELL:
            whole = cells[0]
            for before, cell in pairwise(cells):
                whole = _mended(whole, cell, apart=False) if len(before) == width else f"{whole} {cell}"
            joined.append(lines[at][:column] + whole)
        else:
            joined += lines[at:end]
        at = end
    return "\n".join(joined)


def _end_of_cell(lines: list[str], at: int) -> tuple[int, int]:
    """The column at which the next lines begin, and the line behind the last of them."""
    below = lines[at + 1] if at + 1 < len(lines) else ""
    column = len(below) - len(below.lstrip(" ,"))
    if column < len(_FAR) or not below.strip() or lines[at][column - 1 : column] != " " or not lines[at][:column].strip() or not lines[at][column:].strip():
        return 0, at + 1
    end = at + 1
    while end < len(lines) and len(lines[end]) > column and not lines[end][:column].strip(" ,") and lines[end][column] != " ":
        end += 1
    return column, end


def cuts_marked(text: str) -> str:
    """The text with a mark behind each line that a window's edge cut, words and all: several of its lines end at the same column, and none goes further.

    Asked before the wrapping comes off, which makes lines shorter.
    """
    lengths = Counter(map(len, text.split("\n")))
    width = max(lengths)
    if width < _NARROWEST or lengths[width] < 2:
        return text
    return "\n".join(line + _CUT if len(line) == width else line for line in text.split("\n"))


def messages_of(text: str) -> Iterator[str]:
    """The messages of a text whose wrapping is off, each on one line."""
    lines = text.split("\n")
    width = max(map(len, lines))
    message = _Message(width)
    for raw in lines:
        line, begins = _without_prefix(raw)
        if not line.strip() or not message.takes(line, begins):
            if message.text:
                yield message.text
            message = _Message(width)
        if line.strip():
            message.add(raw, line)
    if message.text:
        yield message.text


def unprefixed(raw: str) -> str:
    """The line without what a box, a log or a quote put before it."""
    return _without_prefix(raw)[0]


def _without_prefix(raw: str) -> tuple[str, bool]:
    """The line without what a box, a log or a quote put before it; whether that begins a new entry."""
    marks = list(_marks(raw))
    return raw[marks[-1].end() if marks else 0 :], any(found["entry"] is not None for found in marks)


def prefix_ends(raw: str) -> list[int]:
    """Where each of the marks ends that a box, a log or a quote put before the line."""
    return [found.end() for found in _marks(raw)]


def _marks(raw: str) -> Iterator[re.Match[str]]:
    at = 0
    for _ in range(8):
        found = _PREFIX.match(raw, at)
        if found is None or found.end() == at:
            break
        yield found
        at = found.end()


class _Message:
    """The lines of one message while they are gathered."""

    def __init__(self, width: int) -> None:
        self.text = ""
        self._lines = 0
        self._last = self._end = ""
        self._width = width

    def takes(self, line: str, begins: bool) -> bool:
        """Whether the line belongs to this message."""
        if not self.text:
            return True
        if self._lines >= _MOST or len(self.text) > _LONGEST:
            return False
        stripped = line.strip()
        if self._cut_inside() and not begins and not stripped.startswith((*_FIRST, self.text[:_ALIKE])):
            return True
        if begins:
            return stripped.startswith(_BENEATH)
        open_end = _OPEN.search(self._end.rstrip()) is not None or _lacks_session(self._end.split()[-1:], line.split()[:1])
        if _ANEW.match(stripped) and (not open_end or stripped.startswith(_FIRST)):
            return False
        return open_end or _GOES_ON.match(stripped) is not None or line[:2].isspace()

    def add(self, raw: str, line: str) -> None:
        """Takes the line."""
        cut, line = self._cut_inside(), line.removesuffix(_CUT)
        if not self.text:
            self.text = line.strip()
        elif cut and not (line[:1].isspace() and self._end[:1].isspace()):  # else both are indented, so wrapped at words
            self.text = _mended(self.text, line, apart=self._end[-1:].isspace() or line[:1].isspace())
        else:
            broken = len(self._last) >= self._width > 0 and len(self._end.split()) == 1
            self.text += ("" if glued(self._end, line, broken=broken) else " ") + line.strip()
        self._lines += 1
        self._last, self._end = raw, line

    def _cut_inside(self) -> bool:
        return self._last.endswith(_CUT)


def _mended(left: str, right: str, *, apart: bool) -> str:
    """The two halves of a line that was cut at a column: as they stand, but for a blank that the cut has swallowed."""
    end, start = left.split()[-1:], right.split()[:1]
    if not end or not start or apart:
        return f"{left.rstrip()} {right.strip()}"
    word = _WORD.fullmatch(start[0]) is not None and not _WORD.fullmatch(end[0] + start[0])
    whole = _FULL_ARN.match(end[0].lstrip("\"'")) is not None or spelling(end[0]) is not None
    return f"{left} {right.strip()}" if word and (whole or _WORD.fullmatch(end[0])) else left + right.strip()


def glued(left: str, right: str, *, broken: bool = False) -> bool:
    """Whether a line break stood inside a word: in an ARN, after a hyphen, in a word of the sentence. `broken`: the line was one word as wide as the window."""
    last, first = left.split()[-1:], right.split()[:1]
    if not last or not first or last[0].endswith(CUT_SIGNS):
        return False
    end, start = last[0].lstrip("\"'`([<="), first[0]
    if _WORD.fullmatch((end + start).strip(".,;\"'")) and not (_WORD.fullmatch(end) and _WORD.fullmatch(start)):
        return True
    if len(end) > 1 and end[-1] == "-" and end[-2].isalnum():
        return True
    if not _PART_OF_ARN.search(end) or _AFTER_ARN.fullmatch(start) or (start[-1] == ":" and start[:-1].isalpha()):  # `Context:` begins a line of its own
        return False
    return broken or end[-1] in ":/" or start[0] in ":/" or _FULL_ARN.match(end) is None or _lacks_session([end], [start])


def _lacks_session(end: list[str], start: list[str]) -> bool:
    """Whether the ARN of a session ends before the session, which the next word holds: the line break stood in the role's name."""
    return bool(end and start and "/" in start[0] and _NO_SESSION.search(end[0]) and _SESSION.match(start[0].rstrip(".,;:\"')")))
