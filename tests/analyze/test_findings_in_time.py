"""Recovered, equal, wrapped and coming refusals."""

from __future__ import annotations

from tests.trail import A, B, allow, call, diagnose, refused, role, session, snapshot, trusts
from trailsleuth.model import Basis, Cause, Finding, Outcome, Standing

DEPLOY, TASK, EXECUTION = role("Deploy"), role("app/Task"), role("app/TaskExecution")
QUEUE = f"arn:aws:sqs:eu-west-1:{B}:jobs"
KEY = f"arn:aws:kms:eu-west-1:{B}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def by(findings: tuple[Finding, ...], standing: Standing) -> list[Finding]:
    return [f for f in findings if f.standing is standing]


def test_a_call_that_later_succeeded_is_recovered_and_no_cause() -> None:
    first = refused(session(DEPLOY), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, 10)
    later = call(session(DEPLOY), "sqs", "SendMessage", 20, request={"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{B}/jobs"})
    case = diagnose([first, later], role=DEPLOY)
    assert [f.standing for f in case.findings] == [Standing.RECOVERED]
    assert case.outcome is Outcome.NO_DENIAL_FOUND


def test_a_success_elsewhere_does_not_cure() -> None:
    first = refused(session(DEPLOY), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, 10)
    other_queue = call(session(DEPLOY), "sqs", "SendMessage", 20, request={"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{B}/others"})
    other_region = call(session(DEPLOY), "sqs", "SendMessage", 21, region="eu-west-2", request={"queueUrl": f"https://sqs.eu-west-2.amazonaws.com/{B}/jobs"})
    case = diagnose([first, other_queue, other_region], role=DEPLOY)
    assert [f.standing for f in case.findings] == [Standing.CAUSE]


def test_a_success_before_the_refusal_does_not_cure_either() -> None:
    before = call(session(DEPLOY), "sqs", "SendMessage", 5, request={"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{B}/jobs"})
    case = diagnose([before, refused(session(DEPLOY), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, 10)], role=DEPLOY)
    assert by(case.findings, Standing.CAUSE)


def test_two_thousand_equal_refusals_are_one_finding() -> None:
    records = [refused(session(DEPLOY), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, i) for i in range(2000)]
    (found,) = diagnose(records, role=DEPLOY).findings
    assert found.count == 2000
    assert len(found.evidence) == 50


def test_a_wrapper_is_folded_into_the_refusal_that_it_reports() -> None:
    inner = refused(session(DEPLOY) | {"invokedBy": "secretsmanager.amazonaws.com"}, "kms", "Decrypt", "kms:Decrypt", KEY, 10)
    wrapper = call(session(DEPLOY), "secretsmanager", "GetSecretValue", 10, errorCode="AccessDeniedException", errorMessage="Access to KMS is not allowed")
    (found,) = diagnose([inner, wrapper], role=DEPLOY).findings
    assert (found.iam_action, found.resource, found.count) == ("kms:Decrypt", KEY, 2)


def test_roles_of_an_earlier_registration_are_predicted_and_those_allowed_are_not() -> None:
    earlier = call(session(role("Human")), "ecs", "RegisterTaskDefinition", 1, request={"family": "web", "taskRoleArn": TASK, "executionRoleArn": EXECUTION})
    denied = refused(session(DEPLOY), "ecs", "RegisterTaskDefinition", "ecs:RegisterTaskDefinition")
    unknown = diagnose([earlier, denied], role=DEPLOY)
    assert {(f.resource, f.basis) for f in by(unknown.findings, Standing.ALSO_NEEDED)} == {(TASK, Basis.PREDICTED), (EXECUTION, Basis.PREDICTED)}
    may_pass = snapshot((DEPLOY, [allow("iam:PassRole", TASK, StringEquals={"iam:PassedToService": "ecs-tasks.amazonaws.com"})], [trusts("*")]))
    known = diagnose([earlier, denied], may_pass, role=DEPLOY)
    assert [f.resource for f in by(known.findings, Standing.ALSO_NEEDED)] == [EXECUTION]


