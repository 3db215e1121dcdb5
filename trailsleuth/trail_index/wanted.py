"""Which rows of an index a selection may want: told from the caller, the call and the error. The second look at the records then decides."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from msgspec import convert

from trailsleuth.catalog.issuing import ISSUING, STS
from trailsleuth.catalog.things import missing_noun
from trailsleuth.facts.kinds import Kind
from trailsleuth.facts.presence import tells_absence
from trailsleuth.scan.first_look import record_number
from trailsleuth.scan.identity import Who, unpacked
from trailsleuth.scan.refusals import Held
from trailsleuth.scan.second_look import LightCall
from trailsleuth.scan.selection import Selection
from trailsleuth.scan.things_named import mark_of_all, packed_marks
from trailsleuth.trail_index.callers import identity_of
from trailsleuth.trail_index.fetch import Place
from trailsleuth.trail_index.store import IndexFile

_ROWS = """
SELECT log, rows.rowid, coalesce(other_id, id::VARCHAR), strftime(time, '%Y-%m-%dT%H:%M:%SZ'), caller, call, place, error, kept FROM rows
"""
_ERRORS = "SELECT error, error_code, error_message FROM errors WHERE error IN (SELECT unnest($1::INTEGER[]))"
_WANTED = """
NOT kept AND (caller IN (SELECT unnest($mine::INTEGER[])) OR time IN (SELECT unnest($edges::VARCHAR[])::TIMESTAMP_S)
    OR (error = 0 AND call IN (SELECT unnest($anywhere::INTEGER[])))
    OR (error = 0 AND call IN (SELECT unnest($pursued::INTEGER[])) AND caller IN (SELECT unnest($pursuers::INTEGER[])))
    OR (error <> 0 AND ($text OR call IN (SELECT unnest($missing::INTEGER[])))))
"""
_FAILED = "SELECT DISTINCT call FROM rows WHERE error IN (SELECT error FROM errors WHERE error_code = $1)"
_CODES = "SELECT error, error_code FROM errors WHERE error IN (SELECT error FROM rows WHERE kept)"
_PRINCIPALS = "SELECT caller, principal FROM callers WHERE caller IN (SELECT caller FROM rows WHERE kept)"
_CODES = "SELECT error, error_code FROM errors WHERE error IN (SELECT error FROM rows WHERE kept)"
_PRINCIPALS = "SELECT caller, principal FROM callers WHERE caller IN (SELECT caller FROM rows WHERE kept)"
_CODES = "SELECT error, error_code FROM errors WHERE error IN (SELECT error FROM rows WHERE kept)"
_AT = "WHERE rows.rowid IN (SELECT unnest($at::BIGINT[]))"
_OPENED = "SELECT log, position FROM openings WHERE key IN (SELECT unnest($opened::UINTEGER[])) OR owner IN (SELECT unnest($opened::UINTEGER[]))"
_LAST = """
SELECT rowid FROM rows WHERE caller IN (SELECT unnest($callers::INTEGER[]))
QUALIFY row_number() OVER (PARTITION BY caller ORDER BY time DESC, coalesce(other_id, id::VARCHAR) DESC) = 1
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


class Callers:
    """The marks of callers by their numbers, in little room."""

    def __init__(self, told: Iterable[tuple[int, ...]]) -> None:
        self._numbers, self.marks = array("q"), array("I")
        for caller, *marks in told:
            self._numbers.append(caller)
            self.marks.extend(marks)
        if any(after <= before for before, after in pairwise(self._numbers)):
            raise ValueError("the callers are in no order")

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __getitem__(self, caller: int) -> Who:
        at = bisect_left(self._numbers, caller)
        if self._numbers[at] != caller:
            raise LookupError(caller)
        return Who(*self.marks[4 * at : 4 * at + 4])

    def items(self) -> Iterator[tuple[int, Who]]:
        """All of them."""
        return zip(self._numbers, unpacked(self.marks.tobytes()), strict=True)


class Rows:
    """The rows of one index."""

    def __init__(self, index: IndexFile) -> None:
        self.index = index
        told = index.stream("SELECT caller, key, owner, role, session FROM callers")
        self.callers = Callers(told)
        self._page: tuple[int, dict[int, bytes]] = (-1, {})
        self._first = dict(convert(index.ask("SELECT log, min(rowid) FROM rows GROUP BY log"), list[tuple[int, int]]))
        self.calls = {(source, name): call for call, source, name in convert(index.ask("FROM calls"), list[tuple[int, str, str]])}
        self._calls = {number: call for call, number in self.calls.items()}
        self._places = {place: (region, account, endpoint) for place, account, region, endpoint in index.ask("FROM places")}

    def absent(self) -> bytes:
        """Marks of the event sources of which a call was told that something is not there; of what, its record would tell."""
        codes = [code for (code,) in self.index.ask("SELECT DISTINCT error_code FROM errors") if code and missing_noun(code, None) is not None]
        failed = ((self._calls[call], code) for code in codes for (call,) in self.index.ask(_FAILED, code))
        return packed_marks({mark_of_all(call[0]) for call, code in failed if tells_absence(*call, code, None)})

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
        places, ats = array("q"), array("q")
        for log, position, at in sorted(self.index.stream("SELECT log, position, rowid FROM kept WHERE beyond_doubt")):
            places.append(log << 32 | position)
            ats.append(at)
        principals, codes = dict(self.index.stream(_PRINCIPALS)), dict(self.index.stream(_CODES))
        kinds: dict[Kind, Kind] = {}
        for log, row, event_id, time, caller, call, place, error, _ in self.index.stream(f"{_ROWS} WHERE kept"):
            position = row - self._first[log]
            found = bisect_left(places, log << 32 | position)
            if found < len(places) and places[found] == log << 32 | position:
                kind = Kind(principals[caller], ":".join(self._calls[call]), codes[error])
                kind = kinds.setdefault(kind, kind)
                number = record_number(event_id, self._places[place][1])
                yield Held(name(log), position, number, time, self.callers[caller], kind, self._record, ats[found])

    def _record(self, at: int, _: int) -> bytes:
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
        """What the rows name is looked up here: joins would take a third of the memory."""
        told = self.index.ask_with(statement, **values)
        met = {error for *_, error, _ in told}
        errors = {number: texts for number, *texts in self.index.ask(_ERRORS, list(met))}
        return [
            convert((log, row - self._first[log], *more, *self._calls[call], *self._places[place][:2], *errors[error], *self._places[place][2:], kept), Row)
            for log, row, *more, call, place, error, kept in told
        ]
