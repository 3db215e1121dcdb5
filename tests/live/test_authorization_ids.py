"""The founding case with authorization ids: AWS's own evaluation and every policy of it are kept, and decide, live as offline."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bench import calibration
from tests.live.servers import Faults
from tests.live.test_things import answered
from tests.live.world import ACTION_ROLE, KEY_B, NOW, REGION, START, A, B, a_record, a_session, a_world
from trailsleuth import api
from trailsleuth.api.live import Asked
from trailsleuth.model import Inquiry, Outcome
from trailsleuth.report.json import render_json
from trailsleuth.sources.aws.operations import shipped_policy
from trailsleuth.sources.aws.ways import Ways

WEB = Inquiry(pipeline="web")
ID = "abcdefghi0123456789012345"
ROLE_MADE = f"arn:aws:iam::{B}:role/web-task-new"
ROOT, UNIT = f"arn:aws:organizations::{A}:root/o-web/r-ab12", f"arn:aws:organizations::{A}:ou/o-web/ou-ab12-x"
SCP = {where: f"arn:aws:organizations::{A}:policy/o-web/service_control_policy/p-{name}" for name, where in (("root", ROOT), ("unit", UNIT))}
BOUNDARY, INLINE = f"arn:aws:iam::{B}:policy/Boundary", "inline-1"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}]}
DEPLOY = {"Version": "2012-10-17", "Statement": [{"Sid": "Deploy", "Effect": "Allow", "Action": ["codedeploy:*", "iam:GetRole"], "Resource": "*"}]}
TYPES = {INLINE: "IDENTITY_BASED_POLICY", BOUNDARY: "PERMISSIONS_BOUNDARY", SCP[ROOT]: "SERVICE_CONTROL_POLICY", SCP[UNIT]: "SERVICE_CONTROL_POLICY"}
DOCUMENTS = {INLINE: DEPLOY, BOUNDARY: EVERYTHING, SCP[ROOT]: EVERYTHING, SCP[UNIT]: EVERYTHING}


def a_world_with_ids():
    """The second denial of the chain, of a call of IAM's, has an id; AWS names four policies for it, those of the organization among them."""
    world = a_world(background=100)
    identity = a_session(ACTION_ROLE, "1772614901412", KEY_B, START)
    text = f"User: {identity['arn']} is not authorized to perform: iam:CreateRole on resource: {ROLE_MADE} because no identity-based policy allows the "
    text += f"iam:CreateRole action. Call the GetRequestAuthorizationDetails API with the following authorization id: {ID}"
    refusal = {"errorCode": "AccessDenied", "errorMessage": text, "requestParameters": {"roleName": "web-task-new"}}
    record = a_record(B, START + timedelta(seconds=5), "iam.amazonaws.com", "CreateRole", identity=identity, **refusal)
    world.accounts[B].histories[REGION].add(record)
    attached = {INLINE: ACTION_ROLE, BOUNDARY: ACTION_ROLE, SCP[ROOT]: ROOT, SCP[UNIT]: UNIT}
    checks = [
        a_check("PRINCIPAL", "IMPLICIT_DENY"),
        a_check("PERMISSIONS_BOUNDARY", "ALLOW", matched={BOUNDARY: "All"}),
        *(a_check("SERVICE_CONTROL_POLICY", "ALLOW", where, matched={SCP[where]: "All"}) for where in (ROOT, UNIT)),
    ]
    world.accounts[B].details[ID] = {
        "requestContext": {"aws:PrincipalArn": ACTION_ROLE, "aws:PrincipalOrgID": "o-web", "aws:SecureTransport": True},
        "evaluations": [{"action": "iam:CreateRole", "resource": ROLE_MADE, "context": {}, "evaluatedEffect": "IMPLICIT_DENY", "checks": checks}],
        "policies": [{"type": kind, "inline": uri == INLINE, "uri": uri, "attachedTo": [{"arn": attached[uri]}]} for uri, kind in TYPES.items()],
    }
    world.accounts[B].evaluated = {(ID, uri): document for uri, document in DOCUMENTS.items()}
    return world


def a_check(kind, effect, target=None, matched=()):
    found = [{"uri": uri, "matchedStatements": [{"sid": sid, "evaluatedEffect": "ALLOW"}]} for uri, sid in dict(matched).items()]
    told = {"checkType": kind, "evaluatedEffect": effect, "relevantPolicyTypes": [], "matchedPolicies": found}
    return {**told, **({"targetArn": target} if target else {})}


def of_create_role(case):
    (found,) = [finding for finding in case.findings if finding.iam_action == "iam:CreateRole"]
    return found


