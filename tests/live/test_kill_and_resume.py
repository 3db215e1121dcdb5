"""A fetch that is killed at any moment goes on where it was: no finished page is lost, none is doubled."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from tests.live.world import a_world
from trailsleuth.sources.files.case_folder import UNFINISHED

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from trailsleuth.sources.aws import pace; pace.SLACK = 0.01; from trailsleuth.cli.app import main; sys.exit(main())",
]
LIVE = ["--pipeline", "web", "--profile", "tooling", "--profile", "workload"]


def pieces_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json") if path.name != "manifest.json"}


def fetch(*arguments):
    return subprocess.Popen([*COMMAND, "fetch", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def kill_after_call(aws, number, dice, *arguments):
    """Run a fetch and kill it right when its call of that number has arrived."""
    aws.calls.clear()
    process = fetch(*arguments)
    while process.poll() is None and len(aws.calls) < number:
        time.sleep(0.001)
    time.sleep(dice.uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    process.communicate()


def finish(process):
    _, told = process.communicate()
    return process.returncode, told.decode()


def test_killed_and_resumed_runs_end_with_the_pieces_of_an_undisturbed_one(serve, tmp_path):
    dice = random.Random(5)
    aws = serve(a_world(background=150, start=datetime.fromtimestamp(int(time.time()) - 3600, UTC)))
    whole = tmp_path / "whole"
    assert finish(fetch(*LIVE, "--to", str(whole)))[0] == 0
    calls = len(aws.calls)
    for round_number, number in enumerate((calls // 3, calls - 6)):
        folder = tmp_path / f"case-{round_number}"
        kill_after_call(aws, number, dice, *LIVE, "--to", str(folder))
        finished = {name: data for name, data in pieces_of(folder).items() if not name.startswith("gaps/")}
        code, told = finish(fetch("--resume", str(folder)))
        assert code == 0, told
        assert len(aws.calls) <= calls + number
        ended = pieces_of(folder)
        assert ended == pieces_of(whole)
        assert finished.items() <= ended.items()
        assert not list(folder.rglob(f"*{UNFINISHED}"))
        assert set(json.loads((folder / "manifest.json").read_text())["pieces"]) == set(ended)


def test_a_page_mark_that_ran_out_starts_that_question_over(serve, live):
    from tests.live.state import Refused
    from tests.live.test_founding_case import by_name
    from tests.live.world import NOW, START, B
    from trailsleuth.sources.aws.lookup import Lookup, fetch_lookup
    from trailsleuth.sources.aws.store import MemoryStore

    world = a_world(background=400)
    aws = serve(world)
    source, _ = live()
    question = Lookup(account=B, region="eu-west-1", attribute="EventSource", value="ecs.amazonaws.com", start=START.replace(hour=8), end=NOW)
    whole = MemoryStore()
    records = fetch_lookup(question, source.accounts[B], whole)
    assert len(records) > 50
    first = min(by_name(whole.inputs()))
    resumed = MemoryStore()
    resumed.keep(first, by_name(whole.inputs())[first], None)
    history, refusals = world.accounts[B].histories["eu-west-1"], []
    answer = type(history).lookup

    def once_refused(self, asked):
        if "NextToken" in asked and not refusals:
            refusals.append(1)
            raise Refused("InvalidNextTokenException")
        return answer(self, asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(history), "lookup", once_refused)
        again = fetch_lookup(question, source.accounts[B], resumed)
    assert again == records
    assert by_name(resumed.inputs()) == by_name(whole.inputs())
    assert refusals
    assert aws.calls
