"""With exactly the shipped policies everything is answered; each permission that is taken away leaves a smaller answer, or an error, that names it."""

from __future__ import annotations

import json

import pytest

from tests.live.full_world import QUESTIONS, a_full_world
from tests.live.test_buckets import BUCKET, delivered
from tests.live.test_engines import COLUMNS, LAKE, athena_row, records_of
from tests.live.test_log_groups import URL, a_group
from tests.live.world import ACTION_ROLE, A, B, a_world
from tests.sample import some_of
from trailsleuth import api
from trailsleuth.cli.app import main
from trailsleuth.errors import AccountUnreachable
from trailsleuth.model import Basis
from trailsleuth.report.json import render_json
from trailsleuth.sources.aws.live import settle
from trailsleuth.sources.aws.operations import ALONE, implied, operations, shipped_policy
from trailsleuth.sources.aws.store import MemoryStore
from trailsleuth.sources.aws.things import entries

# The answers about things have a test of their own (test_things.py).
# The simulator is asked where a second opinion is (test_second_opinion.py).
# Not for the diagnosis: names for the message about an unknown pipeline, the doctor's looks at trails, public keys for `verify`.
ELSEWHERE = {"iam:SimulateCustomPolicy", "codepipeline:ListPipelines", "cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:ListPublicKeys"}
OF_THINGS = {(entry.service, read.operation) for entry in entries().values() for read in entry.reads if entry.service != "codedeploy"}
OPTIONAL = sorted(
    {
        action
        for (service, name), row in operations().items()
        if row.optional and (service, name) not in OF_THINGS and {"pipeline", "target"} & set(row.accounts)
        for action in row.iam_actions
    }
    - ELSEWHERE
)


WHOLE = {}


def answers(live, questions=QUESTIONS):
    """What the questions are answered, with all pieces behind the answers."""
    documents, pieces = [], {}
    for inquiry in questions:
        store = MemoryStore()
        source, _ = live(store=store)
        case = settle(source, inquiry, lambda found, asked=inquiry: api.load_inputs(found).ask(asked).case_file)
        documents.append(api.Diagnosis(case).document())
        pieces |= {f"{inquiry.pipeline} {piece.source}": piece.data for piece in store.inputs()}
    return documents, pieces


def withdraw(aws, action, kinds=((A, "pipeline"), (B, "target")), *, minimal=False):
    """The collectors get the shipped policies, without one action."""
    for account, kind in kinds:
        policy = shipped_policy(account=kind, minimal=minimal)
        for statement in policy["Statement"]:
            statement["Action"] = [allowed for allowed in statement["Action"] if allowed != action]
        aws.accounts[account].policy = policy


@pytest.fixture
def restrict(serve, live):
    """A full world whose collectors have the shipped policies, without one action."""
    aws = serve(a_full_world())

    def without(action, *, minimal=False, questions=QUESTIONS):
        withdraw(aws, action, minimal=minimal)
        return answers(live, questions)

    without.free = lambda: answers(live)
    return without


def test_the_shipped_policy_is_enough_for_the_whole_answer(restrict):
    free, pieces = restrict.free()
    documents, held = restrict(None)
    assert list(map(render_json, documents)) == list(map(render_json, free))
    assert held == pieces
    assert all(document["outcome"] == "cause_found" for document in documents)


def test_the_minimal_policy_finds_the_cause_and_names_what_it_could_not_see(restrict):
    documents, pieces = restrict(None, minimal=True)
    assert not any(name.split()[1].startswith(("iam/", "resource-policies/", "organizations/")) for name in pieces)
    for document in documents:
        assert document["outcome"] == "cause_found"
        assert any(gap.get("allow") for gap in document["coverage"]["gaps"])
        assert all(delta["proof"] is None for delta in document["deltas"])


@pytest.mark.parametrize("action", some_of(OPTIONAL, 3))
def test_without_an_optional_permission_the_answer_is_smaller_and_says_so(restrict, action):
    asked = QUESTIONS[1:] if "User" in action or "Vpc" in action or ("Group" in action.partition(":")[2] and action.startswith("iam:")) else QUESTIONS[:1]
    if asked not in WHOLE:
        WHOLE[asked] = restrict(None, questions=asked)[1]
    whole = WHOLE[asked]
    (document,), pieces = restrict(action, questions=asked)
    marked = [gap for gap in document["coverage"]["gaps"] if action in json.dumps(gap.get("allow") or {})]
    assert marked, action
    assert document["outcome"] == "cause_found"
    assert {name for name in pieces if "gaps/" not in name} <= {name for name in whole if "gaps/" not in name}
    assert {name: data for name, data in pieces.items() if "gaps/" not in name} != {name: data for name, data in whole.items() if "gaps/" not in name}


