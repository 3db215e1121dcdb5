"""AWS's own word on a denial: saved answers of GetRequestAuthorizationDetails in both shapes, and of GetRequestAuthorizationPolicy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.trail import A, B, allow, diagnose, evidence, refused, role, session, snapshot
from trailsleuth.model import CaseFile, Cause, Finding, PolicyType, Standing, Verdict

Json = dict[str, Any]
PACKER = role("build/Packer")
PARAMETER = f"arn:aws:ssm:eu-west-1:{B}:parameter/press/ink"
LETTERS = "abcdefghi0123456789012345"
GUARD = f"arn:aws:iam::{B}:policy/PressGuard"
SCP = f"arn:aws:organizations::{A}:policy/o-press/service_control_policy/p-11aa"
ROOT, UNIT = f"arn:aws:organizations::{A}:root/o-press/r-ab12", f"arn:aws:organizations::{A}:ou/o-press/ou-ab12-x"
TYPES = {
    "IDENTITY_BASED_POLICY": ("PRINCIPAL", PolicyType.IDENTITY),
    "PERMISSIONS_BOUNDARY": ("PERMISSIONS_BOUNDARY", PolicyType.BOUNDARY),
    "SERVICE_CONTROL_POLICY": ("SERVICE_CONTROL_POLICY", PolicyType.SCP),
    "RESOURCE_CONTROL_POLICY": ("RESOURCE_CONTROL_POLICY", PolicyType.RCP),
    "RESOURCE_BASED_POLICY": ("RESOURCE", PolicyType.RESOURCE),
    "SESSION_POLICY": ("SESSION", PolicyType.SESSION),
    "VPC_ENDPOINT_POLICY": ("VPC_ENDPOINT", PolicyType.VPC_ENDPOINT),
}
CONTEXT = {"aws:PrincipalArn": PACKER, "aws:PrincipalOrgID": "o-press", "aws:SecureTransport": True, "aws:userid": "AROA1:run"}


def denied(clause: str = "with an explicit deny", **fields: Any) -> Json:
    return refused(session(PACKER), "ssm", "PutParameter", "ssm:PutParameter", PARAMETER, clause=f"{clause}. authorization id: {LETTERS}", **fields)


def listed(uri: str, kind: str, *attached: str) -> Json:
    return {"type": kind, "inline": not uri.startswith("arn:"), "uri": uri, "attachedTo": [{"arn": arn} for arn in attached or (PACKER,)]}


def details(effect: str, checks: list[Json], *policies: Json, old: bool = False, **context: Any) -> Json:
    """The answer; `old`: as it was before `checks`."""
    evaluation: Json = {"action": "ssm:PutParameter", "resource": PARAMETER, "context": {}, "evaluatedEffect": effect}
    matched = [policy for check in checks for policy in check["matchedPolicies"]]
    evaluation |= {"matchedPolicies": matched} if old else {"checks": checks}
    return {"requestContext": CONTEXT | context, "evaluations": [evaluation], "policies": list(policies)}


def check(kind: str, effect: str, target: str | None = None, **matched: str) -> Json:
    """`matched` are Sid=URI; a Sid that begins with No is a Deny's."""
    found = [{"uri": uri, "matchedStatements": [{"sid": sid, "evaluatedEffect": "DENY" if sid[:2] == "No" else "ALLOW"}]} for sid, uri in matched.items()]
    return {"checkType": kind, "evaluatedEffect": effect, "relevantPolicyTypes": [], "matchedPolicies": found} | ({"targetArn": target} if target else {})


def document(*statements: Json, **beside: str) -> Json:
    return {"policyDocument": {"Version": "2012-10-17", "Statement": list(statements)}, **beside}


def deny(sid: str, action: str = "ssm:*", **condition: Any) -> Json:
    return {"Sid": sid, "Effect": "Deny", "Action": action, "Resource": "*"} | ({"Condition": condition} if condition else {})


def cause(case: CaseFile) -> Finding:
    (found,) = [f for f in case.findings if f.standing is Standing.CAUSE]
    return found


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("kind", list(TYPES))
def test_both_shapes_name_policy_statement_and_level(kind: str, old: bool) -> None:
    name, layer = TYPES[kind]
    uri = GUARD if layer in (PolicyType.IDENTITY, PolicyType.BOUNDARY) else SCP if layer in (PolicyType.SCP, PolicyType.RCP) else "opaque-7"
    at = ROOT if layer in (PolicyType.SCP, PolicyType.RCP) else None
    answer = details("EXPLICIT_DENY", [check(name, "EXPLICIT_DENY", at, NoInk=uri)], listed(uri, kind, at or PACKER), old=old)
    case = diagnose([denied()], answer)
    found = cause(case)
    assert found.cause is Cause.EXPLICIT_DENY
    assert found.policy_types == (layer,)
    assert found.policy_arn == (uri if uri.startswith("arn:") else None)
    assert [ref.statement for ref in found.blocking] == ["NoInk"]
    assert f"statement NoInk of {uri}" in found.explanation
    assert "The document of that policy is not in the evidence" in found.explanation
    assert any("get-request-authorization-policy" in asked.command and uri in asked.command for asked in case.questions)
    assert at is None or at in found.explanation


