"""The denied records of a trail and the calls that opened their sessions: what a person greps for, in one pass over any amount of data."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain, compress, groupby
from os import PathLike, fspath
from types import TracebackType
from typing import Self

from msgspec import Struct

from trailsleuth.errors import UsageError
from trailsleuth.model import Skipped
from trailsleuth.scan.denied_rows import PLACE, Rows, RowStore
from trailsleuth.scan.denied_units import Shelf, UnitPicked, pick_refused
from trailsleuth.scan.listing import list_evidence
from trailsleuth.scan.pool import run
from trailsleuth.scan.progress import Progress
from trailsleuth.scan.refused import as_text
from trailsleuth.scan.units import chunks_of, units_of
from trailsleuth.sources.files.kinds import STDIN, is_index, is_more_than_files
from trailsleuth.sources.secrets import clean_lines

__all__ = ["Refused", "refused"]

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


class Refused(Struct, kw_only=True):
    """What was picked; the records lie in a temporary folder until the end of the `with` block.

    `records` were looked at (copies counted), `refused` were denied, `openings` opened a session of a denied call, or one before it in the chain.
    `skipped`: what was not read, and why.
    """

    records: int
    refused: int
    openings: int
    skipped: tuple[Skipped, ...]
    _places: tuple[tuple[RowStore, Rows], ...]
    _folder: tempfile.TemporaryDirectory[str]

    def lines(self) -> Iterator[str]:
        """The records as JSON in ASCII, a line each, the denied ones first; secrets are removed."""
        for text in self.text():
            yield from text.splitlines()

    def denied_lines(self) -> Iterator[str]:
        """The denied records alone."""
        store, places = self._places[0]
        for page in store.pages(places):
            yield from clean_lines(as_text(page)).splitlines()

    def text(self) -> Iterator[str]:
        """The same as text that is many lines at a time."""
        for store, places in self._places:
            yield from (clean_lines(as_text(page)) for page in store.pages(places))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for store, _ in self._places:
            store.close()
        self._folder.cleanup()


def refused(paths: Paths, *, stdin: bytes | None = None) -> Refused:
    """Every denied record of exported files, and the calls that opened the sessions; equal copies of a record are given once.

    Raises EvidenceUnreadable for a path that does not exist, UsageError for what is not a file.
    """
    listed = [fspath(path) for path in ([paths] if isinstance(paths, str | PathLike) else paths)]
    if is_more_than_files(listed) or any(is_index(path) for path in listed if path != STDIN):
        raise UsageError("denied records are picked from exported files", next_step="name files, directories or archives")
    picking = _Picking(listed, stdin)
    try:
        return picking.result()
    except BaseException:
        picking.give_up()
        raise


class _Picking:
    """One trail being gone through. Of each record only a few numbers are kept, and those on disk."""

    def __init__(self, paths: list[str], stdin: bytes | None) -> None:
        self.stdin = stdin
        self.listing = list_evidence(paths)
        self.records = 0
        self.folder = tempfile.TemporaryDirectory(prefix="trailsleuth-", ignore_cleanup_errors=True)
        self.refused = RowStore(self.folder.name, 4)
        self.openings = RowStore(self.folder.name, 6)
        self.careful: list[str] = []
        self.skipped: list[Skipped] = list(self.listing.skipped)

    def result(self) -> Refused:
        progress = Progress(self.listing.size)
        chunks = chunks_of([unit for path, size in self.listing.files for unit in units_of(path, size)])
        picked = (unit for chunk in run(partial(pick_refused, folder=self.folder.name), chunks, progress.add) for unit in chunk)
        for path, units in groupby(picked, key=lambda unit: unit.path):
            self._take(path, list(units))
        if self.careful or self.listing.other:
            self._read_carefully()
        progress.end()
        sessions = self._sessions()
        refused = self.refused.places(lambda rows: [True] * len(self.refused.column(rows, 0)))
        openings = self.openings.places(lambda rows: self._open(rows, sessions))
        return Refused(
            records=self.records,
            refused=len(refused) // PLACE,
            openings=len(openings) // PLACE,
            skipped=tuple(self.skipped),
            _places=((self.refused, refused), (self.openings, openings)),
            _folder=self.folder,
        )

    def give_up(self) -> None:
        """Nothing stays on disk."""
        self.refused.close()
        self.openings.close()
        self.folder.cleanup()

    def _take(self, path: str, units: Iterable[UnitPicked]) -> None:
        if not all(unit.readable for unit in units):
            self.careful.append(path)
            return
        for unit in units:
            self.records += unit.records
            self.refused.add(unit.files[0], unit.refused)
            self.openings.add(unit.files[1], unit.openings)

    def _read_carefully(self) -> None:
        from trailsleuth.scan.denied_carefully import picked_from, read_carefully

        with ExitStack() as stack:
            shelf = Shelf(self.folder.name, stack)
            for item in chain(self.listing.inputs(self.careful), self.listing.other_inputs(self.stdin)):
                evidence = read_carefully(item)
                self.skipped += evidence.coverage.skipped
                picked = UnitPicked(item.source, shelf.files)
                shelf.put_away(picked_from(evidence.records, *shelf.places()), picked)
                self._take(item.source, [picked])

    def _sessions(self) -> set[int]:
        """The sessions of the refused calls and those that opened them, up to the first of each chain: a round for each hop of the longest."""
        found = {session for rows in self.refused for session in self.refused.column(rows, 1)} - {0}
        new = found
        while new:
            callers: set[int] = set()
            for rows in self.openings:
                callers.update(compress(self.openings.column(rows, 3), self._open(rows, new)))
            new = callers - found - {0}
            found |= new
        return found

    def _open(self, rows: Rows, sessions: set[int]) -> list[bool]:
        """Of each call that handed out credentials, whether it opened one of the sessions."""
        made = zip(self.openings.column(rows, 1), self.openings.column(rows, 2), strict=True)
        return [by_key in sessions or by_owner in sessions for by_key, by_owner in made]
