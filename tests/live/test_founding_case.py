"""The founding case, straight from two busy accounts: few calls, the whole chain, the same pieces whatever goes wrong on the way."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest

from tests.live.servers import Faults
from tests.live.state import History
from tests.live.world import ACTION_ROLE, BUCKET, EXECUTION, KEY, KEY_A, KEY_B, START, TASK_ROLE, TOKEN, A, B, a_record, a_session, a_world
from trailsleuth import api
from trailsleuth.model import Inquiry, Outcome
from trailsleuth.sources.aws.live import settle
from trailsleuth.sources.aws.store import MemoryStore

WEB = Inquiry(pipeline="web")


def by_name(pieces):
    return {piece.source: piece.data for piece in pieces}


def records_in(pieces):
    pages = [json.loads(piece.data) for piece in pieces if piece.source.startswith("cloudtrail/")]
    return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]


def gaps_in(pieces):
    return [json.loads(piece.data)["why"] for piece in pieces if piece.source.startswith("gaps/")]


@pytest.fixture(scope="module")
def busy_world():
    return a_world(background=20_000)


class AskedOnce(MemoryStore):
    """Refuses a page of the event history that it has already."""

    def keep(self, name, data, provenance):
        assert not name.startswith("cloudtrail/") or self.kept(name) is None, name
        super().keep(name, data, provenance)


def settled(source):
    return settle(source, WEB, lambda pieces: api.load_inputs(pieces).ask(WEB).case_file)


def test_two_busy_accounts_are_answered_with_five_lookups_at_two_calls_a_second(busy_world, serve, live):
    aws = serve(busy_world)
    aws.calls.clear()
    aws.per_second = 2
    begun = time.monotonic()
    source, _ = live(per_second=2.0, store=AskedOnce())
    case = settled(source)
    pieces = source.inputs()
    assert time.monotonic() - begun < 15
    assert case.outcome is Outcome.CAUSE_FOUND
    assert aws.count("cloudtrail:LookupEvents") <= 5
    assert aws.throttled <= 1  # the pace is kept before the call; a machine under load may still send two turns as one
    denied = [record for record in records_in(pieces) if record.get("errorCode") == "AccessDenied" and record["eventName"] == "RegisterTaskDefinition"]
    assert {record["userIdentity"]["accessKeyId"] for record in denied} == {KEY_B}
    aws.per_second = None


def test_the_chain_is_whole_from_the_service_to_the_refused_call_in_the_other_account(serve, live):
    serve(a_world(background=300))
    source, _ = live()
    records = records_in(source.start(WEB))
    assert {(A, KEY_A), (A, KEY_B)} <= keys_issued(records)
    assert any((record["requestParameters"] or {}).get("taskRoleArn") == TASK_ROLE for record in records)


def keys_issued(records):
    return {(record["recipientAccountId"], (record.get("responseElements") or {}).get("credentials", {}).get("accessKeyId")) for record in records}


def recovered(world):
    """The refused call went through a little later."""
    again = a_session(ACTION_ROLE, "1772614901412", KEY_B, START)
    where = {"requestParameters": {"family": "web"}, "responseElements": {"taskDefinition": {"family": "web"}}}
    world.accounts[B].histories["eu-west-1"].add(
        a_record(B, START + timedelta(seconds=5), "ecs.amazonaws.com", "RegisterTaskDefinition", identity=again, **where)
    )


def unrefused(world):
    history = world.accounts[B].histories["eu-west-1"]
    for events in (history.events, *history.index.values()):
        events[:] = [event for event in events if "AccessDenied" not in event["CloudTrailEvent"]]


@pytest.mark.parametrize("change", [recovered, unrefused])
def test_the_other_copies_regions_and_keys_are_looked_at_before_nothing_is_called_denied(serve, live, change):
    world = a_world(background=50)
    change(world)
    aws = serve(world)
    source, heard = live(store=AskedOnce())
    case = settled(source)
    assert case.outcome is not Outcome.CAUSE_FOUND
    assert (B, KEY_B) in keys_issued(records_in(source.inputs()))
    asked = "\n".join(heard.lines)
    assert f"asking EventName=AssumeRole in {A} us-east-1" in asked
    assert f"asking AccessKeyId={KEY_A} in {A} eu-west-1" in asked
    assert aws.count("cloudtrail:LookupEvents") <= 24


def test_a_chain_through_the_global_endpoint_is_found_in_its_region(serve, live):
    world = a_world(background=50)
    for account in (A, B):
        histories = world.accounts[account].histories
        moved = [json.loads(event["CloudTrailEvent"]) for event in histories["eu-west-1"].events if event["EventName"] == "AssumeRole"]
        histories["eu-west-1"] = kept = History()
        for event in a_world().accounts[account].histories["eu-west-1"].events:
            record = json.loads(event["CloudTrailEvent"])
            if record["eventName"] != "AssumeRole":
                kept.add(record)
        for record in moved:
            histories["us-east-1"].add({**record, "awsRegion": "us-east-1"})
    aws = serve(world)
    source, _ = live(store=AskedOnce())
    assert settled(source).outcome is Outcome.CAUSE_FOUND
    assert aws.count("cloudtrail:LookupEvents") <= 12


def test_the_pieces_have_the_forms_of_exports(serve, live):
    serve(a_world())
    source, _ = live()
    pieces = by_name(source.start(WEB))
    pipeline = json.loads(pieces[f"codepipeline/{A}/eu-west-1/get-pipeline.json"])
    assert pipeline["pipeline"]["version"] == 3
    actions = [json.loads(data) for name, data in pieces.items() if "list-action-executions" in name]
    assert [detail["actionName"] for page in actions for detail in page["actionExecutionDetails"]] == ["DeployToEcs", "Source"]
    assert actions[0]["actionExecutionDetails"][0]["startTime"] == "2026-03-04T09:01:40+00:00"
    role = json.loads(pieces[f"iam/{B}/role-CrossAccountDeploy.json"])
    (detail,) = role["RoleDetailList"]
    assert detail["Arn"] == ACTION_ROLE
    assert [policy["PolicyName"] for policy in detail["RolePolicyList"]] == ["artifacts", "deploy"]
    assert detail["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
    assert {policy["PolicyName"] for policy in role["Policies"]} == {"Boundary", "ReadParameters"}
    resources = {json.loads(data)["ResourceArn"]: json.loads(data)["Policy"] for name, data in pieces.items() if name.startswith("resource-policies/")}
    assert set(resources) == {f"arn:aws:s3:::{BUCKET}", KEY}
    assert resources[KEY]["Statement"][0]["Action"] == ["kms:*"]


def test_session_tokens_are_dropped_on_arrival(serve, live):
    serve(a_world(background=50))
    source, _ = live()
    pieces = list(source.start(WEB))
    assert TOKEN not in b"".join(piece.data for piece in pieces).decode()
    assert "sessionToken" not in b"".join(piece.data for piece in pieces).decode()
    assert KEY_B in b"".join(piece.data for piece in pieces).decode()


@pytest.mark.parametrize("seed", range(1))
def test_throttling_errors_resets_and_slow_bodies_change_nothing(serve, live, seed):
    aws = serve(a_world(background=200))
    source, _ = live()
    calm = by_name(source.start(WEB))
    aws.faults = Faults(rate=0.3)
    aws.faults.dice.seed(seed)
    source, _ = live()
    assert by_name(source.start(WEB)) == calm


def test_every_step_is_said(serve, live):
    serve(a_world())
    source, heard = live()
    list(source.start(WEB))
    said = "\n".join(heard.lines)
    assert f"profile tooling: account {A}" in said
    assert f"pipeline web is in account {A}, eu-west-1" in said
    assert f"asking AccessKeyId={KEY_B} in {B} eu-west-1" in said


def test_a_named_execution_is_taken(serve, live):
    serve(a_world())
    source, _ = live()
    assert by_name(source.start(Inquiry(pipeline="web", execution_id=EXECUTION)))


def test_a_second_round_without_news_fetches_nothing(serve, live):
    aws = serve(a_world())
    source, _ = live()
    case = settled(source)
    before = len(aws.calls)
    assert list(source.answer(case.questions, case)) == []
    assert len(aws.calls) == before


def an_empty_case():
    from trailsleuth.model import CaseFile, Coverage

    return CaseFile(outcome=Outcome.INCONCLUSIVE, summary="", execution=None, chains=(), findings=(), deltas=(), questions=(), coverage=Coverage())