@pytest.mark.parametrize("old", [False, True])
def test_the_named_statement_is_found_in_the_snapshot_and_no_other_deny_is_blamed(old: bool) -> None:
    answer = details("EXPLICIT_DENY", [check("PRINCIPAL", "EXPLICIT_DENY", NoInk="opaque-7")], listed("opaque-7", "IDENTITY_BASED_POLICY"), old=old)
    held = snapshot((PACKER, [allow("ssm:*"), deny("NoPaper"), deny("NoInk")], []))
    found = cause(diagnose([denied()], held, answer))
    assert [(ref.policy, ref.statement) for ref in found.blocking] == [("own", "NoInk")]


ALLOWS = {"Sid": "Presses", "Effect": "Allow", "Action": "ssm:*", "Resource": "*"}
LISTED = (listed(GUARD, "IDENTITY_BASED_POLICY"), listed("opaque-7", "IDENTITY_BASED_POLICY"), listed(SCP, "SERVICE_CONTROL_POLICY", ROOT, UNIT))
CHECKS = [check("SERVICE_CONTROL_POLICY", "ALLOW", ROOT, Everything=SCP), check("PRINCIPAL", "EXPLICIT_DENY", NoInk=GUARD, Presses="opaque-7")]
FULL = {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize("saved", [True, False])
def test_the_evaluator_runs_on_the_documents_as_evaluated(saved: bool) -> None:
    beside = {"policyUri": GUARD, "authorizationId": LETTERS} if saved else {}
    others = [document(ALLOWS, **({"policyUri": "opaque-7"} if saved else {})), document(FULL, **({"policyUri": SCP} if saved else {}))]
    case = diagnose([denied()], details("EXPLICIT_DENY", CHECKS, *LISTED), document(deny("NoInk"), **beside), *others)
    assert [(ref.policy, ref.statement, ref.policy_arn) for ref in cause(case).blocking] == [("PressGuard", "NoInk", GUARD)]
    (delta,) = case.deltas
    assert delta.proof is not None
    assert delta.proof.sufficient is True
    assert delta.remove[0]["policy"] == "PressGuard"
    assert not case.questions


def test_documents_prove_a_missing_allow_with_the_context_that_aws_saw() -> None:
    wants = {"Sid": "Presses", "Effect": "Allow", "Action": "ssm:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/shift": "night"}}}
    answer = details("IMPLICIT_DENY", [check("PRINCIPAL", "IMPLICIT_DENY")], listed("opaque-7", "IDENTITY_BASED_POLICY"), **{"aws:PrincipalTag/shift": "day"})
    case = diagnose([denied("because no identity-based policy allows the ssm:PutParameter action")], answer, document(wants))
    assert cause(case).cause is Cause.CONDITION_MISMATCH
    assert "the request had day" in cause(case).explanation
    assert case.deltas[0].proof is not None
    assert case.deltas[0].proof.sufficient is True


def test_a_guard_that_is_listed_and_not_saved_leaves_the_proof_open() -> None:
    answer = details("IMPLICIT_DENY", [check("PRINCIPAL", "IMPLICIT_DENY")], LISTED[1], LISTED[2])
    own = document(allow("ssm:GetParameter"), policyUri="opaque-7")
    case = diagnose([denied("because no identity-based policy allows the ssm:PutParameter action")], answer, own)
    assert case.deltas[0].proof is not None
    assert case.deltas[0].proof.sufficient is None


def test_the_documents_of_one_call_say_nothing_of_another() -> None:
    answer = details("IMPLICIT_DENY", [check("PRINCIPAL", "IMPLICIT_DENY")], LISTED[1])
    other = refused(session(PACKER), "sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{B}:pages", second=20)
    case = diagnose([denied("because no identity-based policy allows the ssm:PutParameter action"), other], answer, document(allow("ssm:GetParameter")))
    evaluated = {f.iam_action: bool(f.requests[0].evaluated) for f in case.findings}
    assert evaluated == {"ssm:PutParameter": True, "sqs:SendMessage": False}
    assert [delta.proof.sufficient for delta in case.deltas if delta.proof is not None] == [None]


def test_what_is_half_or_belongs_to_nothing_is_named() -> None:
    alone = evidence([denied()], document(deny("NoInk")))
    assert any("save its policyUri" in one.reason for one in alone.coverage.skipped)
    broken = evidence([denied()], {"policyDocument": "{not JSON", "policyUri": GUARD}, {"requestContext": {}, "evaluations": "none"})
    assert any("whose document cannot be read" in one.reason for one in broken.coverage.skipped)
    assert any("nothing usable" in one.reason for one in broken.coverage.skipped)


