"""What a caller named stands for itself in every policy text; a star is a wildcard only where a table of ours puts one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.remedy.test_deltas import deltas
from tests.trail import B, allow, refused, role, session, snapshot
from trailsleuth.catalog.own_stars import parts_of, writable
from trailsleuth.iam.document import parse_policy
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, PolicySet, Verdict
from trailsleuth.model.pattern import escaped
from trailsleuth.model.written import Blank, Literal, Pattern, written

DEPLOY = role("deploy/Deploy")
LOGS = f"arn:aws:logs:eu-west-1:{B}:log-group"
SCHEDULES = f"arn:aws:scheduler:eu-west-1:{B}:schedule"


def fits(pattern: str, text: str) -> bool:
    """Whether IAM takes the text for the pattern, where a condition compares with wildcards."""
    statement = allow("s3:ListBucket", "*", StringLike={"s3:prefix": pattern})
    policy = parse_policy({"Version": "2012-10-17", "Statement": [statement]}, name="p")
    asked = AccessRequest(principal=DEPLOY, action="s3:ListBucket", resource="arn:aws:s3:::b", context={"s3:prefix": (text,)}, complete=True)
    return decide(asked, PolicySet(identity=(policy,))).verdict is Verdict.ALLOWED


@given(text=st.text(alphabet="ab*?${}:/", max_size=30), other=st.text(alphabet="ab*?${}:/", max_size=30))
def test_a_literal_means_itself_and_nothing_else(text: str, other: str) -> None:
    assert fits(escaped(text), text)
    assert fits(escaped(text), other) is (other == text)


def test_a_literal_that_looks_like_a_placeholder_is_none() -> None:
    assert written(Literal("${TaskRole}"), Pattern("/"), Blank("TaskRole")) == "${$}{TaskRole}/${TaskRole}"
    assert written(Literal("costs$"), Blank("Name")) == "costs${$}${Name}"


@pytest.mark.parametrize(
    ("arn", "action", "event", "chosen", "expected"),
    [
        (f"{LOGS}:/app/web:*", "logs:PutRetentionPolicy", "PutRetentionPolicy", ("/app/web",), f"{LOGS}:/app/web:*"),
        (f"{LOGS}:/app/*:*", "logs:PutRetentionPolicy", "PutRetentionPolicy", (), f"{LOGS}:/app/${{*}}:*"),
        (f"{LOGS}:*:*", "logs:PutRetentionPolicy", "PutRetentionPolicy", ("*",), f"{LOGS}:${{*}}:${{*}}"),
        ("arn:aws:s3:::b/*", "s3:GetObject", "GetObject", (), "arn:aws:s3:::b/${*}"),
        ("arn:aws:s3:::b/what?.txt", "s3:PutObject", "PutObject", (), "arn:aws:s3:::b/what${?}.txt"),
        (f"arn:aws:ec2:eu-west-1:{B}:instance/*", "ec2:RunInstances", "RunInstances", ("ami-1",), f"arn:aws:ec2:eu-west-1:{B}:instance/*"),
        (f"arn:aws:sns:eu-west-1:{B}:*", "sns:Publish", "Publish", (), f"arn:aws:sns:eu-west-1:{B}:${{*}}"),
        (
            f"arn:aws:ecs:eu-west-1:{B}:task/sho*p/0123456789abcdef0123456789abcdef",
            "ecs:StopTask",
            "StopTask",
            (),
            f"arn:aws:ecs:eu-west-1:{B}:task/sho${{*}}p/*",
        ),
        (f"arn:aws:ecs:eu-west-1:{B}:task/shop/*", "ecs:StopTask", "StopTask", (), f"arn:aws:ecs:eu-west-1:{B}:task/shop/*"),
        (
            f"arn:aws:elasticmapreduce:eu-west-1:{B}:cluster/*",
            "elasticmapreduce:RunJobFlow",
            "RunJobFlow",
            (),
            f"arn:aws:elasticmapreduce:eu-west-1:{B}:cluster/*",
        ),
        (f"arn:aws:acm:us-east-1:{B}:certificate/*", "acm:RequestCertificate", "RequestCertificate", (), f"arn:aws:acm:us-east-1:{B}:certificate/*"),
        (f"arn:aws:acm:us-east-1:{B}:certificate/*", "acm:RequestCertificate", "RequestCertificate", ("*",), f"arn:aws:acm:us-east-1:{B}:certificate/${{*}}"),
        (f"arn:aws:acm:us-east-1:{B}:certificate/*", "acm:DeleteCertificate", "DeleteCertificate", (), f"arn:aws:acm:us-east-1:{B}:certificate/${{*}}"),
        (f"{SCHEDULES}/*/*", "scheduler:ListSchedules", "ListSchedules", (), f"{SCHEDULES}/*/*"),
        (f"{SCHEDULES}/*/*", "scheduler:ListSchedules", "ListSchedules", ("*",), f"{SCHEDULES}/${{*}}/${{*}}"),
        (f"{SCHEDULES}/a*/*", "scheduler:ListSchedules", "ListSchedules", (), f"{SCHEDULES}/a${{*}}/${{*}}"),
        (f"{SCHEDULES}/*/*", "scheduler:GetSchedule", "GetSchedule", (), f"{SCHEDULES}/${{*}}/${{*}}"),
        ("*", "ec2:DescribeInstances", "DescribeInstances", (), "*"),
    ],
)
def test_whose_star_it_is(arn: str, action: str, event: str, chosen: tuple[str, ...], expected: str) -> None:
    assert written(*parts_of(arn, action, event_name=event, chosen=chosen)) == expected


def test_a_pattern_where_iam_takes_no_variable_is_not_written() -> None:
    assert not writable(parts_of("arn:aws:sqs:*:410000000001:q", "sqs:SendMessage"))
    assert not writable(parts_of("arn:aws:sqs:eu-west-1:${aws:PrincipalAccount}:q", "sqs:SendMessage"))
    assert writable(parts_of("arn:aws:s3:::b/a:b*", "s3:GetObject"))


def test_the_proof_asks_for_a_neighbour_of_each_star() -> None:
    records = [refused(session(DEPLOY), "s3", "GetObject", "s3:GetObject", "arn:aws:s3:::reports/in*out?")]
    (found,) = deltas(records, snapshot((DEPLOY, [allow("s3:ListBucket")], [])))
    assert found.statements[0]["Resource"] == "arn:aws:s3:::reports/in${*}out${?}"
    assert found.proof is not None
    assert (found.proof.sufficient, found.proof.harmless) == (True, True)
