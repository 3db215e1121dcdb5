"""Which rows of an index a selection may want: told from the caller, the call and the error. The second look at the records then decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import convert

from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.facts.kinds import Kind
from trailsleuth.facts.presence import tells_absence
from trailsleuth.scan.first_look import record_number
from trailsleuth.scan.identity import Who
from trailsleuth.scan.refusals import Held
from trailsleuth.scan.second_look import LightCall
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.things_named import mark_of_all, packed_marks
from trailsleuth.trail_index.callers import identity_of
from trailsleuth.trail_index.fetch import Place
from trailsleuth.trail_index.store import IndexFile

_ROWS = """
SELECT log, rows.rowid, coalesce(other_id, id::VARCHAR), strftime(time, '%Y-%m-%dT%H:%M:%SZ'), caller, event_source, event_name, region, account, error_code,
    error_message, vpc_endpoint, kept
FROM rows JOIN calls USING (call) JOIN places USING (place) JOIN errors USING (error)
"""
_WANTED = """
NOT kept AND (caller IN (SELECT unnest($mine::INTEGER[])) OR time IN (SELECT unnest($edges::VARCHAR[])::TIMESTAMP_S)
    OR (error = 0 AND call IN (SELECT unnest($anywhere::INTEGER[])))
    OR (error = 0 AND call IN (SELECT unnest($pursued::INTEGER[])) AND caller IN (SELECT unnest($pursuers::INTEGER[])))
    OR (error <> 0 AND ($text OR call IN (SELECT unnest($missing::INTEGER[])))))
"""
_FAILED = "SELECT DISTINCT event_source, event_name, error_code FROM rows JOIN calls USING (call) JOIN errors USING (error) WHERE error <> 0"
_AT = "WHERE rows.rowid IN (SELECT unnest($at::BIGINT[]))"
_OPENED = "SELECT log, position FROM openings WHERE key IN (SELECT unnest($opened::UINTEGER[])) OR owner IN (SELECT unnest($opened::UINTEGER[]))"
_LAST = """
SELECT rowid FROM rows WHERE caller IN (SELECT unnest($callers::INTEGER[]))
QUALIFY row_number() OVER (PARTITION BY caller ORDER BY time DESC, coalesce(other_id, id::VARCHAR) DESC) = 1
"""
_REFUSALS = """
SELECT kept.rowid, kept.log, position, coalesce(other_id, id::VARCHAR), account, strftime(time, '%Y-%m-%dT%H:%M:%SZ'), caller, principal,
    event_source || ':' || event_name, error_code
FROM kept JOIN (SELECT log, min(rowid) AS first FROM rows GROUP BY log) begun USING (log) JOIN rows ON rows.rowid = first + position
    JOIN calls USING (call) JOIN places USING (place) JOIN errors USING (error) JOIN callers USING (caller)