def test_a_document_that_fits_two_policies_is_put_to_neither() -> None:
    answer = details(
        "IMPLICIT_DENY", [check("PRINCIPAL", "IMPLICIT_DENY")], listed("opaque-7", "IDENTITY_BASED_POLICY"), listed(GUARD, "IDENTITY_BASED_POLICY")
    )
    read = evidence([denied()], answer, document(allow("ssm:GetParameter")))
    assert not read.policies.evaluated
    assert any("save its policyUri" in one.reason for one in read.coverage.skipped)


def test_aws_word_stands_beside_ours_check_by_check() -> None:
    case = diagnose([denied()], details("EXPLICIT_DENY", CHECKS, *LISTED), document(deny("NoInk")), document(ALLOWS), document(FULL))
    found = {one.layer: (one.aws, one.ours, one.agrees) for one in cause(case).calibration}
    assert found == {
        PolicyType.SCP: ("ALLOW", Verdict.ALLOWED, True),
        PolicyType.IDENTITY: ("EXPLICIT_DENY", Verdict.EXPLICITLY_DENIED, True),
    }


def test_a_difference_is_said_and_no_change_is_called_sufficient() -> None:
    answer = details("IMPLICIT_DENY", [check("PRINCIPAL", "IMPLICIT_DENY"), check("SERVICE_CONTROL_POLICY", "ALLOW", ROOT, Everything=SCP)], *LISTED[1:])
    clause = "because no identity-based policy allows the ssm:PutParameter action"
    own, guard = document(allow("ssm:GetParameter"), policyUri="opaque-7"), document(deny("NoNight"), FULL, policyUri=SCP)
    case = diagnose([denied(clause)], answer, own, guard)
    differing = [one.layer for one in cause(case).calibration if one.agrees is False]
    assert differing == [PolicyType.SCP]
    assert "scp: AWS says ALLOW, this evaluation explicitly_denied" in cause(case).explanation
    assert [delta.proof.sufficient for delta in case.deltas if delta.proof is not None] == [None]


def test_a_layer_without_policies_in_the_evidence_is_no_difference() -> None:
    answer = details("EXPLICIT_DENY", [check("SERVICE_CONTROL_POLICY", "EXPLICIT_DENY", ROOT, NoInk=SCP)], LISTED[2])
    (one,) = cause(diagnose([denied()], snapshot((PACKER, [allow("ssm:*")], [])), answer)).calibration
    assert (one.ours, one.agrees) == (None, None)


def asked_with(*records: Json, held: Json | None = None) -> str:
    return " ".join(question.because for question in diagnose(list(records), *([held] if held else [])).questions)


def a_denial_of(service: str, event: str, clause: str = "with an explicit deny in a service control policy", **fields: Any) -> Json:
    return refused(session(PACKER), service, event, f"{service}:{event}", "*", clause=clause, **fields)


def test_where_there_is_no_id_it_is_said_why() -> None:
    assert "s3 gives none yet (AWS listed iam" in asked_with(a_denial_of("s3", "CreateBucket"))
    assert "none is given where very many policies were evaluated" in asked_with(a_denial_of("iam", "CreateUser"))
    made = a_denial_of("iam", "CreateRole")
    made["userIdentity"] = made["userIdentity"] | {"invokedBy": "cloudformation.amazonaws.com"}
    assert "made by cloudformation.amazonaws.com on somebody's behalf" in asked_with(made)


def test_a_service_that_gave_an_id_elsewhere_is_not_said_to_give_none() -> None:
    other = a_denial_of("s3", "DeleteBucket", clause=f"with an explicit deny in a service control policy. authorization id: {LETTERS}", second=30)
    said = asked_with(a_denial_of("s3", "CreateBucket"), other)
    assert "gives none yet" not in said


def test_nothing_is_said_of_ids_where_one_is_there_or_where_nothing_is_open() -> None:
    for case in (diagnose([denied()]), diagnose([refused(session(PACKER), "ssm", "PutParameter", "ssm:PutParameter", PARAMETER)])):
        assert not any("no authorization id" in question.because for question in case.questions)


def test_until_when_aws_answers_is_said_as_a_time() -> None:
    answer = details("EXPLICIT_DENY", [check("PRINCIPAL", "EXPLICIT_DENY", NoInk=GUARD)], listed(GUARD, "IDENTITY_BASED_POLICY"))
    case = diagnose([denied()], answer)
    until = cause(case).last_seen
    assert until is not None
    assert any(f"AWS keeps them until about {until + timedelta(days=1):%Y-%m-%d %H:%M}Z" in question.because for question in case.questions)
