"""What a JSON value is: a record, a wrapper around records, an answer of AWS, or nothing that a diagnosis uses.

Told by the members it has. A wrapper is opened under whatever name it holds its records: the names that are known are looked at first, because they are
quick and hold the most telling copy; then every other member. Members of a record itself are never opened: a caller writes them.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Any

from trailsleuth.ingest.answers import answer_pieces, foreign_reason, tag_pieces
from trailsleuth.ingest.columns import FREE, NAMES, STRUCTS, place_of
from trailsleuth.ingest.decode import NotJson, decode
from trailsleuth.ingest.documents import Document, document_in
from trailsleuth.ingest.failed_notices import is_stack_mail, stack_mails
from trailsleuth.ingest.grids import grid_in, row_of_cells, rows_below_header, untyped
from trailsleuth.ingest.listed import grown
from trailsleuth.ingest.literals import MEMBER, NotLiteral, literal_at
from trailsleuth.ingest.payloads import TooLarge, payload_text
from trailsleuth.ingest.pieces import Form, Piece
from trailsleuth.ingest.record import MAX_DEPTH, nested_deeper
from trailsleuth.ingest.rows import fold
from trailsleuth.ingest.text import read_log_lines
from trailsleuth.patterns import late

MAX_WRAPPERS = 16  # wrappers inside each other; a record in a notification in a queue message has four

# Members that only a CloudTrail record has (or one that poses as such).
_RECORD_MARKS = frozenset({"eventVersion", "eventName", "eventSource", "eventID"})

# Members that hold records or further wrappers; see catalog/data/evidence_forms.toml for who writes which. All lists of an object are read; of the
# others the first one that holds a record, the most telling: they hold the same record in several forms.
_LISTS = ("Records", "Events", "QueryResultRows", "logEvents", "events")
_WRAPPERS = (
    "CloudTrailEvent", "eventJson", "eventjson", "cloudtrail_event", "detail", "hits", "_source", "_raw", "@rawstring", "event.original", "original",
    "@message", "Sns", "Messages", "Message", "Body", "body", "data", "result", "results", "event", "message", "full_message",
    "fields", "log", "line", "attributes",
)  # fmt: skip
_USUAL = ("CloudTrailEvent", "message", "@message", "_raw")
_ALONE = ("CloudTrailEvent", "eventJson", "eventjson", "cloudtrail_event", "detail", "event.original", "original")  # a record, and what is said of it beside
_MAY_HOLD = late(r"eventVersion|eventName|eventTime|CloudTrailEvent|eventname|detail-?[tT]ype|xecutionId|arn:aws")
_MEMBER = late(rf"\{{\s*{MEMBER}")
_NOTHING = (Form.UNKNOWN, Form.NOTE)
_OWN = frozenset(NAMES)
_NESTED = STRUCTS | FREE
_WHOLE = 10  # so many members of a record, as CloudTrail spells them, are no choice of columns


def pieces(value: object, depth: int = 0) -> Iterator[Piece]:
    """The parts of a JSON value, each with its form: nothing in it is left out."""
    if depth > MAX_WRAPPERS:
        yield Piece(Form.CUT, reason=f"wrapped more than {MAX_WRAPPERS} times")
        return
    match value:
        case dict():
            yield from _of_map(value, depth)
        case list():
            yield from _of_list(value, depth)
        case str():
            yield from _of_text(value, depth)
        case _:
            yield Piece(Form.BROKEN, reason=f"{_kind(value)} in place of a record")


def _of_list(members: list[Any], depth: int) -> Iterator[Piece]:
    row = row_of_cells(members)
    if row is not None:
        yield from _of_map(row, depth + 1)
        return
    if members and members[0].__class__ is list and (rows := rows_below_header(members)) is not None:
        members = list(rows)
    elif (text := _one_text(members)) is not None:
        yield from _of_text(text, depth + 1)
        return
    for member in members:
        if _is_record(member):
            yield record_piece(member)
        else:
            yield from pieces(member, depth + 1)


def _one_text(parts: list[Any]) -> str | None:
    """The text whose lines (notebooks) or bytes (journald, buffers of Go and Node) are listed; None for any other list."""
    if len(parts) > 1 and all(isinstance(line, str) and line.endswith("\n") for line in parts[:-1]) and isinstance(parts[-1], str):
        return "".join(parts)
    if len(parts) > 1 and all(part.__class__ is int and 0 <= part < 256 for part in parts):
        return bytes(parts).decode("utf-8", "replace")
    return None


def _of_text(text: str, depth: int) -> Iterator[Piece]:
    """JSON inside a text, also behind what a log shipper wrote before it, escaped once more, or packed as base64."""
    try:
        if (unpacked := payload_text(text)) is not None:
            yield from _of_text(unpacked, depth + 1) if depth < MAX_WRAPPERS else [Piece(Form.CUT, reason=f"wrapped more than {MAX_WRAPPERS} times")]
            return
    except TooLarge as error:
        yield Piece(Form.CUT, reason=str(error))
        return
    if is_stack_mail(text):
        for event in stack_mails(text):
            yield from _of_map(event, depth + 1)
        return
    start = text.find("{")
    if start < 0:
        yield from (_of_prose(text, depth) if text.startswith("<") else []) or [Piece(Form.UNKNOWN, reason="text without a record")]
        return
    found = document_in(text if text.lstrip()[:1] in ("{", "[", '"') else text[start:])
    if found is None:
        again = _less_plain(text, start)
        known = [] if again is None else list(pieces(again, depth + 1))
        yield from _useful(known) or _of_prose(text, depth) or known or [Piece(Form.BROKEN, reason="the record inside a text is not complete JSON")]
        return
    for note in found.notes:
        yield Piece(Form.NOTE, reason=note)
    yield from pieces(found.value, depth + 1)


def _of_prose(text: str, depth: int) -> list[Piece]:
    """What stands among the lines of a text: in a fence, behind a sentence, in a printed table; what a page or XML holds."""
    found = read_log_lines(text) if "\n" in text or text.startswith("<") else ()
    return _useful(piece for part in found if isinstance(part, Document) for piece in pieces(part.value, depth + 1))


def _less_plain(text: str, start: int) -> object:
    """What a text holds that is not JSON: JSON that was escaped, also for a page, a struct as a language prints it. None: nothing."""
    plain = html.unescape(text[start:]) if text.startswith(("{&quot;", "{&#34;"), start) else f'"{text[start:]}"' if '\\"' in text[start : start + 4] else ""
    try:
        return decode(plain) if plain else literal_at(text, start)[0] if _MEMBER.match(text, start) else None
    except (NotJson, NotLiteral, RecursionError):
        return None


def _of_map(members: dict[str, Any], depth: int) -> Iterator[Piece]:
    keys = members.keys()
    if _is_record(members):
        yield record_piece(members)
    elif (text := _record_text(members)) is not None:
        yield from _of_text(text, depth + 1)
    elif (plain := grown(untyped(members))) is not members:
        yield from pieces(plain, depth + 1)
    elif (rows := grid_in(members, may_be_record=not _RECORD_MARKS.isdisjoint(keys))) is not None:
        for cells in rows:
            yield from _of_map(cells, depth + 1)
    elif not _RECORD_MARKS.isdisjoint(keys):
        yield from _of_loose(members, depth)
    elif answers := answer_pieces(members):
        too_deep = nested_deeper(members, MAX_DEPTH)
        yield from [Piece(Form.CUT, reason=f"nested deeper than {MAX_DEPTH} levels")] if too_deep else answers
    elif (row := fold(members)) is not None:
        yield from _row_or_held(members, Piece(Form.RECORD, row.record, told=row.told), depth)
    elif foreign := foreign_reason(members):
        yield from _raw(members, depth) or [Piece(Form.FOREIGN, reason=foreign)]
    else:
        yield from _of_wrapper(members, depth)


def _is_record(value: object) -> bool:
    """As CloudTrail writes it, and no row of a table: the quick way."""
    if not isinstance(value, dict) or value.__class__ is not dict or value.get("eventVersion").__class__ is not str:
        return False
    return value.get("userIdentity").__class__ is dict and value.get("eventTime").__class__ is not dict


def _record_text(members: dict[str, Any]) -> str | None:
    """The text of a record as AWS writes it, where the usual wrappers of AWS have it: the quick way for large answers."""
    for name in _USUAL:
        text = members.get(name)
        if text.__class__ is str and text.startswith('{"eventVersion"'):
            return text if _RECORD_MARKS.isdisjoint(members) else None
    return None


def _of_loose(members: dict[str, Any], depth: int) -> Iterator[Piece]:
    """An object with members of a record: the record itself, or a row whose other columns are spelled in another way."""
    whole = record_piece(members)
    if whole.form is not Form.RECORD:
        yield from _of_notification(members, whole, depth)
    elif members.__class__ is dict and ("eventVersion" in members or len(_OWN & members.keys()) >= _WHOLE) and _is_plain(members):
        yield whole
    else:
        row = fold(members)
        yield from _row_or_held(members, Piece(Form.RECORD, row.record, told=row.told) if row else whole, depth)


def _is_plain(members: dict[str, Any]) -> bool:
    """Written as CloudTrail does it: no struct is text, and no column stands for a member of one."""
    if any(members.get(name).__class__ is str for name in _NESTED):
        return False
    return not any(name not in _OWN and place_of((name,)) for name in members)


def _row_or_held(members: dict[str, Any], row: Piece, depth: int) -> Iterator[Piece]:
    """A row may carry the whole record in a column that is none of a record's own: that one is better than the row."""
    whole = [piece for piece in _held(members, depth) if piece.form is Form.RECORD and piece.told is None]
    yield from whole or [row]


