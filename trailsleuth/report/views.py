"""Records, sessions and timelines in every form they take, piece by piece as they come in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from trailsleuth.model import Record
from trailsleuth.model.view import Moment, SessionView
from trailsleuth.report import words
from trailsleuth.report.columns import GAP, any_table, fitted, safe_cell, table_rows
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.document import plain, utc
from trailsleuth.report.layout import width_of
from trailsleuth.report.sanitize import for_csv

WIDE = 130
_MARKS = {"denied": ("✗", "x"), "failed": ("!", "!"), "assumed": ("→", ">"), "called": ("", "")}
EVENT_COLUMNS = (
    "eventTime", "recipientAccountId", "awsRegion", "eventSource", "eventName", "userIdentity.type", "userIdentity.arn", "userIdentity.accessKeyId",
    "userIdentity.sessionContext.sessionIssuer.arn", "userIdentity.invokedBy", "sourceIPAddress", "userAgent", "errorCode", "errorMessage", "sharedEventID",
    "requestID", "eventID",
)  # fmt: skip
MOMENT_COLUMNS = (
    "time", "until", "count", "kind", "account", "region", "principal", "session_name", "access_key_id", "call", "error_code", "about", "event_id",
)  # fmt: skip
SESSION_COLUMNS = (
    "principal", "session_name", "access_key_id", "account", "opened_by", "opened_with", "opened_at", "opened_event_id", "first", "last", "calls", "failed",
    "denied", "regions", "addresses",
)  # fmt: skip


def selected(record: Record, columns: Sequence[str]) -> Document:
    """These members of the record as it was read, by dotted paths: `userIdentity.arn`; a number picks from a list. Null where there is none."""
    return {column: plain(member_of(record.payload, column)) for column in columns}


def member_of(payload: object, path: str) -> object:
    """The member at a dotted path, or None."""
    if isinstance(payload, dict) and path in payload:
        return payload[path]
    value = payload
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def event_table(records: Iterable[Record], context: RenderContext) -> Iterator[str]:
    """One line a record on a wide terminal, else as many as its cells need; refused calls have a mark before the time."""
    wide = context.piped or context.width >= WIDE
    headers = ["", "time (UTC)", "account", *(["region"] if wide else []), "who", "call, error", *(["address", "event id"] if wide else [])]
    fixed = [1, 24, 12, 14] if wide else [1, 20, 12]
    last = [15, 36] if wide else []
    room = max(context.width, 60) - sum(fixed) - sum(last) - GAP * (len(headers) - 1)
    widths = [*fixed, room * 9 // 20, room - room * 9 // 20, *last]
    yield from table_rows(headers, (_event_cells(record, context, wide=wide) for record in records), widths, context, strong=_strong(context))


def _event_cells(record: Record, context: RenderContext, *, wide: bool) -> list[str]:
    def safe(value: object) -> str:
        return safe_cell(value, context)

    kind = "denied" if record.denial is not None else "failed" if record.failed else "called"
    call = f"{record.event_source.removesuffix('.amazonaws.com')}:{record.event_name}"
    result = f"{safe(call)}\n{safe(record.error_code or 'error')}" if record.failed else safe(call)
    who = record.identity.arn or record.identity.invoked_by or record.identity.principal_id
    cells = [_mark(kind, context), words.spoken(utc(record.event_time)), safe(record.account or "-")]
    cells += [safe(record.region)] if wide else []
    cells += [safe(_short_name(who)), result]
    return [*cells, safe(record.source_ip or "-"), safe(record.event_id)] if wide else cells


def _strong(context: RenderContext) -> str:
    return _mark("denied", context) if context.color else ""


def _mark(kind: str, context: RenderContext) -> str:
    return _MARKS[kind][not context.unicode]


def _short_name(arn: str | None) -> str:
    """`Role/session` of an assumed-role ARN, the name of a user, else the text."""
    if arn is None:
        return "-"
    head, _, resource = arn.rpartition(":") if arn.startswith("arn:") else ("", "", arn)
    return resource.partition("/")[2] or resource if head else resource


def moment_document(moment: Moment) -> Document:
    """A moment as plain values."""
    return {
        "time": utc(moment.time),
        "until": utc(moment.until),
        "count": moment.count,
        "kind": moment.kind,
        "account": moment.account,
        "region": moment.region,
        "principal": moment.principal,
        "session_name": moment.session_name,
        "access_key_id": moment.access_key_id,
        "call": moment.call,
        "error_code": moment.error_code,
        "about": moment.about,
        "event_id": moment.event_id,
    }


def session_document(view: SessionView) -> Document:
    """A session as plain values."""
    opened = view.opened
    return {
        "principal": view.principal,
        "session_name": view.session_name,
        "access_key_id": view.access_key_id,
        "account": view.account,
        "opened_by": opened.by if opened else None,
        "opened_with": opened.access_key_id if opened else None,
        "opened_at": utc(opened.time) if opened else None,
        "opened_event_id": opened.event_id if opened else None,
        "first": utc(view.first),
        "last": utc(view.last),
        "calls": view.calls,
        "failed": view.failed,
        "denied": view.denied,
        "regions": sorted(region for region in view.regions if region),
        "addresses": sorted(view.addresses),
    }


def timeline_table(moments: Sequence[Moment], context: RenderContext) -> Iterator[str]:
    """One row a moment: refused calls, failed ones and handed-out sessions have a mark of their own."""
    headers = ("", "time (UTC)", "account", "who", "call, result")
    rows = [_moment_cells(moment, context) for moment in moments]
    yield from table_rows(headers, rows, _widths(headers, rows, context), context, strong=_strong(context))


def _moment_cells(moment: Moment, context: RenderContext) -> list[str]:
    times = f" {'×' if context.unicode else 'x'}{moment.count}" if moment.count > 1 else ""
    who = _short_name(moment.principal) if not moment.session_name else f"{words.name_of(moment.principal)}/{moment.session_name}"
    about = f"{_mark('assumed', context)} {_short_name(moment.about)}" if moment.kind == "assumed" else moment.about
    what = [f"{moment.call}{times}", *(text for text in (moment.error_code, about) if text)]
    time = words.span(utc(moment.time), utc(moment.until)).replace(" to ", "\n")
    lines = "\n".join(safe_cell(text, context) for text in what)
    return [_mark(moment.kind, context), time, safe_cell(moment.account or "-", context), safe_cell(who, context), lines]


def session_table(views: Sequence[SessionView], context: RenderContext) -> Iterator[str]:
    """One row a session; those that were refused something have a mark."""
    headers = ("", "first, last (UTC)", "account", "who", "calls")
    rows = [_session_cells(view, context) for view in views]
    yield from table_rows(headers, rows, _widths(headers, rows, context), context, strong=_strong(context))


def _session_cells(view: SessionView, context: RenderContext) -> list[str]:
    who = [words.name_of(view.principal), f"session {view.session_name}" if view.session_name else "", view.access_key_id or ""]
    who.append(f"opened by {words.name_of(view.opened.by)}" if view.opened else "")
    used = words.span(utc(view.first), utc(view.last)).replace(" to ", "\n")
    named = "\n".join(safe_cell(part, context) for part in who if part)
    refused, failed = view.denied, view.failed - view.denied
    counts = [words.plural(view.calls, "call"), f"{refused:,} denied" if refused else "", f"{failed:,} failed" if failed else ""]
    tally = "\n".join(count for count in counts if count)
    return [_mark("denied" if refused else "called", context), used, safe_cell(view.account or "-", context), named, tally]


def _widths(headers: Sequence[str], rows: Iterable[Sequence[str]], context: RenderContext) -> list[int]:
    """Widths by content; mark, time and account keep theirs."""
    needed = [len(header) for header in headers]
    for row in rows:
        needed = [max(width, *(width_of(part) for part in cell.split("\n"))) for width, cell in zip(needed, row, strict=True)]
    return fitted(needed, max(context.width, 60), fixed=frozenset({0, 1, 2}))


def json_pieces(values: Iterable[object], *, name: str = "") -> Iterator[str]:
    """One JSON list, a member a line; under `name` where one is given (`{"Records": [...]}` is evidence again)."""
    yield f'{{"{name}": [' if name else "["
    between = "\n"
    for value in values:
        yield f"{between}{_json(value)}"
        between = ",\n"
    yield "\n]}\n" if name else "\n]\n"


def jsonl_pieces(values: Iterable[object]) -> Iterator[str]:
    """A JSON value a line."""
    return (f"{_json(value)}\n" for value in values)


def _json(value: object) -> str:
    return json.dumps(plain(value), ensure_ascii=True, allow_nan=False)


def csv_pieces(rows: Iterable[Document], columns: Sequence[str]) -> Iterator[str]:
    """A row a line, no cell a formula; lists and objects as JSON."""
    yield csv_line(map(csv_cell, columns))
    for row in rows:
        yield csv_line(csv_cell(row.get(column)) for column in columns)


def csv_line(cells: Iterable[str]) -> str:
    """The cells as a line of CSV."""
    return (",".join(cells) or '""') + "\r\n"


def csv_cell(value: object) -> str:
    """A cell, in quotes where it needs them (https://www.rfc-editor.org/rfc/rfc4180)."""
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = for_csv(value if isinstance(value, str) else _json(value))
    return '"' + text.replace('"', '""') + '"' if '"' in text or "," in text else text


def picked_pieces(rows: Iterable[Document], columns: Sequence[str], form: str, context: RenderContext) -> Iterator[str]:
    """Rows of plain values in any of the four forms."""
    forms: dict[str, Callable[[], Iterator[str]]] = {
        "json": lambda: json_pieces(rows),
        "jsonl": lambda: jsonl_pieces(rows),
        "csv": lambda: csv_pieces(rows, columns),
        "table": lambda: any_table(columns, ([_cell(row.get(column), context) for column in columns] for row in rows), context),
    }
    return forms[form]()


def _cell(value: object, context: RenderContext) -> str:
    return safe_cell(value if isinstance(value, str) or value is None else _json(value), context) or "-"