WEB = QUESTIONS[:1]


def test_without_the_event_history_what_the_policies_lack_is_predicted_and_the_gap_is_named(restrict):
    (document,), _ = restrict("cloudtrail:LookupEvents", questions=WEB)
    assert any("cloudtrail:LookupEvents" in json.dumps(gap.get("allow") or {}) for gap in document["coverage"]["gaps"])
    assert {finding["basis"] for finding in document["findings"]} == {Basis.PREDICTED.value}
    assert any(question["wanted"] == "records" for question in document["questions"])


def test_without_the_definition_of_the_pipeline_the_answer_is_smaller_and_says_so(restrict):
    (document,), _ = restrict("codepipeline:GetPipeline", questions=WEB)
    assert (document["outcome"], document["execution"]["service_role"]) == ("cause_found", None)
    assert any("codepipeline:GetPipeline" in json.dumps(gap.get("allow") or {}) for gap in document["coverage"]["gaps"])


def test_without_the_actions_of_the_pipeline_there_is_no_answer(restrict):
    with pytest.raises(AccountUnreachable, match="cannot read pipeline web") as caught:
        restrict("codepipeline:ListActionExecutions", questions=WEB)
    assert "codepipeline:ListActionExecutions" in caught.value.why
    assert "permissions --account pipeline" in caught.value.next_step


def test_without_the_names_of_the_pipelines_they_are_not_said_to_be_none(serve, capsys):
    withdraw(serve(a_world()), "codepipeline:ListPipelines")
    assert main(["diagnose", "--pipeline", "nope", "--profile", "tooling"]) == 2
    assert "codepipeline:ListPipelines, so the names there are not known" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "codepipeline:ListPipelines", "iam:SimulateCustomPolicy"])
def test_the_doctor_names_what_is_withdrawn_and_the_statement_that_allows_it(serve, capsys, action):
    aws = serve(a_world())
    trail = {"TrailARN": f"arn:aws:cloudtrail:eu-west-1:{A}:trail/t", "Name": "t", "HomeRegion": "eu-west-1"}
    aws.accounts[A].trails = [{"trail": trail, "selectors": {"EventSelectors": []}}]
    withdraw(aws, action)
    main(["doctor", "--profile", "tooling"])
    out = capsys.readouterr().out
    assert f"missing {A}  {action}" in out
    assert f'"Action": ["{action}"]' in out


WINDOWS = {"short": ("2026-03-04T08:40:00Z", "2026-03-04T09:40:00Z"), "long": ("2026-03-03T09:00:00Z", "2026-03-04T12:00:00Z")}
ONLY_LATER = {"StopQueryExecution", "CancelQuery", "StopQuery", "ListPublicKeys"}  # an interrupted run's, and those of `verify`
BY_AWS = {(action, account) for row in implied() for action in row.iam_actions for account in row.accounts} | {("kms:Decrypt", "log")}  # never a call of ours
BY_INSIGHTS = {"logs:StartQuery", "logs:GetQueryResults"}


def source_of(kind):
    """A world in which the first account has the records in that way, and its address."""
    world = a_world()
    queries, records = world.accounts[A].queries, records_of(world)
    if kind == "athena":
        queries.states, queries.columns, queries.rows = [("RUNNING", ""), ("SUCCEEDED", "")], COLUMNS, [athena_row(record) for record in records]
        return world, "athena://trails/logs"
    if kind == "lake":
        queries.states, queries.rows = [("RUNNING", ""), ("FINISHED", "")], [{"eventJson": json.dumps(record)} for record in records]
        return world, f"lake://{LAKE.host}"
    if kind == "cloudwatch":
        a_group(world)
        return world, URL
    return delivered(world, holder=A), f"s3://{BUCKET}"


@pytest.mark.parametrize(("kind", "action"), [(kind, a) for kind in ALONE for s in shipped_policy(kind, minimal=False)["Statement"] for a in s["Action"]])
def test_each_permission_of_a_source_of_records_is_named_where_it_is_withdrawn(serve, capsys, kind, action):
    world, url = source_of(kind)
    withdraw(serve(world), action, [(A, kind)])
    since, until = WINDOWS["long" if action in BY_INSIGHTS else "short"]
    code = main(["diagnose", url, "--profile", "tooling", "--role", ACTION_ROLE, "--since", since, "--until", until, "-o", "json"])
    out, err = capsys.readouterr()
    if (action, kind) in BY_AWS or action.partition(":")[2] in ONLY_LATER:
        assert (code, json.loads(out)["outcome"]) == (0, "cause_found")
        return
    assert code == 4, out
    assert {"s3:ListBucket": "s3:ListObjectsV2"}.get(action, action) in err
    assert f"permissions --account {kind}" in err
