"""Callers that are neither a role nor a plain user: the account's root user, sessions of GetFederationToken."""

from __future__ import annotations

from tests.trail import B, Json, diagnose, refused
from trailsleuth.model import PolicyType

QUEUE = f"arn:aws:sqs:eu-west-1:{B}:tills"
KIM = f"arn:aws:iam::{B}:user/desk/kim"


def federated(*, told: bool = True) -> Json:
    """The userIdentity of a federated session; older exports lack who asked for it."""
    who = {"type": "FederatedUser", "principalId": f"{B}:booth", "arn": f"arn:aws:sts::{B}:federated-user/booth", "accountId": B, "accessKeyId": "ASIAB"}
    issuer = {"type": "IAMUser", "principalId": "AIDAKIM", "arn": KIM, "accountId": B, "userName": "kim"}
    return who | ({"sessionContext": {"sessionIssuer": issuer}} if told else {})


def sent(who: Json, **more):
    return diagnose([refused(who, "sqs", "SendMessage", "sqs:SendMessage", QUEUE, **more)])


def test_a_federated_session_has_the_policies_of_the_user_who_asked_for_it():
    case = sent(federated())
    assert case.findings[0].principal == KIM
    assert [(d.policy_type, d.attach_to) for d in case.deltas] == [(PolicyType.IDENTITY, KIM)]


def test_no_policy_is_attached_to_a_federated_session_itself():
    case = sent(federated(told=False))
    assert case.deltas == ()
    assert case.findings[0].advice
    assert "Federated user booth" in case.summary


def test_the_root_user_has_no_policies_that_could_be_asked_for():
    who = {"type": "Root", "principalId": B, "arn": f"arn:aws:iam::{B}:root", "accountId": B}
    case = sent(who, clause="with an explicit deny in a service control policy")
    assert case.summary.startswith(f"The root user of account {B}: ")
    assert not [question for question in case.questions if "policies of" in question.because]
