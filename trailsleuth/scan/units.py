"""What a worker takes at a time: a unit is a log file, or a part of a large one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from trailsleuth.scan.parts import HEAD, TAIL, next_cut, parts_of, wrapped
from trailsleuth.scan.quick import GZIP, PART, WHOLE_UP_TO, read_parts, unpacked_size
from trailsleuth.sources.base import MIB, Limits

LOOK = 32 * 1024
CHUNK = MIB  # bytes on disk that a worker takes at a time
UNPACKED = 8  # as much of a plain file, which is not packed
FILES_AT_ONCE = 400
STREAMED = -1
LIMITS = Limits()


class Known(NamedTuple):
    """What the first look told of a part, packed: who called, in the order in which they did first, and what was opened; `told`: a call may tell of a
    thing in question."""

    records: int
    callers: bytes
    openings: bytes
    told: bool


class Unit(Struct, frozen=True, kw_only=True):
    """`end` 0: the whole file in one piece; STREAMED: a large packed file, in parts one after another; else the bytes from `start` to `end` of a large
    plain one, which are records with commas between. `weight` is what it takes, in bytes on disk; `positions` are records wanted by place; `for_owners`:
    nothing is wanted of it but whose a bucket is."""

    path: str
    start: int = 0
    end: int = 0
    weight: int = 0
    positions: frozenset[int] = frozenset()
    for_owners: bool = False
    known: tuple[Known, ...] = ()  # of each of its parts, after the first look


def units_of(path: str, size: int) -> list[Unit]:
    """The file as units: one for most, many for a large plain file."""
    if size <= WHOLE_UP_TO // 12:  # no log compresses so well that this would be large
        return [Unit(path=path, weight=size)]
    unpacked = unpacked_size(path) or 0
    if unpacked <= WHOLE_UP_TO:
        return [Unit(path=path, weight=size)]
    with Path(path).open("rb") as file:
        if file.read(2) == GZIP:
            return [Unit(path=path, end=STREAMED, weight=size)]
    cuts = _cuts(path, size)
    return [Unit(path=path, start=start, end=end, weight=end - start) for start, end in pairwise(cuts)] or [Unit(path=path, weight=size)]


def _cuts(path: str, size: int) -> list[int]:
    """Where a large plain log file can be cut; empty where it is none."""
    with Path(path).open("rb") as file:
        head = file.read(len(HEAD))
        file.seek(max(0, size - 64))
        tail = file.read()
        if head != HEAD or not tail.rstrip().endswith(TAIL):
            return []
        cuts = [len(HEAD)]
        while cuts[-1] + PART < size:
            file.seek(cuts[-1] + PART)
            at = next_cut(file.read(LOOK))
            if at < 0:  # a record is a megabyte at most
                file.seek(cuts[-1] + PART)
                at = next_cut(file.read(4 * MIB))
            if at < 0:
                return []
            cuts.append(cuts[-1] + PART + at)
        cuts.append(size - len(tail) + tail.rindex(TAIL))
    return cuts


def chunks_of(units: list[Unit]) -> list[list[Unit]]:
    """Units in groups of about the same weight, so that handing them over costs little."""
    chunks: list[list[Unit]] = [[]]
    held = 0
    for unit in units:
        cost = unit.weight // UNPACKED if unit.end > 0 else unit.weight
        if chunks[-1] and (held + cost > CHUNK or len(chunks[-1]) >= FILES_AT_ONCE):
            chunks.append([])
            held = 0
        chunks[-1].append(unit)
        held += cost
    return [chunk for chunk in chunks if chunk]


def parts_in(unit: Unit) -> Iterator[bytes]:
    """A part of a large file, or its parts one after another, each a log file of its own. Raises ValueError where it is no plain one."""
    if unit.end == STREAMED:
        return parts_of(read_parts(unit.path, LIMITS))
    with Path(unit.path).open("rb") as file:
        file.seek(unit.start)
        data = file.read(unit.end - unit.start)
    end = len(data)
    while data[end - 1 : end].isspace():
        end -= 1
    return iter([wrapped(memoryview(data)[: end - data.endswith(b",", 0, end)])])  # the comma before the next part
