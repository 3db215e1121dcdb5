"""Kills a fetch at random moments and resumes it, a hundred times: `python bench/kill_resume.py [ROUNDS]`.

Each round ends with the pieces of an undisturbed run, or the round is printed as lost.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.live.servers import serving
from tests.live.world import REGION, TOOLING, WORKLOAD, a_world

FETCH = [
    sys.executable,
    "-c",
    "import sys; from trailsleuth.sources import pace; pace.SLACK = 0.01; from trailsleuth.cli.app import main; sys.exit(main())",
    "fetch",
]
LIVE = ["--pipeline", "web", "--profile", "tooling", "--profile", "workload"]


def pieces_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json") if path.name != "manifest.json"}


def run(*arguments: str, kill: Callable[[], bool] = lambda: False) -> int:
    """Runs a fetch to its end, or until it is time to kill it."""
    process = subprocess.Popen([*FETCH, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if kill():
            process.send_signal(signal.SIGKILL)
        time.sleep(0.002)
    return process.returncode


def profiles(folder: Path) -> None:
    lines = [("tooling", TOOLING), ("workload", WORKLOAD)]
    (folder / "config").write_text("".join(f"[profile {name}]\nregion = {REGION}\n" for name, _ in lines))
    (folder / "credentials").write_text("".join(f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = secret\n" for name, key in lines))
    os.environ |= {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials")}


def main(rounds: int) -> int:
    dice, lost, kills = random.Random(11), 0, 0
    with tempfile.TemporaryDirectory() as place, serving(a_world(background=2000, start=datetime.fromtimestamp(int(time.time()) - 3600, UTC))) as aws:
        root = Path(place)
        profiles(root)
        os.environ["AWS_ENDPOINT_URL"] = aws.url
        run(*LIVE, "--to", str(root / "whole"))
        whole, calls = pieces_of(root / "whole"), len(aws.calls)
        for number in range(rounds):
            folder = root / f"case-{number}"
            arguments = [*LIVE, "--to", str(folder)]
            for _ in range(dice.randint(1, 3)):
                aws.calls.clear()
                after, late = dice.randint(1, calls), dice.uniform(0, 0.03)
                code = run(*arguments, kill=lambda after=after, late=late: len(aws.calls) >= after and not time.sleep(late))
                kills += code == -signal.SIGKILL
                if (folder / "manifest.json").exists():
                    arguments = ["--resume", str(folder)]
            run(*arguments)
            same = pieces_of(folder) == whole
            lost += not same
            if not same:
                differing = {name for name, _ in set(pieces_of(folder).items()) ^ set(whole.items())}
                print(f"round {number}: lost or doubled: {sorted(differing)}")
    print(f"{rounds} rounds, {kills} kills, {lost} rounds with a lost or doubled piece")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
