"""A long fuzzing run by seeds: how many inputs, how many broke a law, the slowest, the memory.

    python -m bench.fuzz_long read --inputs 1000000 --seed 1 --processes 2
    python -m bench.fuzz_long read --replay 4711             # one input again, with its traceback

Input n of a run is made from the seed alone, so that a number is all that a report needs. Inputs that broke a law or took longer than a second
are listed; the exit code is 1 where there is one.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
import traceback
from multiprocessing import get_context
from typing import NamedTuple

from fuzz.choices import Dice
from fuzz.targets import TARGETS

TOO_LONG = 1.0
BATCH = 2_000


class Batch(NamedTuple):
    inputs: int
    broken: list[tuple[int, str]]
    slow: list[tuple[int, float]]
    slowest: float
    memory: int
    """MiB at most, of the process that ran it."""


def run_batch(task: tuple[str, int, int]) -> Batch:
    target, first, count = task
    check = TARGETS[target]
    broken: list[tuple[int, str]] = []
    slow: list[tuple[int, float]] = []
    slowest = 0.0
    for seed in range(first, first + count):
        start = time.process_time()
        try:
            check(Dice(random.Random(seed)))
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            broken.append((seed, f"{type(error).__name__}: {str(error)[:160]} at {place.filename.rpartition('/')[2]}:{place.lineno}"))
        took = time.process_time() - start
        slowest = max(slowest, took)
        if took > TOO_LONG:
            slow.append((seed, took))
    return Batch(count, broken, slow, slowest, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="number of the first input")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--replay", type=int, metavar="NUMBER")
    options = parser.parse_args()
    if options.replay is not None:
        TARGETS[options.target](Dice(random.Random(options.replay)))
        return 0
    tasks = [(options.target, first, min(BATCH, options.seed + options.inputs - first)) for first in range(options.seed, options.seed + options.inputs, BATCH)]
    start, done, slowest, memory, broken, slow = time.monotonic(), 0, 0.0, 0, 0, 0
    with get_context("spawn").Pool(options.processes) as pool:
        for batch in pool.imap_unordered(run_batch, tasks):
            done, slowest, memory = done + batch.inputs, max(slowest, batch.slowest), max(memory, batch.memory)
            broken, slow = broken + len(batch.broken), slow + len(batch.slow)
            for seed, told in batch.broken[:20]:
                print(f"broken {seed}: {told}", flush=True)
            for seed, took in batch.slow:
                print(f"slow {seed}: {took:.2f} s", flush=True)
            if done % (BATCH * 25) < BATCH:
                print(f"{done:,} inputs, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    print(
        f"{options.target}: {done:,} inputs, {broken} broke a law, {slow} over {TOO_LONG:.0f} s (slowest {slowest:.3f} s), "
        f"{memory} MiB, {time.monotonic() - start:.0f} s"
    )
    return 1 if broken or slow else 0


if __name__ == "__main__":
    sys.exit(main())
