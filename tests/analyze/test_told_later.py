"""Denials that only a text tells of: the call that set the thing up was answered, and what goes on with it was denied."""

from __future__ import annotations

from typing import Any

from tests.trail import B, call, diagnose, session, snapshot, trusts
from tests.trail import role as role_arn

CALLER, RUNS, OTHER = role_arn("ci/Ship"), role_arn("pipes/Runs"), role_arn("pipes/Other")
QUEUE, OTHER_QUEUE = f"arn:aws:sqs:eu-west-1:{B}:in", f"arn:aws:sqs:eu-west-1:{B}:also"
TEXT = "The provided customer role does not have permissions to call ReceiveMessage on SQS"
STAR = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TRUST = [trusts({"Service": "pipes.amazonaws.com"})]


def made(name: str, source: str, role: str, second: float = 10) -> dict[str, Any]:
    return call(session(CALLER), "pipes", "CreatePipe", second, request={"name": name, "source": source, "roleArn": role})


def causes(case: Any) -> set[tuple[str, str, str, str]]:
    return {(f.standing.value, f.principal, f.iam_action, f.resource) for f in case.findings if f.standing.value in ("cause", "also_needed")}


def test_the_role_of_the_pipe_lacks_what_the_text_names_and_the_rest_of_the_step() -> None:
    case = diagnose([made("one", QUEUE, RUNS)], snapshot((CALLER, [STAR], []), (RUNS, [], TRUST)), error=TEXT)
    assert case.outcome.value == "cause_found"
    assert causes(case) == {
        ("cause", RUNS, "sqs:ReceiveMessage", QUEUE),
        ("also_needed", RUNS, "sqs:DeleteMessage", QUEUE),
        ("also_needed", RUNS, "sqs:GetQueueAttributes", QUEUE),
    }
    assert {f.basis.value for f in case.findings} == {"inferred"}


def test_what_the_policies_allow_is_not_said() -> None:
    reads = {"Effect": "Allow", "Action": "sqs:*", "Resource": QUEUE}
    case = diagnose([made("one", QUEUE, RUNS)], snapshot((CALLER, [STAR], []), (RUNS, [reads], TRUST)), error=TEXT)
    assert causes(case) == set()


def test_of_two_pipes_nobody_knows_which_is_meant() -> None:
    held = snapshot((CALLER, [STAR], []), (RUNS, [], TRUST), (OTHER, [], TRUST))
    case = diagnose([made("one", QUEUE, RUNS), made("two", OTHER_QUEUE, OTHER, 20)], held, error=TEXT)
    assert causes(case) == set()
    assert case.outcome.value == "inconclusive"


def test_a_text_about_another_action_finds_nothing() -> None:
    other = TEXT.replace("ReceiveMessage on SQS", "GetRecords on Kinesis")
    case = diagnose([made("one", QUEUE, RUNS)], snapshot((CALLER, [STAR], []), (RUNS, [], TRUST)), error=other)
    assert causes(case) == set()


FUNCTION = f"arn:aws:lambda:eu-west-1:{B}:function:invite"
TOPIC, KEY = f"arn:aws:sns:eu-west-1:{B}:pager", f"arn:aws:kms:eu-west-1:{B}:key/0c1d2e3f-4a5b-4c6d-8e7f-8091a2b3c4d5"
OWN = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{B}:root"}, "Action": "*", "Resource": "*"}


def policy(arn: str, *statements: dict[str, Any]) -> dict[str, Any]:
    return {"ResourceArn": arn, "Policy": {"Version": "2012-10-17", "Statement": list(statements)}}


def test_a_trigger_that_no_text_names_is_that_of_the_pool() -> None:
    pool = call(session(CALLER), "cognito-idp", "UpdateUserPool", 1, request={"userPoolId": "p", "lambdaConfig": {"postConfirmation": FUNCTION}})
    text = "PostConfirmation invocation failed due to error AccessDeniedException."
    failed = call(session(OTHER), "cognito-idp", "AdminConfirmSignUp", 9, errorCode="UserLambdaValidationException", errorMessage=text)
    case = diagnose([pool, failed], snapshot((CALLER, [STAR], []), (OTHER, [STAR], [])), policy(FUNCTION, OWN))
    assert causes(case) == {("cause", "cognito-idp.amazonaws.com", "lambda:InvokeFunction", FUNCTION)}


def test_a_topic_that_admits_the_alarm_may_be_under_a_key_that_does_not() -> None:
    topic = call(session(CALLER), "sns", "CreateTopic", 1, request={"name": "pager", "attributes": {"KmsMasterKeyId": KEY}}, response={"topicArn": TOPIC})
    alarm = call(session(CALLER), "monitoring", "PutMetricAlarm", 2, request={"alarmName": "a", "alarmActions": [TOPIC]})
    admits = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish", "Resource": TOPIC}
    text = "CloudWatch Alarms does not have authorization to access the SNS topic encryption key."
    case = diagnose([topic, alarm], snapshot((CALLER, [STAR], [])), policy(TOPIC, admits), policy(KEY, OWN), error=text)
    assert {(standing, who, action) for standing, who, action, _ in causes(case)} == {
        ("cause", "cloudwatch.amazonaws.com", "kms:GenerateDataKey"),
        ("also_needed", "cloudwatch.amazonaws.com", "kms:Decrypt"),
    }


def test_who_and_on_what_a_text_names_is_said_only_where_the_policies_bear_it_out() -> None:
    image = f"{B}.dkr.ecr.eu-west-1.amazonaws.com/scoring:2"
    text = f"The role '{RUNS}' does not have BatchGetImage permission for the image: '{image}'."
    model = call(session(CALLER), "sagemaker", "CreateModel", request={"primaryContainer": {"image": image}, "executionRoleArn": RUNS})
    for held, expected in (([], {("cause", RUNS, "ecr:BatchGetImage", f"arn:aws:ecr:eu-west-1:{B}:repository/scoring")}), ([STAR], set())):
        case = diagnose([model], snapshot((CALLER, [STAR], []), (RUNS, held, [])), error=text)
        assert {found for found in causes(case) if found[0] == "cause"} == expected
