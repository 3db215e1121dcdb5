"""A watch says each new denial once, however late and out of order it is delivered, and across kill -9 and restart."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from bisect import insort
from datetime import timedelta
from functools import partial

import pytest

from tests.live.full_world import DETAILS, a_full_world
from tests.live.servers import Faults
from tests.live.state import History, event_of
from tests.live.world import ACTION_ROLE, KEY_B, NOW, REGION, START, B, a_record, a_session, a_world
from tests.sample import EVERY_CASE
from trailsleuth import api
from trailsleuth.api.watch_state import open_state
from trailsleuth.cli.app import main
from trailsleuth.sources.aws.sessions import Surroundings

DENIALS = 10_000 if EVERY_CASE else 1_000
HOUR, LATEST = 3600.0, 15 * 60.0
ACTIONS = ("ssm:GetParameter", "sqs:SendMessage", "dynamodb:DescribeTable", "ecr:DescribeImages")
OTHER = f"arn:aws:iam::{B}:role/Other"


def denied(number, at, role=ACTION_ROLE):
    service, _, name = ACTIONS[number % len(ACTIONS)].partition(":")
    who = a_session(role, "run", KEY_B, START)
    text = f"User: {who['arn']} is not authorized to perform: {service}:{name} on resource: * because no identity-based policy allows it"
    event = f"{number:08d}-1111-4222-8333-{'a' if role == ACTION_ROLE else 'b'}44455556666"
    refusal = {"errorCode": "AccessDenied", "errorMessage": text, "eventID": event}
    return a_record(B, at, f"{service}.amazonaws.com", name, identity=who, **refusal)


class Delivered(History):
    """A history that shows a record only once the clock is past its delivery."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.due = clock, []

    def deliver(self):
        now = self.clock()
        while self.due and self.due[-1][0] <= now:
            insort(self.events, event_of(self.due.pop()[1]), key=lambda event: -event["EventTime"])  # a watch asks for all of a time

    def lookup(self, asked):
        self.deliver()
        return super().lookup(asked)


def an_hour(dice, clock):
    """10,000 denials of the role spread over an hour, some of another role between them, each delivered up to a quarter of an hour late."""
    history = Delivered(clock)
    for number in range(DENIALS):
        at = START + timedelta(seconds=HOUR * number / DENIALS)
        history.due.append((at.timestamp() + dice.uniform(1, LATEST), denied(number, at)))
        if number % 20 == 0:
            history.due.append((at.timestamp() + dice.uniform(1, LATEST), denied(number, at, OTHER)))
    history.due.sort(key=lambda one: one[0], reverse=True)
    return history


def reported(path):
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [identifier for line in lines for identifier in line.get("ids", ())]


def test_thousands_of_denials_in_an_hour_are_each_reported_once_across_kills(serve, tmp_path):
    dice = random.Random(3)
    clock, state = tmp_path / "clock", tmp_path / "state.jsonl"
    clock.write_text(str(START.timestamp()))
    world = a_world()
    history = an_hour(dice, lambda: float(clock.read_text()))
    world.accounts[B].histories[REGION] = history
    aws = serve(world)
    end = START.timestamp() + HOUR + LATEST + 600  # two reads after the last is delivered
    calls, kills, running = [], [], []

    def tick(account, region, call):
        if call == "cloudtrail:LookupEvents":
            clock.write_text(str(float(clock.read_text()) + 0.5))  # two calls a second
            calls.append(call)
            if (len(calls) in (20, 50, 80) or dice.random() < 0.006) and running:
                running[-1].send_signal(signal.SIGKILL)
                kills.append(call)

    aws.on_call = tick
    while float(clock.read_text()) < end:
        running.append(subprocess.Popen([sys.executable, "-m", "tests.live.watch_run", str(state), str(clock), str(end)]))
        assert running[-1].wait() in (0, -signal.SIGKILL)
    found = reported(state)
    assert len(kills) >= 3
    assert not history.due
    assert len(found) == len(set(found)) == DENIALS
    assert all(identifier.endswith("a44455556666") for identifier in found)


@pytest.fixture
def at_once(serve, monkeypatch):
    """The command on a world as it is an hour after its failure."""
    monkeypatch.setattr("trailsleuth.cli.watch.Surroundings", partial(Surroundings, now=lambda: NOW))
    monkeypatch.setattr("trailsleuth.sources.aws.pace.SLACK", 0.01)

    def start(world):
        return serve(world)

    return start


