"""How long a live diagnosis takes, and how many lookups: `python bench/live.py [BACKGROUND]`.

The founding case among BACKGROUND records (20,000) in each of two accounts, at LookupEvents' two calls a second, on a calm server and on one that
throttles, fails, resets and answers slowly in 30 % of the calls. The answers have to be the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.kill_resume import LIVE, profiles
from tests.live.servers import Faults, serving
from tests.live.world import a_world

DIAGNOSE = [sys.executable, "-m", "trailsleuth", "diagnose", *LIVE, "--output", "json"]


def main(background: int) -> int:
    answers = []
    with tempfile.TemporaryDirectory() as place:
        profiles(Path(place))
        start = datetime.fromtimestamp(int(time.time()) - 3600, UTC)
        for rate in (0.0, 0.3):
            with serving(a_world(background=background, start=start)) as aws:
                os.environ["AWS_ENDPOINT_URL"] = aws.url
                aws.per_second, aws.faults = 2, Faults(rate=rate)
                begun = time.monotonic()
                answer = subprocess.run(DIAGNOSE, capture_output=True, check=False)
                seconds = time.monotonic() - begun
            answers.append(answer.stdout)
            outcome = json.loads(answer.stdout)["outcome"] if answer.stdout else answer.stderr.decode()
            asked = sum(line.startswith(b"asking ") for line in answer.stderr.splitlines())
            print(
                f"faults {rate:.0%}: {outcome}, exit {answer.returncode}, {seconds:.1f} s, {asked} lookups asked, "
                f"{aws.count('cloudtrail:LookupEvents')} LookupEvents and {len(aws.calls)} calls reached the server, {aws.throttled} over the pace"
            )
    print("same answer" if answers[0] == answers[1] else "the answers differ")
    return 0 if answers[0] == answers[1] else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
