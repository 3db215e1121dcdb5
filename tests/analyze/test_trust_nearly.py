"""Trust policies that nearly let a caller in: which role a denial without its request meant, and what is wrong with its conditions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import B, call, diagnose, refused, role, session, snapshot, trusts
from trailsleuth.model import CaseFile, Cause, Finding, PolicyType

HOST = "tokens.forge.example.org"
PROVIDER = f"arn:aws:iam::{B}:oidc-provider/{HOST}"
WEB = "sts:AssumeRoleWithWebIdentity"
MEANT, OTHER = role("ci/Weave"), role("ci/Spin")
SUBJECT = "project:mill/weave:branch:main"


def token(subject: str = SUBJECT, audience: str = "sts.amazonaws.com") -> dict:
    identity = {"type": "WebIdentityUser", "principalId": f"{PROVIDER}:{audience}:{subject}", "userName": subject, "identityProvider": PROVIDER}
    text = f"Not authorized to perform {WEB}"
    return call(identity, "sts", "AssumeRoleWithWebIdentity", errorCode="AccessDenied", errorMessage=text, account=B)


def web(**condition: Any) -> dict:
    return trusts({"Federated": PROVIDER}, WEB, **condition)


def only(case: CaseFile) -> Finding:
    (found,) = [f for f in case.findings if f.standing.value == "cause"]
    return found


def asked(trust: dict, other: dict | None = None, **inquiry: Any) -> CaseFile:
    roles = [(MEANT, [], [trust])] + ([(OTHER, [], [other])] if other else [])
    return diagnose([token()], snapshot(*roles), **inquiry)


@pytest.mark.parametrize("inquiry", [{}, {"role": MEANT}])
def test_a_star_under_string_equals_is_taken_literally(inquiry: dict) -> None:
    trust = web(StringEquals={f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": "project:mill/weave:*"})
    found = only(asked(trust, web(StringLike={f"{HOST}:sub": "project:mill/spin:*"}), **inquiry))
    assert (found.cause, found.resource, found.policy_types) == (Cause.CONDITION_MISMATCH, MEANT, (PolicyType.TRUST,))
    assert "StringLike reads them as wildcards" in found.explanation


def test_a_condition_key_under_the_provider_s_arn_is_in_no_request() -> None:
    trust = web(StringEquals={f"{PROVIDER}:sub": SUBJECT, f"{PROVIDER}:aud": "sts.amazonaws.com"})
    case = asked(trust, web(StringEquals={f"{HOST}:sub": "project:mill/spin:branch:main"}))
    found = only(case)
    assert (found.cause, found.resource) == (Cause.CONDITION_MISMATCH, MEANT)
    assert "no condition key begins with an ARN" in found.explanation
    (delta,) = case.deltas
    assert delta.statements[0]["Condition"] == {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": SUBJECT}}
    assert delta.proof
    assert delta.proof.sufficient


def test_a_claim_of_another_issuer_is_in_no_request() -> None:
    trust = web(StringEquals={"tokens.other.example.org:sub": SUBJECT})
    assert only(asked(trust)).cause is Cause.CONDITION_MISMATCH
    assert only(asked(trust)).mismatch.given == ()


def test_of_two_roles_that_may_be_meant_none_is_named() -> None:
    trust = web(StringEquals={f"{HOST}:sub": "project:loom/x:branch:main"})
    found = only(asked(trust, trust))
    assert found.resource is None
    assert "does not say which role" in (found.advice or "")


def test_a_role_that_lets_the_token_in_is_not_the_one() -> None:
    let_in = web(StringLike={f"{HOST}:sub": "project:mill/*"})
    trust = web(StringEquals={f"{HOST}:sub": "project:mill/weave:tag:v1"})
    assert only(asked(trust, let_in)).resource == MEANT


def saml(provider: str) -> dict:
    identity = {"type": "SAMLUser", "principalId": "x=:ana", "userName": "ana", "identityProvider": provider}
    text = f"User: ana is not authorized to perform: sts:AssumeRoleWithSAML on resource: {MEANT}"
    request = {"roleArn": MEANT, "principalArn": provider, "sAMLAssertionID": "_1"}
    return call(identity, "sts", "AssumeRoleWithSAML", errorCode="AccessDenied", errorMessage=text, account=B, request=request)


def by_role(_: str) -> dict:
    return refused(session(OTHER), "sts", "AssumeRole", "sts:AssumeRole", MEANT, clause="", request={"roleArn": MEANT, "roleSessionName": "x"})


@pytest.mark.parametrize(
    ("record", "principal", "named", "wanted"),
    [
        (lambda _: token(), {"Federated": PROVIDER}, "sts:AssumeRole", WEB),
        (saml, {"Federated": f"arn:aws:iam::{B}:saml-provider/Corp"}, "sts:AssumeRole", "sts:AssumeRoleWithSAML"),
        (by_role, {"AWS": OTHER}, WEB, "sts:AssumeRole"),
    ],
)
def test_a_caller_that_is_trusted_for_another_way_in_keeps_the_guards_it_was_given(record: Any, principal: dict, named: str, wanted: str) -> None:
    guard = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    trust = trusts(principal, named) | {"Condition": guard}
    case = diagnose(
        [record(next(iter(principal.values())))], snapshot((MEANT, [], [trust]), (OTHER, [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}], []))
    )
    found = only(case)
    assert (found.cause, found.resource, found.policy_types) == (Cause.UNTRUSTED_PRINCIPAL, MEANT, (PolicyType.TRUST,))
    assert f"for {named} alone (statement number 1 of trust policy), and not for {wanted}" in found.explanation
    (delta,) = case.deltas
    (statement,) = delta.statements
    of_token = {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": SUBJECT}} if wanted == WEB else {}
    assert statement == {"Effect": "Allow", "Principal": principal, "Action": wanted, "Condition": {**of_token, **guard}}


def test_one_trusted_for_another_way_in_without_a_guard_gets_the_token_s_own() -> None:
    (delta,) = asked(trusts({"Federated": PROVIDER})).deltas
    assert delta.statements[0]["Condition"] == {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": SUBJECT}}


@pytest.mark.parametrize(
    ("given", "cause"),
    [(f"arn:aws:iam::{B}:user/ops", Cause.NO_POLICY_FIX), (f"arn:aws:iam::{B}:policy/Deliver", Cause.NO_POLICY_FIX), (role("Delivery"), Cause.UNKNOWN)],
)
def test_what_is_no_role_in_the_place_of_one_is_no_matter_of_trust(given: str, cause: Cause) -> None:
    fails = {"errorCode": "InvalidArgumentException", "errorMessage": f"Firehose is unable to assume role {given}. Please check the role provided."}
    found = only(diagnose([call(session(OTHER), "firehose", "CreateDeliveryStream", **fails)]))
    assert found.cause is cause
    assert (given in found.explanation and "not a role" in found.explanation) is (cause is Cause.NO_POLICY_FIX)


@pytest.mark.parametrize(("action", "source", "name"), [("iam:PassRole", "ecs", "RegisterTaskDefinition"), ("sts:AssumeRole", "sts", "AssumeRole")])
def test_a_grant_to_pass_or_take_what_is_no_role_is_never_proposed(action: str, source: str, name: str) -> None:
    case = diagnose([refused(session(OTHER), source, name, action, f"arn:aws:iam::{B}:user/ops")], snapshot((OTHER, [], [])))
    assert (only(case).cause, case.deltas) == (Cause.NO_POLICY_FIX, ())


def states(region: str, trusted: str) -> CaseFile:
    dev = role("people/Dev")
    text = "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role."
    record = call(session(dev), "states", "CreateStateMachine", errorCode="AccessDeniedException", errorMessage=text, region=region)
    flow = (role("flows/Bill"), [], [trusts({"Service": trusted})])
    return diagnose([record], snapshot((dev, [], []), flow, (role("App"), [], [trusts({"Service": "ec2.amazonaws.com"})])))


def test_a_service_of_another_region_is_not_let_in() -> None:
    case = states("eu-west-1", "states.eu-central-1.amazonaws.com")
    found = only(case)
    assert (found.cause, found.resource) == (Cause.UNTRUSTED_PRINCIPAL, role("flows/Bill"))
    assert case.deltas[0].statements[0]["Principal"] == {"Service": "states.amazonaws.com"}


def test_the_service_of_the_call_s_own_region_is() -> None:
    assert only(states("eu-west-1", "states.eu-west-1.amazonaws.com")).resource is None


def test_tags_that_a_service_adds_itself_are_let_in() -> None:
    studio, space = role("ml/Studio"), f"arn:aws:sagemaker:eu-west-1:{B}:space/d-1/one"
    may = {"Effect": "Allow", "Action": "sagemaker:AddTags", "Resource": "*", "Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]}}}
    for key, changes in (("sagemaker:domain-arn", 1), ("CostCenter", 0)):
        request = {"spaceName": "one", "tags": [{"key": key, "value": "x"}]}
        record = refused(session(studio), "sagemaker", "CreateSpace", "sagemaker:AddTags", space, request=request)
        assert len(diagnose([record], snapshot((studio, [may], []))).deltas) == changes


@pytest.mark.parametrize(("host", "kept"), [("tokens.forge.exampl.org", True), ("tokens.other.example.org", False)])
def test_a_misspelt_issuer_is_spelled_as_the_token_has_it(host: str, kept: bool) -> None:
    case = asked(web(StringEquals={f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": SUBJECT}, **{"ForAnyValue:StringLike": {f"{host}:amr": "member"}}))
    assert only(case).cause is Cause.CONDITION_MISMATCH
    conditions = [statement["Condition"] for delta in case.deltas for statement in delta.statements]
    of_token = {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": SUBJECT}
    assert conditions == ([{"StringEquals": of_token, "ForAnyValue:StringLike": {f"{HOST}:amr": "member"}}] if kept else [])
