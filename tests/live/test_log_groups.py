"""A log group of CloudWatch Logs as evidence: short windows by FilterLogEvents, long ones by Logs Insights; the same answer as from the records exported."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
from msgspec.structs import force_setattr

from tests.live.servers import Faults
from tests.live.state import LogGroup
from tests.live.world import ACTION_ROLE, KEY_B, START, A, B, a_world
from trailsleuth import api
from trailsleuth.api.engines import Asked, read_engines
from trailsleuth.cli.app import main
from trailsleuth.errors import AccountUnreachable, EvidenceUnreadable, SourceError, UsageError
from trailsleuth.model import Inquiry, RawInput, Skipped
from trailsleuth.sources.aws.operations import shipped_policy
from trailsleuth.sources.files.exports import read_inputs

GROUP = "/org/cloudtrail"
URL = f"logs://{GROUP}"
SHORT = {"since": START - timedelta(minutes=30), "until": START + timedelta(minutes=30)}
LONG = {"since": START - timedelta(hours=20), "until": START + timedelta(hours=4)}
BY_ROLE = {"role": ACTION_ROLE}


def a_group(world, *, account=A, name=GROUP):
    """Both accounts' records in one group, as a centralised account has them; and a line that is no record."""
    records = [json.loads(event["CloudTrailEvent"]) for state in world.accounts.values() for history in state.histories.values() for event in history.events]
    events = [(int(datetime.fromisoformat(record["eventTime"]).timestamp() * 1000), json.dumps(record)) for record in records]
    world.accounts[account].log_groups[name] = LogGroup(events=sorted([*events, (events[0][0], "START RequestId: 1"), (events[0][0], "{")]))
    return world.accounts[account].log_groups[name], records


def searched(live, url=URL, *, names=("tooling", "workload"), roles=(), **asked):
    source, heard = live(names=names)
    found = list(read_engines([url], Asked(inquiry=Inquiry(**asked), roles=frozenset(roles)), around=source.around, opened=source.accounts.values()))
    return found, heard.lines


def exported(records, window):
    """The records of the window, and of the time in which their sessions may have been opened, as a file."""
    first, last = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (window["since"] - timedelta(hours=12), window["until"]))
    held = [record for record in records if first <= record["eventTime"] <= last]
    return [RawInput(source="trail", data=json.dumps({"Records": held}).encode())]


def of_the_chain(found):
    case = api.load_inputs(found).diagnose(**BY_ROLE)
    return [(f.standing.value, f.principal, f.iam_action, f.count) for f in case.case_file.findings], [chain.hops for chain in case.case_file.chains]


@pytest.mark.parametrize("window", [SHORT, LONG], ids=["FilterLogEvents", "Logs Insights"])
def test_the_founding_case_is_read_out_of_a_log_group(serve, live, window):
    world = a_world(background=400)
    _, records = a_group(world)
    aws = serve(world)
    found, said = searched(live, **window, **BY_ROLE)
    assert of_the_chain(found) == of_the_chain(exported(records, window))
    assert KEY_B.encode() in found[1].data
    assert len(found[1].data.splitlines()) < len(records) / 2
    filtered = aws.count("logs:FilterLogEvents")
    assert (filtered > 0, aws.count("logs:StartQuery") > 0) == (window is SHORT, window is LONG)
    cost = "costs nothing by the byte" if window is SHORT else "read, about $0.0"
    assert any(cost in line for line in said), said


@pytest.mark.parametrize("window", [SHORT, LONG], ids=["FilterLogEvents", "Logs Insights"])
def test_the_answers_of_the_group_that_were_saved_lead_to_the_same(serve, live, tmp_path, window):
    world = a_world(background=100)
    group, _ = a_group(world)
    serve(world)
    found, _ = searched(live, **window, **BY_ROLE)
    messages = [message for _, message in group.events if any(name in message for name in (KEY_B, "AssumeRole"))]
    filtered = {"events": [{"message": message, "timestamp": 0, "eventId": "1"} for message in messages], "searchedLogStreams": []}
    insights = {"status": "Complete", "results": [[{"field": "@message", "value": message}, {"field": "@ptr", "value": "p"}] for message in messages]}
    (tmp_path / "saved.json").write_text(json.dumps(filtered if window is SHORT else insights))
    assert of_the_chain([*read_inputs([str(tmp_path / "saved.json")])]) == of_the_chain(found)


@pytest.mark.parametrize("window", [SHORT, LONG], ids=["FilterLogEvents", "Logs Insights"])
def test_faults_on_the_way_change_nothing(serve, live, window):
    world = a_world(background=200)
    a_group(world)
    aws = serve(world)
    calm, _ = searched(live, **window)
    aws.faults = Faults(rate=0.3)
    rough, _ = searched(live, **window)
    assert [one.data for one in rough if isinstance(one, RawInput)] == [one.data for one in calm if isinstance(one, RawInput)]


