"""What a worker does: a unit is a log file, or a part of a large one. Nothing here knows the question or the analysis, so workers start fast."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from trailsleuth.fetch.base import MIB, Limits
from trailsleuth.fetch.quick import GZIP, PART, WHOLE_UP_TO, FileFacts, facts_of, read_parts, read_whole, unpacked_size
from trailsleuth.ingest.scan import Glimpse, glance_at
from trailsleuth.ingest.scan_identity import Identities
from trailsleuth.ingest.scan_parts import HEAD, TAIL, next_cut, parts_of, wrapped
from trailsleuth.ingest.scan_select import Selected, Selection, select_from

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

T = TypeVar("T")
LOOK = 32 * 1024
CHUNK = MIB  # bytes on disk that a worker takes at a time
FILES_AT_ONCE = 400
STREAMED = -1
ORPHANED_AFTER = 0.5  # seconds until a worker sees that nobody waits for it
_LIMITS = Limits()
_IDENTITIES = Identities()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """`end` 0: the whole file in one piece; STREAMED: a large packed file, in parts one after another; else the bytes from `start` to `end` of a large
    plain one, which are records with commas between. `weight` is what it takes, in bytes on disk; `positions` are records wanted by place."""

    path: str
    start: int = 0
    end: int = 0
    weight: int = 0
    positions: frozenset[int] = frozenset()
    counts: tuple[int, ...] = ()  # records in each part of a streamed file, known after the first look


@dataclass(slots=True)
class Looked:
    """What the first look at a unit gave: nothing in `parts` where the file has to be read the careful way."""

    unit: Unit
    facts: FileFacts | None = None
    parts: list[Glimpse] = field(default_factory=list)


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
        if chunks[-1] and (held + unit.weight > CHUNK or len(chunks[-1]) >= FILES_AT_ONCE):
            chunks.append([])
            held = 0
        chunks[-1].append(unit)
        held += unit.weight
    return [chunk for chunk in chunks if chunk]


def first_look(chunk: list[Unit], ids: frozenset[str]) -> list[Looked]:
    """The first look at some units."""
    return [_first_look(unit, ids) for unit in chunk]


def _first_look(unit: Unit, ids: frozenset[str]) -> Looked:
    if unit.end == 0:
        read = read_whole(unit.path, _LIMITS)
        if read is None:
            return Looked(unit)
        glimpse = glance_at(read[0], _IDENTITIES, ids)
        return Looked(unit, read[1], [glimpse] if glimpse is not None else [])
    try:
        parts = [glance_at(data, _IDENTITIES, ids) for data in parts_in(unit)]
        facts = facts_of(unit.path) if unit.end == STREAMED else None
    except (OSError, ValueError, MemoryError):
        return Looked(unit)
    return Looked(unit, facts, [part for part in parts if part is not None]) if None not in parts else Looked(unit)


def second_look(chunk: list[Unit], selection: Selection) -> list[tuple[Unit, list[Selected]]]:
    """The second look: each unit with what was found in its parts."""
    return [(unit, list(_second_look(unit, selection))) for unit in chunk]


def _second_look(unit: Unit, selection: Selection) -> Iterator[Selected]:
    if unit.end == 0:
        read = read_whole(unit.path, _LIMITS)
        found = select_from(read[0], selection, _IDENTITIES, unit.positions) if read is not None else None
        if found is None:
            raise FileChanged(unit.path)
        yield found
        return
    before = 0
    for data, count in zip(parts_in(unit), unit.counts, strict=True):
        wanted = frozenset(position - before for position in unit.positions if before <= position < before + count)
        found = select_from(data, selection, _IDENTITIES, wanted)
        if found is None:
            raise FileChanged(unit.path)
        before += count
        yield found


class FileChanged(Exception):
    """A file reads otherwise than at the first look."""


def parts_in(unit: Unit) -> Iterator[bytes]:
    """A part of a large file, or its parts one after another, each a log file of its own. Raises ValueError where it is no plain one."""
    if unit.end == STREAMED:
        return parts_of(read_parts(unit.path, _LIMITS))
    with Path(unit.path).open("rb") as file:
        file.seek(unit.start)
        data = file.read(unit.end - unit.start)
    end = len(data)
    while data[end - 1 : end].isspace():
        end -= 1
    return iter([wrapped(memoryview(data)[: end - data.endswith(b",", 0, end)])])  # the comma before the next part


def run(work: Callable[[list[Unit]], T], chunks: list[list[Unit]], done: Callable[[int], None]) -> Iterator[T]:
    """The work on every chunk, in order, on all cores; `done` hears of the weight that was got through. A worker that dies loses nothing: what it left is
    done here."""
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8, len(chunks))
    if workers < 2:
        yield from _here(work, chunks, done)
    else:
        yield from _in_pool(work, chunks, done, workers)


def _here(work: Callable[[list[Unit]], T], chunks: list[list[Unit]], done: Callable[[int], None]) -> Iterator[T]:
    _IDENTITIES.forget()
    for chunk in chunks:
        yield work(chunk)
        done(sum(unit.weight for unit in chunk))


def _in_pool(work: Callable[[list[Unit]], T], chunks: list[list[Unit]], done: Callable[[int], None], workers: int) -> Iterator[T]:
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    ahead: deque[Future[object]] = deque()
    with ProcessPoolExecutor(workers, mp_context=_context(), initializer=_start, initargs=(work,)) as pool:
        try:
            for index, chunk in enumerate(chunks):
                ahead.extend(pool.submit(_do, later) for later in chunks[index + len(ahead) : index + 3 * workers])
                yield cast(T, ahead.popleft().result())
                done(sum(unit.weight for unit in chunk))
        except BrokenProcessPool:
            yield from _here(work, chunks[index:], done)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_WORK: list[Callable[[list[Unit]], object]] = []


def _start(work: Callable[[list[Unit]], object]) -> None:
    """The work is handed over once. No reference cycles are made in it; looking for them would take a third of the time.

    The one who asked is interrupted and ended by signals, not the workers; they end with it, even where it was killed.
    """
    import gc
    import signal
    import threading

    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _IDENTITIES.forget()
    _WORK[:] = [work]


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHANED_AFTER)
    os._exit(1)


def _do(chunk: list[Unit]) -> object:
    return _WORK[0](chunk)


def _context() -> BaseContext:
    import multiprocessing
    import threading

    fork = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1 and os.name == "posix" and os.uname().sysname == "Linux"
    return multiprocessing.get_context("fork" if fork else "spawn")
