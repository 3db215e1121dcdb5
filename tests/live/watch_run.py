"""A watch as its own process, on the simulated clock that the test's server moves: `python -m tests.live.watch_run STATE CLOCK END`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.live.world import ACTION_ROLE
from trailsleuth.api.watch_state import open_state
from trailsleuth.api.watching import Watch
from trailsleuth.sources.aws.pace import Pace
from trailsleuth.sources.aws.sessions import Surroundings, open_accounts
from trailsleuth.sources.aws.ways import Ways

EVERY = 300.0  # seconds between two reads, as `--every` says


def main(state: str, clock: str, end: str) -> None:
    moved = Path(clock)

    def now() -> datetime:
        return datetime.fromtimestamp(int(float(moved.read_text())), UTC)

    around = Surroundings(pace=Pace(per_second=10_000), now=now, sleep=lambda seconds: None)
    kept = open_state(Path(state))
    accounts = open_accounts(Ways(profiles=("workload",)), around)
    watch = Watch(accounts=accounts, regions=("eu-west-1",), roles=(ACTION_ROLE,), begin=kept.begin_at(now()), state=kept)
    while now() < datetime.fromtimestamp(float(end), UTC):
        list(watch.read(now()))
        moved.write_text(str(float(moved.read_text()) + EVERY))


if __name__ == "__main__":
    main(*sys.argv[1:])
