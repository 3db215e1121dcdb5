"""Work done in chunks on all cores. Nothing here knows the work, so workers start fast."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar, cast

from trailsleuth.scan.units import Unit

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

T = TypeVar("T")
ORPHANED_AFTER = 0.5  # seconds until a worker sees that nobody waits for it


def no_preparation() -> None:
    """For work that needs none."""


def run(work: Callable[[list[Unit]], T], chunks: list[list[Unit]], done: Callable[[int], None], prepare: Callable[[], None] = no_preparation) -> Iterator[T]:
    """The work on every chunk, in order, on all cores; `done` hears of the weight that was got through. A worker that dies loses nothing: what it left is
    done here. `prepare` is called in each worker before its first chunk."""
    workers = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8, len(chunks))
    if workers < 2:
        yield from _here(work, chunks, done, prepare)
    else:
        yield from _in_pool(work, chunks, done, prepare, workers)


def _here(work: Callable[[list[Unit]], T], chunks: list[list[Unit]], done: Callable[[int], None], prepare: Callable[[], None]) -> Iterator[T]:
    prepare()
    for chunk in chunks:
        yield work(chunk)
        done(sum(unit.weight for unit in chunk))


def _in_pool(work: Callable[[list[Unit]], T], chunks: list[list[Unit]], done: Callable[[int], None], prepare: Callable[[], None], workers: int) -> Iterator[T]:
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    ahead: deque[Future[object]] = deque()
    pool = ProcessPoolExecutor(workers, mp_context=_context(), initializer=_start, initargs=(work, prepare))
    try:
        for index, chunk in enumerate(chunks):
            ahead.extend(pool.submit(_do, later) for later in chunks[index + len(ahead) : index + 3 * workers])
            yield cast(T, ahead.popleft().result())
            done(sum(unit.weight for unit in chunk))
    except BrokenProcessPool:
        yield from _here(work, chunks[index:], done, prepare)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()  # until its thread has ended: with one more, the next workers could not be forked


_WORK: list[Callable[[list[Unit]], object]] = []


def _start(work: Callable[[list[Unit]], object], prepare: Callable[[], None]) -> None:
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
    prepare()
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