def watch(capsys, *arguments):
    code = main(["watch", "--profile", "workload", "--region", REGION, *arguments])
    return code, *capsys.readouterr()


SINCE = ("--since", "2026-03-04T08:00:00Z")


def test_once_says_what_is_new_and_then_nothing(at_once, capsys, tmp_path):
    at_once(a_world(background=120))
    state = ("--state", str(tmp_path / "state.jsonl"))
    code, out, _ = watch(capsys, *SINCE, *state, "--once")
    assert code == 1
    (line,) = out.splitlines()
    assert line.startswith(f"2026-03-04 09:01:44Z {B} {REGION} 1x {ACTION_ROLE} ecs:RegisterTaskDefinition on * (identity, implicit deny, AccessDenied)")
    assert watch(capsys, *SINCE, *state, "--once")[:2] == (0, "")
    code, out, _ = watch(capsys, *SINCE, "--once", "-o", "json")
    assert (code, json.loads(out)["count"]) == (1, 1)


def test_other_roles_are_not_reported(at_once, capsys):
    at_once(a_world())
    assert watch(capsys, *SINCE, "--once", "--role", OTHER)[:2] == (0, "")
    assert watch(capsys, *SINCE, "--once", "--role", "CrossAccountDeploy")[0] == 1


def test_what_cannot_be_read_is_said_and_read_again(at_once, capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("trailsleuth.sources.aws.calls.FIRST_PAUSE", 0.0001)
    aws = at_once(a_world())
    state = ("--state", str(tmp_path / "state.jsonl"))
    aws.faults = Faults(rate=1.0, kinds=("throttle",), only="cloudtrail:LookupEvents")
    code, out, err = watch(capsys, *SINCE, *state, "--once")
    assert (code, out) == (3, "")
    assert "could not be read now" in err
    aws.faults = Faults(rate=0.3)
    assert watch(capsys, *SINCE, *state, "--once")[0] == 1


def test_what_aws_says_of_a_denial_is_kept_while_it_is_to_be_had(at_once, capsys, tmp_path):
    at_once(a_full_world())
    assert watch(capsys, *SINCE, "--once", "--details", str(tmp_path / "details"))[0] == 1
    assert [path.name for path in tmp_path.rglob(f"details-{DETAILS}.json")]
    assert [path.name for path in tmp_path.rglob("policy-*.json")]
    assert watch(capsys, *SINCE, "--once", "--details", str(tmp_path / "details"))[0] == 1
    assert api.load(tmp_path / "details").evidence.decoded


def test_ctrl_c_ends_it_cleanly_and_nothing_is_lost(at_once, capsys, tmp_path, monkeypatch):
    at_once(a_world())

    def stop(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("trailsleuth.cli.watch.Surroundings", partial(Surroundings, now=lambda: NOW, sleep=stop))
    state = tmp_path / "state.jsonl"
    code, out, err = watch(capsys, *SINCE, "--state", str(state))
    assert code == 130
    assert len(out.splitlines()) == len(reported(state)) == 1
    assert "stopped; continue with --state" in err


def test_two_watches_do_not_share_a_state_and_another_file_is_none(at_once, capsys, tmp_path):
    at_once(a_world())
    state = tmp_path / "state.jsonl"
    held = open_state(state)
    code, _, err = watch(capsys, *SINCE, "--state", str(state), "--once")
    assert (code, "another watch writes to" in err) == (2, True)
    held.close()
    other = tmp_path / "other.txt"
    other.write_text("notes\n")
    code, _, err = watch(capsys, *SINCE, "--state", str(other), "--once")
    assert (code, "is not the state of a watch" in err) == (2, True)
    assert other.read_text() == "notes\n"


def test_a_line_that_a_kill_cut_off_is_found_again(at_once, capsys, tmp_path):
    at_once(a_world())
    state = tmp_path / "state.jsonl"
    watch(capsys, *SINCE, "--state", str(state), "--once")
    whole = state.read_bytes()
    found = next(number for number, line in enumerate(whole.splitlines(keepends=True)) if b'"ids"' in line)
    lines = whole.splitlines(keepends=True)
    state.write_bytes(b"".join(lines[:found]) + lines[found][:40])
    assert watch(capsys, *SINCE, "--state", str(state), "--once")[0] == 1
    assert len(reported(state)) == 1
