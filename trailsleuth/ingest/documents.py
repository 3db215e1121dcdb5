"""The JSON documents in an input: one, a line each, one after another, or what is left of a broken one."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from trailsleuth.ingest.decode import CarefulDecoder, NotJson, decode, harmless, may_repeat_keys, to_text
from trailsleuth.ingest.literals import COMMENTED, NotLiteral, literal_at
from trailsleuth.patterns import late


class Document(Struct, frozen=True, kw_only=True):
    """A decoded value; `notes` tell of repeated keys in it."""

    value: object
    notes: tuple[str, ...] = ()


class Break(Struct, frozen=True, kw_only=True):
    """A place where the input could not be read; `lost` counts the records that were seen to start there, `cut` tells that more may be missing."""

    reason: str
    lost: int = 0
    cut: bool = False


# Where a list of records starts in a document, after plain members such as "NextToken".
_CONTAINER = late(
    r'\{\s*(?:"[^"\\]{1,64}"\s*:\s*(?:"[^"\\]{0,4096}"|[-+.\deE]{1,32}|true|false|null)\s*,\s*){0,16}'
    r'"(Records|Events|events|logEvents|results|QueryResultRows|actionExecutionDetails)"\s*:\s*\['
)
_NEXT_START = late(r'\{\s*"(?:eventVersion|EventId|eventID|userIdentity)"|\}\s*,\s*(?=\{)|\n(?=[\[{])')
_BETWEEN = late(r"[\s,\]}]*")
_MOST_COMMENTED = 4_000_000  # signs: read slowly
# A text without any of these holds no part of a trail: what is broken in it is no lost record.
TRAIL_MARKS = ("eventVersion", "eventName", "eventTime", "CloudTrailEvent", "eventname")

# A piece found after a break counts as whole only if it has one of these; else it is a part of what broke.
_MARKS = frozenset({"eventTime", "eventName", "eventID", "CloudTrailEvent", "detail", "message", "_raw", "actionExecutionId"})


def documents(data: bytes) -> Iterator[Document | Break]:
    """Everything that can be read, and each place that cannot."""
    try:
        yield _checked(data, decode(data))
        return
    except NotJson:
        text = to_text(data)
    if _first_line_is_document(text):
        yield from _lines(text)
    elif COMMENTED.search(text, 0, _MOST_COMMENTED) and (written := _commented(text)) is not None:
        yield written
    else:
        yield from _salvage(harmless(text))


def document_in(text: str) -> Document | None:
    """The document that a text inside another document is (`CloudTrailEvent`, `message`), or None."""
    try:
        return _checked(text, decode(text))
    except NotJson:
        return None


def _checked(source: bytes | str, value: object) -> Document:
    if not may_repeat_keys(source, value):
        return Document(value=value)
    careful = CarefulDecoder()
    try:
        again = careful.decode(source if isinstance(source, str) else to_text(source))
    except NotJson:
        return Document(value=value, notes=("repeated keys could not be looked for",))
    return Document(value=again, notes=tuple(careful.notes))


def _first_line_is_document(text: str) -> bool:
    first, _, rest = text.lstrip().partition("\n")
    found = document_in(first) if rest else None
    return found is not None and isinstance(found.value, dict | list | str) and bool(found.value)


def _commented(text: str) -> Document | None:
    """The whole text as JSON with comments, or commas behind the last members."""
    try:
        value, end = literal_at(harmless(text)) if len(text) < _MOST_COMMENTED else (None, 0)
    except (NotLiteral, RecursionError):
        return None
    return Document(value=value) if end and not text[end:].strip() else None


def _lines(text: str) -> Iterator[Document | Break]:
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip().removeprefix("\x1e")  # the record separator of RFC 7464
        if not line:
            continue
        try:
            yield _checked(line, decode(line))
        except NotJson as error:
            yield Break(reason=f"line {number} is not JSON: {error}", lost=1)


def _salvage(text: str) -> Iterator[Document | Break]:
    """The whole values before, between and after the broken places, in the list that held them."""
    wreck = _Wreck(text)
    wreck.read()
    if wreck.values:
        yield Document(value={wreck.container: wreck.values} if wreck.container else wreck.values, notes=tuple(wreck.decoder.notes))
    yield from wreck.breaks


class _Wreck:
    """A broken text while it is being read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.decoder = CarefulDecoder()
        self.container = ""
        self.unclosed = False  # inside a list whose end was not seen yet
        self.between = True  # at a place where a value was whole or surely starts: a failure here is one more record
        self.lost = int(any(mark in text for mark in TRAIL_MARKS))
        self.values: list[object] = []
        self.breaks: list[Break] = []
        # A failed attempt may look at the whole rest: a large wreck gets few of them, so that no input takes quadratic time.
        self.attempts = max(16, min(1000, 200_000_000 // (len(text) + 1)))

    def read(self) -> None:
        position = self._enter(self._skip(0))
        while (position := self._skip(position)) < len(self.text):
            try:
                value, position = self.decoder.value_at(self.text, position)
            except NotJson as error:
                position = self._pass_over(position, str(error))
            else:
                self._keep(value)
        if not self.breaks and self.unclosed:
            self.breaks.append(Break(reason=f"the list is cut short after {len(self.values)} members", cut=True))

    def _keep(self, value: object) -> None:
        if self.between or (isinstance(value, dict) and not _MARKS.isdisjoint(value)):
            self.values.append(value)
            self.between = True

    def _enter(self, position: int) -> int:
        if found := _CONTAINER.match(self.text, position):
            self.container, self.unclosed = found.group(1), True
            return found.end()
        if self.text.startswith("[", position):
            self.unclosed = True
            return position + 1
        return position

    def _skip(self, position: int) -> int:
        found = _BETWEEN.match(self.text, position)
        if found is None:
            return position
        self.unclosed = self.unclosed and "]" not in found.group()
        return found.end()

    def _pass_over(self, position: int, reason: str) -> int:
        """Where the next value may start."""
        self.attempts -= 1
        if self.attempts <= 0:
            self.breaks.append(Break(reason=f"too many broken places: given up at character {position} of {len(self.text)}", lost=self.lost))
            return len(self.text)
        if self.between:
            self.breaks.append(Break(reason=f"broken at character {position}: {reason}", lost=self.lost))
        found = _NEXT_START.search(self.text, position + 1)
        if found is None:
            return len(self.text)
        self.between = found.group().startswith("{")
        return found.start() if self.between else found.end()