WHERE beyond_doubt ORDER BY kept.rowid
"""
PAGE = 256  # records that are unpacked together
At = tuple[int, int]


class Row(NamedTuple):
    """A record as the index holds it. `log` is the number of its file."""

    log: int
    position: int
    event_id: str
    time: str
    caller: int
    source: str
    name: str
    region: str | None
    account: str | None
    code: str | None
    message: str | None
    endpoint: str | None
    kept: bool

    @property
    def failed(self) -> bool:
        return bool(self.code or self.message)

    def light(self, identity: bytes) -> LightCall:
        """Of which only the fact counts."""
        told = (self.source, self.name, self.region, self.account, self.code, self.message, self.endpoint)
        return LightCall(self.position, self.event_id, self.time, *told, identity)


class Rows:
    """The rows of one index."""

    def __init__(self, index: IndexFile) -> None:
        self.index = index
        told = index.stream("SELECT caller, key, owner, role, session FROM callers")
        self.callers = {caller: convert(marks, Who) for caller, *marks in told}
        self._page: tuple[int, dict[int, bytes]] = (-1, {})
        self._first = dict(convert(index.ask("SELECT log, min(rowid) FROM rows GROUP BY log"), list[tuple[int, int]]))
        self.calls = {(source, name): call for call, source, name in convert(index.ask("FROM calls"), list[tuple[int, str, str]])}

    def absent(self) -> bytes:
        """Marks of the event sources of which a call was told that something is not there; of what, its record would tell."""
        told = self.index.ask(_FAILED)
        return packed_marks({mark_of_all(source) for source, name, code in told if tells_absence(source, name, code or "", None)})

    def told(self) -> bytes:
        """The same of all sources: the index does not tell what calls told of keys and tags."""
        return packed_marks({mark_of_all(source) for source, _ in self.calls})

    def at(self, places: list[At]) -> list[Row]:
        """The rows at (log, position)."""
        return self._rows(_ROWS + _AT, at=[self._first[log] + position for log, position in places]) if places else []

    def of_log(self, log: int) -> list[Row]:
        """All rows of a log file, in order."""
        return self._rows(f"{_ROWS} WHERE log = $log ORDER BY rows.rowid", log=log)

    def of_id(self, event_id: str) -> list[Row]:
        """The rows of a record."""
        found = self._rows(f"{_ROWS} WHERE id = TRY_CAST($id AS UUID) OR other_id = $id", id=event_id)
        return [row for row in found if row.event_id == event_id]

    def kept(self) -> Iterator[tuple[int, int, bytes]]:
        """The records that every question reads, with their places."""
        return self.index.stream("SELECT log, position, record FROM kept WHERE NOT beyond_doubt")

    def kept_of(self, rows: Sequence[Row]) -> list[tuple[int, int, bytes]]:
        """The records of rows that are in the index whole."""
        logs, positions = [row.log for row in rows], [row.position for row in rows]
        return self.index.ask_with(
            "SELECT log, position, record FROM kept WHERE (log, position) IN (SELECT unnest($logs), unnest($at))", logs=logs, at=positions
        )

    def refusals(self, name: Callable[[int], str]) -> Iterator[Held]:
        """The denials beyond doubt; their records are read a page at a time when one is asked for. `name` is that of a file."""
        kinds: dict[Kind, Kind] = {}
        for at, log, position, event_id, account, time, caller, who, call, code in self.index.stream(_REFUSALS):
            kind = Kind(who, call, code)
            kind = kinds.setdefault(kind, kind)
            yield Held(name(log), position, record_number(event_id, account), time, self.callers[caller], kind, partial(self._record, at))

    def _record(self, at: int) -> bytes:
        if at // PAGE != self._page[0]:
            start = at // PAGE * PAGE
            self._page = at // PAGE, dict(self.index.ask("SELECT rowid, record FROM kept WHERE rowid >= ? AND rowid < ?", start, start + PAGE))
        return bytes(self._page[1][at])

    def places(self, rows: Iterable[Row]) -> Iterator[tuple[int, list[Place]]]:
        """Where the records of rows stand, file by file: each begins so many bytes after the end of the one before."""
        by_log: dict[int, dict[int, str]] = defaultdict(dict)
        for row in rows:
            by_log[row.log][row.position] = row.event_id
        steps = self.index.stream("SELECT log, gap, length FROM rows WHERE log IN (SELECT unnest(?::INTEGER[])) ORDER BY rowid", list(by_log))
        for log, of_log in groupby(steps, key=itemgetter(0)):
            wanted, end = by_log[log], 0
            found = []
            for position, (_, gap, length) in enumerate(of_log):
                end += gap + length
                if position in wanted:
                    found.append(Place(position, end - length, length, wanted[position]))
            yield log, found

    def wanted(self, selection: Selection) -> tuple[list[Row], list[Row]]:
        """The rows whose records have to be looked at, and those of which only the fact counts."""
        mine = {caller for caller, who in self.callers.items() if selection.of_session(who)}
        entire = {caller for caller in mine if not selection.whole.isdisjoint((self.callers[caller].key, self.callers[caller].owner))}
        roles = {role for wanted in selection.calls.values() for role, _ in wanted.successes}
        asked = {
            "mine": list(mine),
            "edges": list(selection.edges),
            "anywhere": [number for call, number in self.calls.items() if call in selection.calls and selection.calls[call].of_anybody],
            "pursued": [number for call, number in self.calls.items() if call in selection.calls and selection.calls[call].successes],
            "pursuers": [caller for caller, who in self.callers.items() if who.role in roles],
            "missing": [number for (source, _), number in self.calls.items() if source in selection.missing],
            "text": bool(selection.text),
        }
        found = self._rows(f"{_ROWS} WHERE {_WANTED}", **asked)
        named = [*self._opened(selection), *self._called_as(selection), *self._owners(selection)]
        read = [row for row in found if row.caller in entire or self._is_read(row, selection, mine=row.caller in mine)]
        known = {row[:2] for row in read}
        read += [row for row in dict.fromkeys(named) if row[:2] not in known]
        known |= {row[:2] for row in named}
        return read, [row for row in found if row.caller in mine and row[:2] not in known]

    def _is_read(self, row: Row, selection: Selection, *, mine: bool) -> bool:
        """The record has to be looked at, whatever it holds."""
        if row.time in selection.edges:
            return True
        if row.failed:
            return bool(selection.text) or row.source in selection.missing
        wanted = selection.calls.get((row.source, row.name))
        if mine and ((row.source == STS and row.name in ISSUING) or (wanted is not None and wanted.read)):
            return True
        return wanted is not None and (wanted.of_anybody or (self.callers[row.caller].role, row.region or "") in wanted.successes)

    def _opened(self, selection: Selection) -> list[Row]:
        """The calls that opened what is asked for."""
        return self.at(self.index.ask_with(_OPENED, opened=list(selection.opened))) if selection.opened else []

    def _called_as(self, selection: Selection) -> list[Row]:
        """The last call of each caller that has one of the unique ids asked for."""
        asked = self.identities(list(self.callers)) if selection.called_as else {}
        callers = [caller for caller, raw in asked.items() if any(unique in raw for unique in selection.called_as)]
        return self._rows(_ROWS + _AT, at=[row for (row,) in self.index.ask_with(_LAST, callers=callers)]) if callers else []

    def _owners(self, selection: Selection) -> list[Row]:
        """Of each bucket asked for the last record that tells its owner."""
        chosen = []
        for bucket in sorted(selection.buckets):
            rows = self.at(self.index.ask("SELECT log, position FROM owners WHERE bucket = ?", bucket))
            chosen += [max(rows, key=lambda row: (row.time, row.event_id))] if rows else []
        return chosen

    def identities(self, callers: list[int]) -> dict[int, bytes]:
        """`userIdentity` of callers as bytes."""
        told = self.index.ask(
            "SELECT caller, identity, session_name, access_key, strftime(opened, '%Y-%m-%dT%H:%M:%SZ') FROM callers JOIN forms USING (form)"
            " WHERE caller IN (SELECT unnest(?::INTEGER[]))",
            callers,
        )
        typed = convert(told, list[tuple[int, bytes, str | None, str | None, str | None]])
        return {caller: identity_of(form, *words) for caller, form, *words in typed}

    def _rows(self, statement: str, **values: Any) -> list[Row]:  # noqa: ANN401
        told = self.index.ask_with(statement, **values)
        return convert([(log, row - self._first[log], *more) for log, row, *more in told], list[Row])