def _of_notification(members: dict[str, Any], whole: Piece, depth: int) -> Iterator[Piece]:
    """What a function was called with: the notification of a queue, a topic or a stream, and the record in it."""
    inside = [piece for name in ("body", "Sns", "kinesis") if name in members for piece in _useful(pieces(members[name], depth + 1))]
    yield from inside or [whole]


def _of_wrapper(members: dict[str, Any], depth: int) -> Iterator[Piece]:
    lists = [name for name in _LISTS if isinstance(members.get(name), list)]
    found = False
    for name in lists:
        for piece in _of_records(members[name], depth + 1) if name == "Records" else pieces(members[name], depth + 1):
            found = True
            yield piece
    if found or (lists and len(members) == len(lists)):
        return
    broken: list[Piece] = []
    for name in _WRAPPERS:
        if isinstance(held := members.get(name), dict | list | str):
            if _useful(inside := list(pieces(held, depth + 1))):
                yield from inside
                yield from _held_beside(members, name, depth)
                return
            broken += [piece for piece in inside if piece.form is Form.BROKEN and isinstance(held, str) and _MAY_HOLD.search(held)]
    if inside := list(_held(members, depth)) or broken or tag_pieces(members):
        yield from inside
    elif not lists:
        named = ", ".join(sorted(str(key)[:40] for key in members)[:6])
        yield Piece(Form.UNKNOWN, reason=f"not recognised: an object with the members {named}" if named else "not recognised: an empty object")


