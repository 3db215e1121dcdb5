"""The refused records of a trail and the calls that opened their sessions: what a person greps for, in one pass over any amount of data."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

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

CHUNK = 1024 * 1024  # bytes on disk that a worker takes at a time
FILES_AT_ONCE = 400
Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


class At(NamedTuple):
    """Where a record lies that was picked (which unit, offset and length in its file), its number, and its caller's key and id (checksums)."""

    file: int
    number: int
    key: int
    owner: int
    start: int
    length: int


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
    _places: list[tuple[str, int, int]]
    _folder: tempfile.TemporaryDirectory[str]

    def lines(self) -> Iterator[str]:
        """The records as JSON in ASCII, a line each, the refused ones first; session tokens are taken out."""
        for name, places in groupby(self._places, key=lambda place: place[0]):
            with (Path(self._folder.name) / name).open("rb") as file:
                for _, start, length in places:
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
        chunks = chunks_of([unit for path, size in self.listing.files for unit in units_of(path, size)], CHUNK, FILES_AT_ONCE)
        picked = (unit for chunk in run(partial(pick_refused, folder=self.folder.name), chunks, progress.add) for unit in chunk)
        for path, units in groupby(picked, key=lambda unit: unit.path):
            self._take(path, list(units))
        self._read_carefully()
        progress.end()
        refused = self._once(
            At(file, number, key, owner, start, length) for file, unit in enumerate(self.picked) for number, key, owner, start, length in unit.all_refused()
        )
        openings = self._once(self._openings(refused))
        return Refused(
            records=sum(unit.records for unit in self.picked),
            refused=len(refused),
            openings=len(openings),
            skipped=tuple(self.skipped),
            _places=[(self.picked[at.file].file, at.start, at.length) for at in (*refused, *openings)],
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

    def _openings(self, refused: list[At]) -> list[At]:
        """The calls that opened a session of a refused call, and those before them, however long the chain."""
        by_key: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        by_owner: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        for file, unit in enumerate(self.picked):
            for opening in unit.all_openings():
                told = (file, *opening)
                by_key[opening[1]].append(told)
                by_owner[opening[2]].append(told)
        waiting = [(at.key, at.owner) for at in refused]
        seen = set(waiting)
        found: list[At] = []
        while waiting:
            key, owner = waiting.pop()
            for file, number, _, _, by, of, start, length in by_key.get(key, ()) if key else by_owner.get(owner, ()) if owner else ():
                found.append(At(file, number, by, of, start, length))
                if (by, of) not in seen:
                    seen.add((by, of))
                    waiting.append((by, of))
        return found

    def _once(self, found: Iterable[At]) -> list[At]:
        """Each record once, in the order of the files; copies that differ are all kept, since one may be forged."""
        first: dict[int, At] = {}
        more: set[At] = set()
        for at in found:
            known = first.setdefault(at.number, at)
            if known is not at and known != at and self._raw(known) != self._raw(at):
                more.add(at)
        return sorted([*first.values(), *more])

    def _raw(self, at: At) -> bytes:
        with (Path(self.folder.name) / self.picked[at.file].file).open("rb") as held:
            held.seek(at.start)
            return held.read(at.length)


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
