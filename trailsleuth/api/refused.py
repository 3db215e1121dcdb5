"""The refused records of a trail and the calls that opened their sessions: what a person greps for, in one pass over any amount of data."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from trailsleuth.api.listing import list_evidence
from trailsleuth.api.refused_units import UnitPicked, pick_refused, put_away
from trailsleuth.api.scan_progress import Progress
from trailsleuth.api.scan_units import chunks_of, run, units_of
from trailsleuth.errors import UsageError
from trailsleuth.fetch.exports import STDIN, read_file, read_inputs
from trailsleuth.fetch.index_format import is_index
from trailsleuth.fetch.paths import is_more_than_files
from trailsleuth.ingest.evidence import no_collector, read_evidence
from trailsleuth.ingest.scan_identity import mark, who_of
from trailsleuth.ingest.scan_refused import OpeningCall, RefusedCall, RefusedIn, as_line
from trailsleuth.model import Record, Skipped

__all__ = ["Refused", "refused"]

PLACE = 3  # numbers that tell a record's place: the unit, offset and length in its file
Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


@dataclass(slots=True, kw_only=True)
class Refused:
    """What was picked; the records lie in a temporary folder until the end of the `with` block.

    `records` were looked at (copies counted), `refused` were refused, `openings` opened a session of a refused call, or one before it in the chain.
    `skipped`: what was not read, and why.
    """

    records: int
    refused: int
    openings: int
    skipped: tuple[Skipped, ...]
    _files: list[str]
    _places: array[int]
    _folder: tempfile.TemporaryDirectory[str]

    def lines(self) -> Iterator[str]:
        """The records as JSON in ASCII, a line each, the refused ones first; session tokens are taken out."""
        places = zip(*[iter(self._places)] * PLACE, strict=True)
        for name, found in groupby(places, key=lambda place: self._files[place[0]]):
            with (Path(self._folder.name) / name).open("rb") as file:
                for _, start, length in found:
                    file.seek(start)
                    yield as_line(file.read(length))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._folder.cleanup()


def refused(paths: Paths, *, stdin: bytes | None = None) -> Refused:
    """Every refused record of exported files, and the calls that opened the sessions; equal copies of a record are given once.

    Raises EvidenceUnreadable for a path that does not exist, UsageError for what is no file.
    """
    listed = [fspath(path) for path in ([paths] if isinstance(paths, str | PathLike) else paths)]
    if is_more_than_files(listed) or any(is_index(path) for path in listed if path != STDIN):
        raise UsageError("refused records are picked from exported files", next_step="name files, directories or archives")
    folder = tempfile.TemporaryDirectory(prefix="trailsleuth-", ignore_cleanup_errors=True)
    try:
        with no_collector():
            return _Picking(listed, stdin, folder).result()
    except BaseException:
        folder.cleanup()
        raise


class _Picking:
    """One trail being gone through. Of each record only a few numbers stay in memory."""

    def __init__(self, paths: list[str], stdin: bytes | None, folder: tempfile.TemporaryDirectory[str]) -> None:
        self.stdin = stdin
        self.folder = folder
        self.paths = paths
        self.listing = list_evidence(paths)
        self.picked: list[UnitPicked] = []
        self.careful: list[str] = []
        self.skipped: list[Skipped] = list(self.listing.skipped)

    def result(self) -> Refused:
        progress = Progress(self.listing.size)
        chunks = chunks_of([unit for path, size in self.listing.files for unit in units_of(path, size)])
        picked = (unit for chunk in run(partial(pick_refused, folder=self.folder.name), chunks, progress.add) for unit in chunk)
        for path, units in groupby(picked, key=lambda unit: unit.path):
            self._take(path, list(units))
        self._read_carefully()
        progress.end()
        chosen = _Chosen(self.picked, Path(self.folder.name))
        refused = chosen.take_refused()
        openings = chosen.take_openings()
        return Refused(
            records=sum(unit.records for unit in self.picked),
            refused=refused,
            openings=openings,
            skipped=tuple(self.skipped),
            _files=[unit.file for unit in self.picked],
            _places=chosen.places,
            _folder=self.folder,
        )

    def _take(self, path: str, units: list[UnitPicked]) -> None:
        if all(unit.readable for unit in units):
            self.picked += units
        else:
            self.careful.append(path)

    def _read_carefully(self) -> None:
        named = set(self.paths)
        inputs = [item for path in self.careful for item in (read_inputs([path]) if path in named else read_file(path))]
        inputs += read_inputs(self.listing.other, stdin=self.stdin) if self.listing.other else ()
        for item in inputs:
            evidence = read_evidence([item])
            self.skipped += evidence.coverage.skipped
            with tempfile.NamedTemporaryFile(dir=self.folder.name, delete=False) as out:
                unit = UnitPicked(path=item.source, file=Path(out.name).name)
                put_away(_picked_from(evidence.records), unit, out)
                self.picked.append(unit)


class _Chosen:
    """The places of the records to hand out. A trail of ten gigabytes has half a million calls that hand out credentials: they stay packed."""

    def __init__(self, picked: list[UnitPicked], folder: Path) -> None:
        self.picked = picked
        self.folder = folder
        self.places = array("q")
        self._first: dict[int, int] = {}  # by number, where its place stands
        self._asked: set[int] = set()

    def take_refused(self) -> int:
        """Takes every refused record; gives how many there are."""
        for file, unit in enumerate(self.picked):
            for number, key, owner, start, length in unit.all_refused():
                self._take(number, file, start, length)
                self._asked.add(_caller(key, owner))
        return len(self.places) // PLACE

    def take_openings(self) -> int:
        """Takes the calls that opened a session of a refused call, and those before them: a round for each hop of the longest chain."""
        before = len(self.places)
        self._asked.discard(0)
        new = self._asked
        while new := self._round(new) - self._asked:
            self._asked |= new
        places = zip(*[iter(self.places[before:])] * PLACE, strict=True)
        self.places[before:] = array("q", [number for place in sorted(places) for number in place])
        return (len(self.places) - before) // PLACE

    def _round(self, asked: set[int]) -> set[int]:
        """The callers of the calls that opened the sessions asked for."""
        callers: set[int] = set()
        for file, unit in enumerate(self.picked):
            for number, key, owner, by_key, by_owner, start, length in unit.all_openings():
                if key << 32 in asked or owner in asked:
                    self._take(number, file, start, length)
                    callers.add(_caller(by_key, by_owner))
        return callers - {0}

    def _take(self, number: int, file: int, start: int, length: int) -> None:
        """Each record once; copies that differ are all kept, since one may be forged."""
        known = self._first.setdefault(number, len(self.places))
        if known == len(self.places) or self._raw(*self.places[known : known + PLACE]) != self._raw(file, start, length):
            self.places.extend((file, start, length))

    def _raw(self, file: int, start: int, length: int) -> bytes:
        with (self.folder / self.picked[file].file).open("rb") as held:
            held.seek(start)
            return held.read(length)


def _caller(key: int, owner: int) -> int:
    """A session by its key, else by its principal id, as one number; 0 for none."""
    return key << 32 if key else owner


def _picked_from(records: Sequence[Record]) -> RefusedIn:
    found = RefusedIn(records=len(records))
    for record in records:
        who = who_of(record.identity)
        if record.denial is not None:
            found.refused.append(RefusedCall(record.event_id, record.recipient_account, who.key, who.owner, _encoded(record)))
        elif (issued := record.issued) is not None:
            key, owner = mark(issued.access_key_id), mark(issued.assumed_role_id)
            found.openings.append(OpeningCall(record.event_id, record.recipient_account, key, owner, who.key, who.owner, _encoded(record)))
    return found


def _encoded(record: Record) -> bytes:
    """As JSON; the reader may have made what it took out of an odd form, and has taken out what is secret."""
    return msgspec.json.encode(dict(record.payload))