def _held_beside(members: dict[str, Any], name: str, depth: int) -> Iterator[Piece]:
    """What lists and objects beside the member hold. Texts are left out: they hold the same record once more."""
    if name not in _ALONE:
        yield from _held({other: held for other, held in members.items() if other != name and held.__class__ is not str}, depth)


def _held(members: dict[str, Any], depth: int) -> Iterator[Piece]:
    """What stands in members whose names are not known and are none of a record's."""
    for name, held in members.items():
        answered = name == "response" and held.__class__ is dict and "content" in held and "request" in members  # a browser's log (HAR), no request of a caller
        if depth >= MAX_WRAPPERS or (place_of((name,)) is not None and not answered):
            continue
        if held.__class__ is dict or held.__class__ is list or (isinstance(held, str) and _may_hold(held)):
            yield from _useful(pieces(held, depth + 1))


def _may_hold(text: str) -> bool:
    return len(text) > 40 and (_MAY_HOLD.search(text) is not None or payload_text(text[:200]) is not None)


def _raw(members: dict[str, Any], depth: int) -> list[Piece]:
    """The event as it came, where a schema keeps it beside what it made of it."""
    raw = members.get("raw_data")
    return _useful(pieces(raw, depth + 1)) if isinstance(raw, str) and depth < MAX_WRAPPERS else []


def _useful(found: Iterable[Piece]) -> list[Piece]:
    """The pieces where one of them is more than something unknown; a part that cannot be read counts only beside one that can."""
    told = list(found)
    return [piece for piece in told if piece.form is not Form.UNKNOWN] if any(piece.form not in (*_NOTHING, Form.BROKEN) for piece in told) else []


def _of_records(records: list[Any], depth: int) -> Iterator[Piece]:
    """The members of `Records`: what stands there claims to be a record."""
    for member in records:
        if _is_record(member):
            yield record_piece(member)
        elif isinstance(member, dict) and _RECORD_MARKS.isdisjoint(member) and (inside := _useful(pieces(member, depth + 1))):
            yield from inside
        elif isinstance(member, dict) and _RECORD_MARKS.isdisjoint(member):
            yield Piece(Form.RECORD, member)
        elif isinstance(member, list):
            yield Piece(Form.BROKEN, reason="a list in place of a record")
        else:
            yield from pieces(member, depth + 1)


def record_piece(record: dict[str, Any]) -> Piece:
    """The record, or what else it is: not all `Records` are CloudTrail's."""
    source = record.get("eventSource")
    if isinstance(source, str) and source.startswith("aws:"):
        return Piece(Form.FOREIGN, reason=f"an event notification ({source[:20]}), no CloudTrail record")
    if "insightDetails" in record or record.get("eventType") == "AwsCloudTrailInsight":
        return Piece(Form.FOREIGN, reason="a CloudTrail Insights record: it counts calls and shows none")
    if "timeWindow" in record and record.get("eventTime") is None:
        return Piece(Form.FOREIGN, reason="aggregated events of CloudTrail: 5-minute summaries, no single calls; those are in the folder CloudTrail")
    if "acsRegion" in record:
        return Piece(Form.FOREIGN, reason="a record of Alibaba Cloud's ActionTrail")
    return Piece(Form.RECORD, record)


def _kind(value: object) -> str:
    return "null" if value is None else "a truth value" if isinstance(value, bool) else "a number"