def test_the_group_of_another_account_is_asked_by_its_arn(serve, live):
    world = a_world()
    arn = f"arn:aws:logs:eu-west-1:{B}:log-group:{GROUP}"
    a_group(world, account=B, name=arn)
    aws = serve(world)
    found, _ = searched(live, f"logs://{arn}", **SHORT)
    assert KEY_B.encode() in found[1].data
    assert {account for account, _, call in aws.calls if call.startswith("logs:")} == {B}


def test_a_group_that_is_not_there_is_said_with_the_places(serve, live):
    serve(a_world())
    with pytest.raises(EvidenceUnreadable, match="there is no log group") as caught:
        searched(live, **SHORT)
    assert f"{A} eu-west-1" in caught.value.what
    assert "describe-log-groups" in caught.value.next_step


@pytest.mark.parametrize("state", ["Failed", "Timeout", "Cancelled", "Unknown"])
def test_a_query_that_fails_ends_the_run_where_nothing_is_left_and_else_is_named(serve, live, state):
    world = a_world()
    group, _ = a_group(world)
    serve(world)
    group.states = ["Scheduled", "Running", state]
    with pytest.raises(SourceError, match="could not be searched") as caught:
        searched(live, **LONG)
    assert state in caught.value.why
    group.states = ["Complete", state]
    found, _ = searched(live, **LONG)
    (lost,) = [one for one in found if isinstance(one, Skipped) and one.lost]
    assert state in lost.reason
    assert "changes of policies" in lost.reason


def test_a_window_with_too_many_rows_is_asked_in_halves_and_what_stays_cut_is_named(serve, live, monkeypatch):
    monkeypatch.setattr("trailsleuth.sources.engines.logs.LIMIT", 3)
    world = a_world(background=300)
    group, records = a_group(world)
    serve(world)
    found, _ = searched(live, **LONG, **BY_ROLE)
    assert of_the_chain(found) == of_the_chain(exported(records, LONG))
    assert len(group.queries) > 5
    group.events = [(at, message) for at, message in group.events if KEY_B in message for _ in range(5)]
    found, _ = searched(live, **LONG, **BY_ROLE)
    assert any(isinstance(one, Skipped) and "more than 3 in" in one.reason and one.lost for one in found)


def test_what_is_missing_of_permissions_is_told(serve, live):
    world = a_world()
    a_group(world)
    aws = serve(world)
    for account in (A, B):
        aws.accounts[account].policy = shipped_policy("pipeline", minimal=False)
    with pytest.raises(AccountUnreachable) as caught:
        searched(live, **SHORT)
    assert "--account cloudwatch" in caught.value.next_step
    for account in (A, B):
        policy = shipped_policy("cloudwatch", minimal=False)
        policy["Statement"].append({"Action": ["sts:GetCallerIdentity"]})
        aws.accounts[account].policy = policy
    for window in (SHORT, LONG):
        found, _ = searched(live, **window)
        assert KEY_B.encode() in found[1].data


def test_nothing_unbounded_is_asked_and_a_name_that_is_none_is_wrong_usage(serve, live):
    serve(a_world())
    with pytest.raises(UsageError, match="without --since"):
        searched(live)
    with pytest.raises(UsageError, match="names nothing that logs can read"):
        searched(live, "logs://a group", **SHORT)


def test_an_interrupted_run_stops_its_query(serve, live):
    world = a_world()
    group, _ = a_group(world)
    group.states = ["Running"] * 50
    serve(world)
    source, _ = live()

    def sleep(seconds):
        raise KeyboardInterrupt

    force_setattr(source.around, "sleep", sleep)
    asked = Asked(inquiry=Inquiry(**LONG))
    with pytest.raises(KeyboardInterrupt):
        list(read_engines([URL], asked, around=source.around, opened=source.accounts.values()))
    assert group.stopped == ["query-0"]


def test_the_command_reads_a_log_group_with_the_ordinary_credentials(serve, profiles, capsys, monkeypatch):
    world = a_world()
    a_group(world)
    serve(world)
    monkeypatch.setenv("AWS_PROFILE", "tooling")
    code = main(["diagnose", URL, "--role", ACTION_ROLE, "--since", "2026-03-04T09:00Z", "--until", "2026-03-04T10:00Z", "-o", "json"])
    out, err = capsys.readouterr()
    case = json.loads(out)
    assert (code, case["findings"][0]["iam_action"]) == (0, "ecs:RegisterTaskDefinition"), err
    assert any("not selected by the statement" in skipped["reason"] for skipped in case["coverage"]["skipped"])
