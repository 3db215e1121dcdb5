"""The rows of picked records, on disk, and which of them are handed out: in the same memory however large the trail is."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import compress, groupby
from mmap import ACCESS_READ, mmap
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

from trailsleuth.scan.refused import interleaved
from trailsleuth.scan.repeated import more_than_once
from trailsleuth.sources.base import MIB

PLACE = 3  # numbers that tell where a line stands: which file, the offset, and the length
AT_ONCE = 20_000  # numbers that are held twice to see which of them are repeated
PAGE = MIB  # bytes that are handed out at a time
Rows: TypeAlias = "array[int]"
Wanted: TypeAlias = "Callable[[Rows], Iterable[bool]]"


class RowStore:
    """Rows of `width` numbers, in the order in which they came, of lines in some files of a folder. The first is the record's number; the last two tell
    the place."""

    def __init__(self, folder: str, width: int) -> None:
        self._folder = Path(folder)
        self._rows = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by close()
        self._width = width
        self._files: list[str] = []
        self._sizes: list[int] = []  # bytes of the rows of each file

    def add(self, file: str, rows: bytes) -> None:
        """More rows, of lines in the file."""
        if not self._files or self._files[-1] != file:
            self._files.append(file)
            self._sizes.append(0)
        self._sizes[-1] += len(rows)
        self._rows.write(rows)

    def __iter__(self) -> Iterator[Rows]:
        """File by file, the rows of all its lines one after another."""
        self._rows.seek(0)
        for size in self._sizes:
            rows = array("Q")
            rows.frombytes(self._rows.read(size))
            yield rows

    def close(self) -> None:
        """The rows are given up."""
        self._rows.close()

    def column(self, rows: Rows, index: int) -> Rows:
        """One of the numbers of every row."""
        return rows[index :: self._width]

    def places(self, wanted: Wanted) -> Rows:
        """The places of the lines that are wanted, `PLACE` numbers for each. Each record is there once; copies that differ are all kept, since one may be
        forged."""
        numbers, places = array("Q"), array("Q")
        for file, rows in enumerate(self):
            chosen = list(wanted(rows))
            number, start, length = (list(compress(self.column(rows, index), chosen)) for index in (0, self._width - 2, self._width - 1))
            numbers.extend(number)
            places += interleaved([file] * len(number), start, length)
        repeated = more_than_once(numbers, AT_ONCE)
        return self._without_copies(numbers, places, repeated) if repeated else places

    def _without_copies(self, numbers: Rows, places: Rows, repeated: frozenset[int]) -> Rows:
        seen: dict[int, set[bytes]] = {number: set() for number in repeated}
        kept = array("Q")
        for number, place in zip(numbers, _places(places), strict=True):
            if number in seen:
                content = blake2b(b"".join(self.pages(array("Q", place)))).digest()
                if content in seen[number]:
                    continue
                seen[number].add(content)
            kept.extend(place)
        return kept

    def pages(self, places: Rows) -> Iterator[bytes]:
        """The lines at the places, about a page at a time."""
        held: list[bytes] = []
        size = 0
        for file, of_file in groupby(_places(places), key=itemgetter(0)):
            with (self._folder / self._files[file]).open("rb") as out, mmap(out.fileno(), 0, access=ACCESS_READ) as lines:
                for _, start, length in of_file:
                    held.append(lines[start : start + length])
                    size += length
                    if size > PAGE:
                        yield b"".join(held)
                        held, size = [], 0
        yield b"".join(held)


def _places(places: Rows) -> Iterator[tuple[int, ...]]:
    return zip(*[iter(places)] * PLACE, strict=True)
