"""What only the text of the question tells of: logins, requests and roles taken that no trail records. The policies bear it out, or nothing is said."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import B, allow, assumed, call, diagnose, refused, session, snapshot, trusts
from tests.trail import role as role_arn
from trailsleuth.catalog.messages import message_forms, unrecorded
from trailsleuth.model import CaseFile, Cause, Standing

APP, LOADER, NIGHT = role_arn("app/Ingest"), role_arn("warehouse/Load"), role_arn("audit/Night")
ECS = {"Service": "ecs-tasks.amazonaws.com"}
LOGIN = "org.apache.kafka.common.errors.SaslAuthenticationException: [7c9d3f1e]: Access denied"
WAREHOUSE = f"pq: User arn:aws:redshift:eu-west-1:{B}:dbuser:usage/loader is not authorized to assume IAM Role {LOADER}"
SENTENCE = (
    f"User: arn:aws:sts::{B}:assumed-role/{{}}/i-1 is not authorized to perform: es:ESHttpPost because no identity-based policy allows the es:ESHttpPost action"
)
CLUSTER = f"arn:aws:kafka:eu-west-1:{B}:cluster/clicks/0a1b2c3d"


def causes(case: CaseFile) -> list[tuple[str | None, str | None, str]]:
    return [(f.principal, f.iam_action, f.cause.value) for f in case.findings if f.standing is Standing.CAUSE and f.group == 1]


def work() -> list[dict[str, Any]]:
    """A task that works, and a scanner that is denied beside it."""
    service = {"type": "AWSService", "invokedBy": "ecs-tasks.amazonaws.com", "accountId": B}
    scanner = refused(session(NIGHT, key="ASIA9"), "glue", "GetDatabases", "glue:GetDatabases", "*", 4)
    return [assumed(service, APP), call(session(APP), "kafka", "GetBootstrapBrokers", 3, request={"clusterArn": CLUSTER}), scanner]


@pytest.mark.parametrize(("text", "action"), [(LOGIN, "kafka-cluster:Connect"), ('FATAL: PAM authentication failed for user "app"', "rds-db:connect")])
def test_a_login_is_decided_by_the_policies_of_who_is_asked_about(text: str, action: str) -> None:
    case = diagnose(work(), snapshot((APP, [allow("kafka:*")], [trusts(ECS)])), role=APP, error=text)
    assert causes(case) == [(APP, action, "missing_allow")]
    assert case.outcome.value == "cause_found"
    assert {f.basis.value for f in case.findings if f.group == 1} == {"inferred"}


def test_a_login_that_the_policies_allow_or_nobody_knows_is_no_verdict() -> None:
    allowed = diagnose(work(), snapshot((APP, [allow("kafka-cluster:*")], [trusts(ECS)])), role=APP, error=LOGIN)
    unknown = diagnose(work(), role=APP, error=LOGIN)
    for case in (allowed, unknown):
        assert case.outcome.value == "inconclusive"
        assert causes(case) == []
        assert case.deltas == ()
        assert [question.wanted for question in case.questions] == ["policies"]


def test_a_warehouse_that_may_not_take_a_role_is_no_matter_of_the_denials_that_stand_here() -> None:
    case = diagnose(work(), snapshot((LOADER, [allow("s3:*")], [trusts({"Service": "ec2.amazonaws.com"})])), error=WAREHOUSE)
    assert causes(case) == [("redshift.amazonaws.com", "sts:AssumeRole", "untrusted_principal")]
    assert [delta.attach_to for delta in case.deltas] == [LOADER]


def test_a_role_that_trusts_the_service_is_not_blamed() -> None:
    case = diagnose(work(), snapshot((LOADER, [allow("s3:*")], [trusts({"Service": "redshift.amazonaws.com"})])), error=WAREHOUSE)
    assert case.outcome.value == "inconclusive"
    assert case.deltas == ()


def test_a_role_that_the_whole_snapshot_lacks_is_made_and_not_trusted() -> None:
    case = diagnose(work(), snapshot((APP, [], [trusts(ECS)])), error=WAREHOUSE)
    assert [found[2] for found in causes(case)] == [Cause.NO_POLICY_FIX.value]
    assert case.deltas == ()


def test_the_sentence_of_a_data_request_names_its_role_without_any_record_of_it() -> None:
    case = diagnose(work(), snapshot((APP, [allow("es:ESHttpGet")], [trusts(ECS)])), error=SENTENCE.format("Ingest"))
    assert causes(case) == [(APP, "es:ESHttpPost", "missing_allow")]


def test_a_principal_that_no_snapshot_holds_is_not_answered_from_the_text() -> None:
    case = diagnose(work(), snapshot((APP, [], [trusts(ECS)])), error=SENTENCE.format("Stranger"))
    assert case.outcome.value == "inconclusive"
    assert case.deltas == ()


def test_what_no_record_holds_is_never_called_undenied() -> None:
    """Whatever service prints it: the trail cannot show it, so that nothing stands in the trail says nothing."""
    for form in message_forms():
        if form.id in unrecorded() and form.fixed.get("cause") not in ("not_a_permission", "no_policy_fix") and form.fixed.get("iam_action"):
            case = diagnose(work()[:2], error=form.examples[0]["text"])
            assert case.outcome.value == "inconclusive", form.id


LAYER = "unexpected status code https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/0a1b-222222222222: 403 Forbidden"
MIRROR = "https://al2023-repos-eu-west-1-de612dc2.s3.dualstack.eu-west-1.amazonaws.com/core/mirror.list: [Errno 14] HTTPS Error 403 - Forbidden"


def endpoint(name: str, *statements: dict[str, Any]) -> dict[str, Any]:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"VpcEndpoints": [{"VpcEndpointId": name, "ServiceName": "com.amazonaws.eu-west-1.s3", "PolicyDocument": policy, "OwnerId": B}]}


@pytest.mark.parametrize("text", [LAYER, MIRROR])
@pytest.mark.parametrize(("pattern", "kept_back"), [("arn:aws:s3:::our-*", True), ("*", False)])
def test_a_url_that_was_kept_back_is_a_matter_of_the_endpoint_whose_policy_shuts_it_out(text: str, pattern: str, kept_back: bool) -> None:
    passes = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": pattern}
    case = diagnose(work(), endpoint("vpce-0a1b2c3d4e5f60718", passes), error=text)
    found = [f for f in case.findings if f.group == 1 and f.standing is Standing.CAUSE and f.iam_action == "s3:GetObject"]
    assert [[layer.value for layer in f.policy_types] for f in found] == [["vpc_endpoint"]] * kept_back
    assert all("vpce-0a1b2c3d4e5f60718" in (f.advice or "") for f in found)


def test_of_two_endpoints_nobody_knows_which_one_the_fetch_went_through() -> None:
    passes = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::our-*"}
    two = endpoint("vpce-0a1b2c3d4e5f60718", passes), endpoint("vpce-0f1e2d3c4b5a69788", passes)
    case = diagnose(work(), *two, error=LAYER)
    assert not any(f.iam_action == "s3:GetObject" for f in case.findings)
