"""What can be wrong with a live question: each ends in a clear error or a named gap with the next step."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import force_setattr

from tests.live.servers import Faults
from tests.live.test_founding_case import WEB, gaps_in
from tests.live.world import GLOBAL, NOW, START, A, B, a_world
from trailsleuth.errors import AccountUnreachable, UsageError
from trailsleuth.model import Inquiry


def test_an_unknown_pipeline_names_those_that_are_there(serve, live):
    serve(a_world())
    source, _ = live()
    with pytest.raises(UsageError, match="there is no pipeline wob") as caught:
        list(source.start(Inquiry(pipeline="wob")))
    assert "web" in caught.value.why


def test_an_unknown_execution_is_wrong_usage(serve, live):
    serve(a_world())
    source, _ = live()
    with pytest.raises(UsageError, match="no execution"):
        list(source.start(Inquiry(pipeline="web", execution_id="00000000-0000-0000-0000-000000000009")))


def test_a_pipeline_that_did_not_fail_gives_its_history_and_asks_for_no_records(serve, live):
    world = a_world()
    for run in world.accounts[A].pipelines["eu-west-1", "web"]["runs"]:
        run["status"] = "Succeeded"
    for action in world.accounts[A].pipelines["eu-west-1", "web"]["actions"]:
        action["status"] = "Succeeded"
    aws = serve(world)
    source, heard = live()
    pieces = list(source.start(WEB))
    assert any("list-pipeline-executions" in piece.source for piece in pieces)
    assert aws.count("cloudtrail:LookupEvents") == 0
    assert any("no failed execution" in why for why in gaps_in(pieces))
    assert any("no failed execution" in line for line in heard.lines)


def test_one_profile_where_two_are_needed_names_the_missing_account(serve, live):
    serve(a_world())
    source, _ = live(names=("tooling",))
    (gap,) = [why for why in gaps_in(source.start(WEB)) if "no profile was given" in why]
    assert B in gap
    assert "--profile" in gap


def test_no_region_anywhere_is_wrong_usage(serve, live, profiles):
    (profiles / "config").write_text("[profile tooling]\n[profile workload]\n")
    serve(a_world())
    source, _ = live()
    with pytest.raises(UsageError, match="no region"):
        list(source.start(WEB))


def test_a_profile_that_does_not_exist_names_those_that_do(serve, live):
    serve(a_world())
    with pytest.raises(UsageError, match="no profile nobody") as caught:
        live(names=("nobody",))
    assert "tooling" in caught.value.why


def test_a_profile_without_credentials_is_an_account_out_of_reach(serve, live, profiles):
    (profiles / "credentials").write_text("")
    serve(a_world())
    with pytest.raises(AccountUnreachable, match="profile tooling") as caught:
        live()
    assert caught.value.exit_code == 4


def test_credentials_that_expire_on_the_way_end_the_run_with_the_command_that_renews_them(serve, live):
    aws = serve(a_world())
    source, _ = live()
    aws.accounts[B].expired = True
    with pytest.raises(AccountUnreachable) as caught:
        list(source.start(WEB))
    assert "aws configure --profile workload" in caught.value.next_step
    assert "--resume" in caught.value.next_step


def test_throttling_without_end_is_a_gap(serve, live):
    aws = serve(a_world())
    aws.faults = Faults(rate=1.0, kinds=("throttle",), only="cloudtrail:LookupEvents")
    source, _ = live()
    slept = []
    force_setattr(source.around, "sleep", slept.append)
    assert any("kept throttling" in why for why in gaps_in(source.start(WEB)))
    assert len(slept) < 4 * 9 + 12  # each account and region is tried to the end once, later questions only twice


def test_a_page_that_stays_broken_is_a_gap(serve, live):
    aws = serve(a_world())
    aws.faults = Faults(rate=1.0, kinds=("broken",), only="cloudtrail:LookupEvents")
    source, _ = live()
    assert any("broken body" in why for why in gaps_in(source.start(WEB)))


def test_a_region_that_is_not_enabled_is_a_gap_and_no_expired_credential(serve, live):
    aws = serve(a_world())
    aws.accounts[B].disabled_regions.add(GLOBAL)
    source, _ = live()
    pieces = list(source.start(WEB))
    assert any("region is not enabled" in why for why in gaps_in(pieces))
    assert any("AccessKeyId-ASIACROSS" in piece.source for piece in pieces)


def test_a_collector_that_may_not_look_at_pipelines_is_told_what_to_allow(serve, live):
    aws = serve(a_world())
    for state in aws.accounts.values():
        state.policy = {"Statement": [{"Action": ["cloudtrail:LookupEvents"]}]}
    source, _ = live()
    with pytest.raises(AccountUnreachable) as caught:
        list(source.start(WEB))
    assert "trailsleuth permissions" in caught.value.next_step


def test_a_fresh_failure_whose_records_are_late_is_said_and_waited_for(serve, live):
    world = a_world()
    history = world.accounts[B].histories
    late, world.accounts[B].histories = history, type(history)(history.default_factory)
    aws = serve(world)
    polls = []

    def deliver(account, region, call):
        if (account, call) == (B, "cloudtrail:LookupEvents"):
            polls.append(call)
            if len(polls) == 12:
                world.accounts[B].histories = late

    aws.on_call = deliver
    source, heard = live(now=START + timedelta(minutes=3), wait=timedelta(minutes=20))
    pieces = list(source.start(WEB))
    assert any("minutes old" in line for line in heard.lines)
    assert any("asking again" in line for line in heard.lines)
    assert any("AccessKeyId-ASIACROSS" in piece.source for piece in pieces)


def test_a_failure_older_than_the_event_history_points_to_the_bucket(serve, live):
    aws = serve(a_world())
    source, _ = live(now=NOW + timedelta(days=120))
    assert any("s3://" in why for why in gaps_in(source.start(WEB)))
    assert aws.count("cloudtrail:LookupEvents") == 0


def test_nothing_to_look_for_is_wrong_usage(serve, live):
    serve(a_world())
    source, _ = live()
    with pytest.raises(UsageError, match="no entry point given"):
        list(source.start(Inquiry()))
