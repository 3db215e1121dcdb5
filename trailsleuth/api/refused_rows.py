"""The rows of picked records, on disk, and which of them are handed out: in the same memory however large the trail is."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from itertools import compress, groupby
from pathlib import Path
from typing import TypeAlias

from trailsleuth.api.repeated import more_than_once
from trailsleuth.fetch.base import MIB

PLACE = 3  # numbers that tell where lines stand: which file, the offset, and the length
PAGE = MIB  # bytes that are read at a time
Rows: TypeAlias = "array[int]"
Wanted: TypeAlias = "Callable[[Rows], Iterable[bool]]"


class RowStore:
    """Rows of `width` numbers, in the order in which they came, of lines in some files of a folder. The first is the record's number; the last two tell
    the place."""

    def __init__(self, folder: str, width: int) -> None:
        self._folder = Path(folder)
        self._rows = tempfile.TemporaryFile(dir=folder)
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

    def places(self, wanted: Wanted) -> tuple[int, array[int]]:
        """How many records are wanted, and the places of their lines; lines that follow one another are one place.

        Each record is there once; copies that differ are all kept, since one may be forged.
        """
        seen: dict[int, set[bytes]] = {number: set() for number in more_than_once(self._numbers(wanted))}
        count, places = 0, array("Q")
        for number, file, start, length in self._wanted(wanted):
            if number in seen:
                content = blake2b(self._line(file, start, length)).digest()
                if content in seen[number]:
                    continue
                seen[number].add(content)
            count += 1
            if places and places[-3] == file and places[-2] + places[-1] == start:
                places[-1] += length
            else:
                places.extend((file, start, length))
        return count, places

    def pages(self, places: array[int]) -> Iterator[bytes]:
        """The lines at the places, many at a time."""
        held, size = [b""], 0
        for piece in self._pieces(places):
            held.append(piece)
            size += len(piece)
            if size > PAGE:
                yield b"".join(held)
                held, size = [], 0
        yield b"".join(held)

    def _pieces(self, places: array[int]) -> Iterator[bytes]:
        for file, of_file in groupby(zip(*[iter(places)] * PLACE, strict=True), key=lambda place: place[0]):
            with (self._folder / self._files[file]).open("rb") as lines:
                for _, start, length in of_file:
                    lines.seek(start)
                    left = length
                    while left > 0:
                        piece = lines.read(min(left, PAGE))
                        piece += b"" if piece.endswith(b"\n") else lines.readline()
                        left -= len(piece)
                        yield piece

    def _line(self, file: int, start: int, length: int) -> bytes:
        with (self._folder / self._files[file]).open("rb") as lines:
            lines.seek(start)
            return lines.read(length)

    def _numbers(self, wanted: Wanted) -> array[int]:
        numbers = array("Q")
        for rows in self:
            numbers.extend(compress(self.column(rows, 0), wanted(rows)))
        return numbers

    def _wanted(self, wanted: Wanted) -> Iterator[tuple[int, int, int, int]]:
        for file, rows in enumerate(self):
            columns = zip(self.column(rows, 0), self.column(rows, self._width - 2), self.column(rows, self._width - 1), strict=True)
            yield from ((number, file, start, length) for number, start, length in compress(columns, wanted(rows)))
