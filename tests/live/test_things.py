"""A failed stack, build, deployment, service, task, function or state machine as the way in: live, and from the same answers saved."""

from __future__ import annotations

import json

import pytest

from tests.live.servers import Faults
from tests.live.things_world import ROLE, SECRET_OF_CUSTOMER, THINGS, a_thing_world
from tests.live.world import REGION, A, B
from tests.sample import EVERY_CASE
from trailsleuth import api
from trailsleuth.errors import AccountUnreachable, UsageError
from trailsleuth.model import Inquiry, Outcome
from trailsleuth.report.json import render_json
from trailsleuth.sources.aws.live import settle
from trailsleuth.sources.aws.operations import shipped_policy
from trailsleuth.sources.aws.store import MemoryStore
from trailsleuth.sources.aws.things import entries

SOME = [*THINGS] if EVERY_CASE else [*THINGS][::3]


def asked(name):
    option, given, *_ = THINGS[name]
    return Inquiry(**{option: given})


def answered(live, inquiry, *, store=None, **more):
    """The answer, and every piece behind it by its name."""
    store = store or MemoryStore()
    source, _ = live(store=store, **more)
    case = settle(source, inquiry, lambda pieces: api.load_inputs(pieces).ask(inquiry).case_file)
    return case, {piece.source: piece.data for piece in store.inputs()}


def told(case):
    """All that is answered, as bytes; without the names of the files that it came from."""
    document = api.Diagnosis(case).document()
    document["coverage"] = {name: value for name, value in document["coverage"].items() if name != "inputs"}
    for finding in document["findings"]:
        for item in finding["evidence"]:
            item.pop("source")
    return json.dumps(document, sort_keys=True)


@pytest.mark.parametrize("name", THINGS)
def test_each_thing_leads_to_the_denied_call_live_and_from_its_saved_answers(serve, live, tmp_path, name):
    aws = serve(a_thing_world(name, background=200))
    case, pieces = answered(live, asked(name))
    *_, call = THINGS[name]
    assert case.outcome is Outcome.CAUSE_FOUND
    causes = [(finding.principal, finding.iam_action) for finding in case.findings if finding.standing.value == "cause"]
    assert causes == [(ROLE, ":".join(call))]
    assert case.deltas[0].attach_to == ROLE
    assert aws.count("cloudtrail:LookupEvents") <= 12
    assert SECRET_OF_CUSTOMER.encode() not in b"".join(pieces.values())
    for number, (source, data) in enumerate(sorted(pieces.items(), reverse=True)):
        saved = tmp_path / "saved" / f"{number:03d}-{'gap' if source.startswith('gaps/') else 'answer'}.json"
        saved.parent.mkdir(exist_ok=True)
        saved.write_bytes(data)
    again = api.load([tmp_path / "saved"]).ask(asked(name)).case_file
    assert told(again) == told(case)


@pytest.mark.parametrize("name", SOME)
def test_faults_on_the_way_change_nothing(serve, live, name):
    aws = serve(a_thing_world(name))
    calm = answered(live, asked(name))
    aws.faults = Faults(rate=0.3)
    rough = answered(live, asked(name))
    assert rough[1] == calm[1]
    assert render_json(api.Diagnosis(rough[0]).document()) == render_json(api.Diagnosis(calm[0]).document())


@pytest.mark.parametrize("name", SOME)
def test_each_permission_that_is_missing_leaves_less_and_says_so(serve, live, name):
    aws = serve(a_thing_world(name))
    entry = entries()[THINGS[name][0]]
    whole, _ = answered(live, asked(name))
    reads = [read for read in entry.reads if read.only in ("", {"builds of a project": "project", "state machine": "machine"}.get(name))]
    for number, read in enumerate(reads):
        action = f"{ {'stepfunctions': 'states'}.get(entry.service, entry.service) }:{read.operation}"
        policy = shipped_policy("target", minimal=False)
        for statement in policy["Statement"]:
            statement["Action"] = [allowed for allowed in statement["Action"] if allowed != action]
        aws.accounts[A].policy = aws.accounts[B].policy = policy
        if number == 0:
            with pytest.raises(AccountUnreachable, match="cannot read") as caught:
                answered(live, asked(name))
            assert "trailsleuth permissions" in caught.value.next_step
            continue
        case, _ = answered(live, asked(name))
        assert any(action in json.dumps(gap.allow or {}) for gap in case.coverage.gaps), action
        assert case.outcome in (Outcome.CAUSE_FOUND, Outcome.INCONCLUSIVE)
        assert len(case.findings) <= len(whole.findings)


@pytest.mark.parametrize("name", ["stack", "stack of its caller"])
def test_a_stack_of_which_only_the_state_is_told_is_looked_for_over_the_last_day(serve, live, name):
    world = a_thing_world(name)
    for stack in world.accounts[B].things[REGION]["stacks"].values():
        stack["events"] = [event for event in stack["events"] if event["ResourceStatus"] == "ROLLBACK_IN_PROGRESS"]
    serve(world)
    case, _ = answered(live, asked(name))
    assert [(finding.principal, finding.iam_action) for finding in case.findings] == [(ROLE, "sqs:CreateQueue")]


def test_what_is_not_there_is_wrong_usage_and_says_where_it_was_looked_for(serve, live):
    serve(a_thing_world("stack"))
    for kind, entry in entries().items():
        example = entry.example.replace("111122223333", B)
        with pytest.raises(UsageError, match=f"there is no {entry.spoken}") as caught:
            answered(live, Inquiry(**{kind: example}))
        assert f"{B} {REGION}" in caught.value.what
    with pytest.raises(UsageError, match="in any account that was opened"):
        answered(live, Inquiry(function="arn:aws:lambda:eu-west-1:999988887777:function:f"))
    with pytest.raises(UsageError, match="names no deployment") as caught:
        answered(live, Inquiry(deployment="shop"))
    assert "d-ABCDEF123" in caught.value.next_step


@pytest.mark.parametrize("name", [name for name in THINGS if name != "function"])
def test_a_thing_that_did_not_fail_is_a_named_gap_and_no_verdict(serve, live, name):
    world = a_thing_world(name)
    things = world.accounts[B].things[REGION]
    for stack in things.get("stacks", {}).values():
        stack["events"], stack["stack"]["StackStatus"] = stack["events"][-2:], "CREATE_COMPLETE"
    for build in things.get("builds", {}).values():
        build["buildStatus"] = "SUCCEEDED"
    for one in (*things.get("tasks", {}).values(), *things.get("services", {}).values()):
        one.pop("stoppedReason", None)
        one["events"] = []
    for one in things.get("executions", {}).values():
        one["status"] = "SUCCEEDED"
    for one in world.accounts[B].deployments.values():
        one |= {"status": "Succeeded", "errorInformation": {}}
    aws = serve(world)
    case, _ = answered(live, asked(name))
    assert case.outcome is Outcome.INCONCLUSIVE
    assert any("shows no failure" in gap.why for gap in case.coverage.gaps)
    assert aws.count("cloudtrail:LookupEvents") == 0


def test_the_table_names_only_what_the_product_asks_about():
    from trailsleuth.model import THINGS as KINDS

    assert set(entries()) == set(KINDS)