def test_every_evaluated_policy_is_kept_and_proves_the_change(serve, live, tmp_path, capsys):
    aws = serve(a_world_with_ids())
    case, pieces = answered(live, WEB)
    kept = [json.loads(data) for name, data in pieces.items() if name.startswith(f"decoded/{B}/policy-")]
    assert {one["policyUri"] for one in kept} == set(DOCUMENTS)
    assert all(one["policyDocument"] == DOCUMENTS[one["policyUri"]] for one in kept)
    found = of_create_role(case)
    assert found.calibration
    assert [one for one in found.calibration if one.agrees is not True] == []
    document = api.Diagnosis(case).document()
    (delta,) = [delta for delta in document["deltas"] if found.id in delta["finding_ids"]]
    assert delta["attach_to"] == ACTION_ROLE
    assert delta["proof"]["sufficient"] is True
    assert aws.count("cloudtrail:LookupEvents") <= 5
    folder = Asked(inquiry=WEB, ways=Ways(), now=NOW).new_folder(tmp_path / "saved")
    kept_live, _ = answered(live, WEB, store=folder)
    folder.finish()
    offline = api.load([tmp_path / "saved"]).diagnose().document()
    assert render_json(offline) == render_json(document) == render_json(api.Diagnosis(kept_live).document())
    assert calibration.main([str(tmp_path / "saved")]) == 0
    assert capsys.readouterr().out == f"{len(found.calibration)} agrees\n"


def test_faults_change_nothing(serve, live):
    aws = serve(a_world_with_ids())
    _, calm = answered(live, WEB)
    aws.faults = Faults(rate=0.3)
    assert answered(live, WEB)[1] == calm


@pytest.mark.parametrize("action", ["iam:GetRequestAuthorizationDetails", "iam:GetRequestAuthorizationPolicy"])
def test_with_a_permission_withdrawn_the_answer_is_smaller_and_marked(serve, live, action):
    aws = serve(a_world_with_ids())
    for account, kind in ((A, "pipeline"), (B, "target")):
        policy = shipped_policy(kind, minimal=False)
        for statement in policy["Statement"]:
            statement["Action"] = [allowed for allowed in statement["Action"] if allowed != action]
        aws.accounts[account].policy = policy
    case, pieces = answered(live, WEB)
    assert case.outcome is Outcome.CAUSE_FOUND
    assert any(action in json.dumps(gap.allow or {}) for gap in case.coverage.gaps)
    assert not any("/policy-" in name for name in pieces)


@pytest.mark.parametrize(("hours", "said"), [(1, "AWS keeps them for 23 more hours"), (30, "is 30 hours old, and AWS keeps them for 24")])
def test_how_long_aws_keeps_the_details_is_said(serve, live, hours, said):
    world = a_world_with_ids()
    world.accounts[B].details.clear()
    aws = serve(world)
    case, _ = answered(live, WEB, now=NOW + timedelta(hours=hours - 1) if hours > 1 else NOW)
    assert [gap.why for gap in case.coverage.gaps if said in gap.why], [gap.why for gap in case.coverage.gaps]
    assert aws.count("iam-toolbox:GetRequestAuthorizationDetails") == (1 if hours > 24 else 3)


def test_it_is_said_when_they_are_kept(serve, live):
    serve(a_world_with_ids())
    source, heard = live()
    list(source.start(WEB))
    assert any("AWS keeps them for 23 more hours), and the policies that they list, are kept from now on" in line for line in heard.lines)


def test_the_pages_of_an_answer_are_one(serve, live):
    world = a_world_with_ids()
    whole = world.accounts[B].details[ID]
    (evaluation,) = whole["evaluations"]
    other = {"action": "iam:TagRole", "resource": ROLE_MADE, "context": {}, "evaluatedEffect": "ALLOW", "checks": []}
    world.accounts[B].details[ID] = [whole, {**whole, "evaluations": [other], "policies": []}]
    serve(world)
    case, pieces = answered(live, WEB)
    kept = json.loads(pieces[f"decoded/{B}/details-{ID}.json"])
    assert kept["evaluations"] == [evaluation, other]
    assert len(kept["policies"]) == len(TYPES)
    assert "nextToken" not in kept
    assert of_create_role(case).calibration


@pytest.mark.parametrize(("region", "found"), [(REGION, True), ("us-west-2", False)])
def test_an_id_is_asked_for_in_the_region_of_the_call(serve, live, region, found):
    world = a_world_with_ids()
    world.accounts[B].details[ID] = (region, world.accounts[B].details[ID])
    serve(world)
    case, pieces = answered(live, WEB)
    assert (f"decoded/{B}/details-{ID}.json" in pieces) is found
    assert any(f"the authorization details {ID}" in gap.why for gap in case.coverage.gaps) is not found
    assert case.outcome is Outcome.CAUSE_FOUND


def test_half_an_answer_and_a_document_that_is_none_are_named(serve, live):
    world = a_world_with_ids()
    world.accounts[B].evaluated[ID, INLINE] = "no JSON {"
    world.accounts[B].evaluated.pop((ID, BOUNDARY))
    serve(world)
    case, _ = answered(live, WEB)
    assert case.outcome is Outcome.CAUSE_FOUND
    assert any(f"the policy {BOUNDARY} as it was evaluated" in gap.why for gap in case.coverage.gaps)
    for delta in case.deltas:
        assert delta.proof is None or delta.proof.sufficient is not True