def test_of_several_families_none_is_guessed() -> None:
    roles = [role(f"Task{i}") for i in range(2)]
    earlier = [call(session(role("Human")), "ecs", "RegisterTaskDefinition", i, request={"family": f"f{i}", "taskRoleArn": roles[i]}) for i in range(2)]
    denied = refused(session(DEPLOY), "ecs", "RegisterTaskDefinition", "ecs:RegisterTaskDefinition")
    assert not by(diagnose([*earlier, denied], role=DEPLOY).findings, Standing.ALSO_NEEDED)


def test_tags_in_the_refused_request_are_needed_where_the_policies_lack_them() -> None:
    request = {"functionName": "f", "role": role("Fn"), "tags": {"team": "a"}}
    arn = f"arn:aws:lambda:eu-west-1:{B}:function:f"
    denied = refused(session(DEPLOY), "lambda", "CreateFunction20150331", "lambda:CreateFunction", arn, request=request)
    case = diagnose([denied], snapshot((DEPLOY, [allow("iam:PassRole")], [])), role=DEPLOY)
    assert [(f.iam_action, f.basis) for f in by(case.findings, Standing.ALSO_NEEDED)] == [("lambda:TagResource", Basis.INFERRED)]


def test_a_refused_deletion_of_a_stack_after_the_refusal_is_the_rollback() -> None:
    stack = session(DEPLOY, "AWSCloudFormation")
    made = refused(stack, "sqs", "CreateQueue", "sqs:CreateQueue", QUEUE, 10)
    undone = refused(stack, "sqs", "DeleteQueue", "sqs:DeleteQueue", QUEUE, 20)
    assert {(f.iam_action, f.standing) for f in diagnose([made, undone], role=DEPLOY).findings} == {
        ("sqs:CreateQueue", Standing.CAUSE),
        ("sqs:DeleteQueue", Standing.ALSO_NEEDED),
    }


def test_a_change_shortly_before_is_shown() -> None:
    change = call(session(role("Human")), "iam", "PutRolePolicy", 1, request={"roleName": "Deploy", "policyName": "p"}, event_id="changed")
    (found,) = by(diagnose([change, refused(session(DEPLOY), "sqs", "SendMessage", "sqs:SendMessage", QUEUE)], role=DEPLOY).findings, Standing.CAUSE)
    assert "PutRolePolicy" in found.explanation
    assert "changed" in found.explanation


def test_an_unreadable_encoded_refusal_is_unknown_and_asks_for_its_decoding() -> None:
    text = "You are not authorized to perform this operation. Encoded authorization failure message: " + "A1b2" * 60
    case = diagnose([call(session(DEPLOY), "ec2", "RunInstances", errorCode="Client.UnauthorizedOperation", errorMessage=text)], role=DEPLOY)
    assert case.outcome is Outcome.INCONCLUSIVE
    assert case.findings[0].cause is Cause.UNKNOWN
    assert any("decode-authorization-message" in q.command for q in case.questions)


def test_nothing_refused_is_only_said_of_evidence_that_covers_the_chain() -> None:
    hop = {"roleArn": role("Far", A), "roleSessionName": "x"}
    response = {"credentials": {"accessKeyId": "ASIAF"}, "assumedRoleUser": {"arn": f"arn:aws:sts::{A}:assumed-role/Far/x", "assumedRoleId": "AROAF:x"}}
    case = diagnose([call(session(DEPLOY), "sts", "AssumeRole", request=hop, response=response)], role=DEPLOY)
    assert case.outcome is Outcome.INCONCLUSIVE
    assert {(q.account, q.wanted) for q in case.questions} == {(A, "records")}


def test_an_unheard_of_wording_becomes_a_finding_and_not_silence() -> None:
    odd = call(session(DEPLOY), "quantum", "Entangle", errorCode="AccessDeniedException", errorMessage="The cat is both.")
    case = diagnose([odd], role=DEPLOY)
    assert [f.cause for f in case.findings] == [Cause.UNKNOWN]
