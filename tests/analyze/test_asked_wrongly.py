"""What the request names decides, not the policies: a thing under another name, somebody else's account, what no account owns; and all that one call names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import A, B, allow, assumed, call, diagnose, refused, resource_policy, service, session, snapshot, trusts
from tests.trail import role as role_arn
from trailsleuth.model import CaseFile, Cause, Outcome, Standing

WORKER, MAKER = role_arn("app/Worker"), role_arn("ci/Maker")
OTHER = "433333333335"
PARAMETER = f"arn:aws:ssm:eu-west-1:{B}:parameter"
OF_SHOP = {"StringEquals": {"ssm:ResourceTag/app": "shop"}}
TAGS = [{"key": "app", "value": "shop"}]


def blamed(case: CaseFile) -> set[tuple[str | None, str | None]]:
    return {(f.iam_action, f.resource) for f in case.findings if f.standing in (Standing.CAUSE, Standing.ALSO_NEEDED)}


def settled(case: CaseFile) -> bool:
    """Told to be beyond policies, with advice and without a change."""
    first = case.findings[0]
    return case.outcome is Outcome.CAUSE_FOUND and first.cause is Cause.NO_POLICY_FIX and bool(first.advice) and case.deltas == ()


def asked(source: str, action: str, thing: str, grant: dict[str, Any], *made: dict[str, Any]) -> CaseFile:
    denied = refused(session(WORKER), source, action.partition(":")[2], action, thing, 30)
    return diagnose([*made, denied], snapshot((WORKER, [grant], []), (MAKER, [allow("*")], [])))


def put(name: str, second: float = 5, tags: list[dict[str, str]] = TAGS) -> dict[str, Any]:
    return call(session(MAKER, key="ASIA2"), "ssm", "PutParameter", second, request={"name": name, "tags": tags}, response={"version": 1})


@pytest.mark.parametrize(("made", "wanted"), [("/shop/prod/DB_PASSWORD", "DB_PASSWORD"), ("DB_PASSWORD", "shop/prod/DB_PASSWORD")])
def test_a_name_without_its_path_is_a_mistake_of_the_request(made: str, wanted: str) -> None:
    case = asked("ssm", "ssm:GetParameter", f"{PARAMETER}/{wanted}", allow("ssm:GetParameter", f"{PARAMETER}/*", **OF_SHOP), put(made))
    assert settled(case)
    assert f"{PARAMETER}/{made.removeprefix('/')}" in case.findings[0].explanation


def test_so_is_one_that_only_the_resource_of_the_grant_leaves_out() -> None:
    upload = call(session(MAKER, key="ASIA2"), "s3", "PutObject", 5, request={"bucketName": "shop-data", "key": "prod/prices.csv"})
    case = asked("s3", "s3:GetObject", "arn:aws:s3:::shop-data/prices.csv", allow("s3:GetObject", "arn:aws:s3:::shop-data/prod/*"), upload)
    assert settled(case)


@pytest.mark.parametrize(
    "made",
    [
        (),
        (put("/shop/prod/DB_PASSWORD"), put("DB_PASSWORD", 6, [])),
        (put("/shop/prod/DB_PASSWORD", tags=[{"key": "app", "value": "bank"}]),),
        (put("/shop/prod/OLD_DB_PASSWORD"),),
        (put("/shop/prod/DB_PASSWORD"), put("/shop/test/DB_PASSWORD", 6)),
    ],
    ids=["nothing", "both", "not for the caller", "another name", "two"],
)
def test_a_like_name_alone_says_nothing(made: tuple[dict[str, Any], ...]) -> None:
    case = asked("ssm", "ssm:GetParameter", f"{PARAMETER}/DB_PASSWORD", allow("ssm:GetParameter", f"{PARAMETER}/*", **OF_SHOP), *made)
    assert case.findings[0].cause is Cause.CONDITION_MISMATCH


@pytest.mark.parametrize(
    ("source", "action", "request_"),
    [
        ("securityhub", "securityhub:BatchImportFindings", {"Findings": [{"AwsAccountId": OTHER}]}),
        ("inspector2", "inspector2:Enable", {"accountIds": [OTHER], "resourceTypes": ["EC2"]}),
        ("ssm", "ssm:UpdateDocument", {"name": "arn:aws:ssm:eu-west-1::document/AWS-RunShellScript"}),
        ("securityhub", "securityhub:UpdateStandardsControl", {"StandardsControlArn": "arn:aws:securityhub:eu-west-1::standards/nist-800-53/v/5.0.0/S3.11"}),
    ],
)
def test_what_is_another_accounts_or_nobodys_is_beyond_policies_that_allow_the_call(source: str, action: str, request_: dict[str, Any]) -> None:
    thing = request_.get("name", "*")
    denied = refused(session(WORKER), source, action.partition(":")[2], action, thing, request=request_, clause="")
    assert settled(diagnose([denied], snapshot((WORKER, [allow(f"{source}:*")], []))))
    lacking = diagnose([denied], snapshot((WORKER, [allow("sqs:*")], [])))
    assert lacking.findings[0].cause is Cause.MISSING_ALLOW


@pytest.mark.parametrize("code", ["BadRequestException", "InvalidAccessException"])
@pytest.mark.parametrize("text", ["Account {} is not an administrator for this organization", "The request failed since {} is not the delegated administrator"])
def test_who_is_no_administrator_of_the_service_lacks_no_permission(code: str, text: str) -> None:
    record = call(session(WORKER), "macie2", "UpdateOrganizationConfiguration", errorCode=code, errorMessage=text.format(B), request={"autoEnable": True})
    assert settled(diagnose([record], snapshot((WORKER, [allow("macie2:*")], []))))


def test_a_call_on_several_kinds_of_things_needs_them_all() -> None:
    place = f"arn:aws:ec2:eu-west-1:{B}"
    both = {("ec2:AttachVolume", f"{place}:instance/i-0a"), ("ec2:AttachVolume", f"{place}:volume/vol-0b")}
    request = {"instanceId": "i-0a", "volumeId": "vol-0b", "device": "/dev/sdf"}
    denied = refused(session(WORKER), "ec2", "AttachVolume", "ec2:AttachVolume", f"{place}:instance/i-0a", request=request)
    assert blamed(diagnose([denied], snapshot((WORKER, [allow("ec2:Describe*")], [])))) == both
    half = snapshot((WORKER, [allow("ec2:AttachVolume", f"{place}:volume/*")], []))
    assert blamed(diagnose([denied], half)) == {("ec2:AttachVolume", f"{place}:instance/i-0a")}


def test_what_is_only_being_made_is_needed_under_a_star() -> None:
    place = f"arn:aws:ec2:eu-west-1:{B}"
    request = {"subnetId": "subnet-0a", "groupSet": {"items": [{"groupId": "sg-0b"}]}}
    denied = refused(session(WORKER), "ec2", "CreateNetworkInterface", "ec2:CreateNetworkInterface", f"{place}:subnet/subnet-0a", request=request)
    case = diagnose([denied], snapshot((WORKER, [allow("ec2:Describe*")], [])))
    assert {resource for _, resource in blamed(case)} == {f"{place}:{name}" for name in ("subnet/subnet-0a", "security-group/sg-0b", "network-interface/*")}
    assert [delta.proof.sufficient for delta in case.deltas if delta.proof] == [True]


@pytest.mark.parametrize(("grants", "rule"), [(["ecs:RunTask"], "EventsForECSTask"), (["ecs:RunTask", "batch:SubmitJob"], None)])
def test_a_machine_that_waits_needs_the_rule_of_what_its_role_may_start(grants: list[str], rule: str | None) -> None:
    runs = role_arn("app/Machine")
    text = f"'{runs}' is not authorized to create managed-rule."
    record = call(session(MAKER), "states", "UpdateStateMachine", request={"roleArn": runs}, errorCode="AccessDeniedException", errorMessage=text)
    case = diagnose([record], snapshot((MAKER, [allow("*")], []), (runs, [allow(grants)], [trusts({"Service": "states.amazonaws.com"})])))
    found = f"arn:aws:events:eu-west-1:{B}:rule/StepFunctionsGet{rule}Rule" if rule else None
    assert blamed(case) == {(f"events:{name}", found) for name in ("PutRule", "PutTargets", "DescribeRule")}


@pytest.mark.parametrize("event", ["PutBucketPolicy", "GetBucketPolicy", "CreateBucket"])
def test_who_handles_the_policy_of_a_bucket_owns_it(event: str) -> None:
    analyst, owner = role_arn("Analyst", A), session(role_arn("Owner"), key="ASIA2")
    shown = call(owner, "s3", event, 5, request={"bucketName": "archive"})
    denied = refused(session(analyst), "s3", "ListObjects", "s3:ListBucket", "arn:aws:s3:::archive", 30, account=A, request={"bucketName": "archive"})
    policies = (snapshot((analyst, [], [])), resource_policy("arn:aws:s3:::archive", trusts({"AWS": role_arn("Else", A)}, "s3:ListBucket")))
    assert {delta.policy_type.value for delta in diagnose([shown, denied], *policies).deltas} == {"identity", "resource"}


NO_ROAD = "Connect timeout on endpoint URL: https://secretsmanager.{}.amazonaws.com/"


@pytest.mark.parametrize(("region", "outcome"), [("eu-west-1", Outcome.NO_DENIAL_FOUND), ("eu-central-1", Outcome.INCONCLUSIVE)])
def test_a_call_that_never_came_is_in_no_trail(region: str, outcome: Outcome) -> None:
    others = call(session(MAKER), "ecs", "RunTask", request={"cluster": "shop"})
    asked_ = {"role": WORKER, "error": NO_ROAD.format(region)}
    assert diagnose([others], snapshot((WORKER, [], []), (MAKER, [], [])), **asked_).outcome is outcome


@pytest.mark.parametrize(
    ("grants", "outcome"),
    [
        ([allow("rds-db:connect", f"arn:aws:rds-db:eu-west-1:{B}:dbuser:db-1/app")], Outcome.NO_DENIAL_FOUND),
        ([allow("rds-db:*")], Outcome.INCONCLUSIVE),
        ([allow("rds-db:connect"), allow("sqs:SendMessage")], Outcome.INCONCLUSIVE),
        ([allow("rds-db:connect"), {"Effect": "Deny", "Action": "rds-db:connect", "Resource": "*"}], Outcome.INCONCLUSIVE),
        ([], Outcome.INCONCLUSIVE),
    ],
)
def test_a_role_whose_work_leaves_no_record_is_not_asked_to_show_one(grants: list[dict[str, Any]], outcome: Outcome) -> None:
    opening = assumed(service("ecs-tasks"), WORKER)
    assert diagnose([opening], snapshot((WORKER, grants, [])), role=WORKER).outcome is outcome


@pytest.mark.parametrize(
    ("name", "left"), [("distribution/$DISTRIBUTION_ID", "$DISTRIBUTION_ID"), ("distribution/undefined", "undefined"), ("distribution/E1ABC", None)]
)
def test_a_name_that_nobody_filled_in_is_no_matter_of_permissions(name: str, left: str | None) -> None:
    own = f"arn:aws:cloudfront::{B}:distribution"
    case = asked("cloudfront", "cloudfront:CreateInvalidation", f"arn:aws:cloudfront::{B}:{name}", allow("cloudfront:CreateInvalidation", f"{own}/E2XYZ"))
    first = case.findings[0]
    assert (first.cause is Cause.NOT_A_PERMISSION, case.deltas == ()) == (left is not None, left is not None)
    assert left is None or (left in first.explanation and "filled in" in (first.advice or ""))


STORE, PERSON = f"arn:aws:identitystore::{B}:identitystore/d-906752b26f", "arn:aws:identitystore:::user/1488d4b8-20b1-701d-cb60-cc4f4ad8431d"


@pytest.mark.parametrize(
    ("service_name", "action", "first", "second", "both"),
    [
        ("identitystore", "DescribeUser", STORE, PERSON, True),
        ("identitystore", "DescribeUser", PERSON, STORE, True),
        ("identitystore", "DescribeUser", PERSON, PERSON.replace("1488d4b8", "99999999"), False),
        ("s3", "GetObject", "arn:aws:s3:::shop/a", "arn:aws:s3:::bank/*", False),
    ],
)
def test_an_action_that_is_checked_on_two_kinds_of_things_is_let_on_both(service_name: str, action: str, first: str, second: str, both: bool) -> None:
    said = f"User: {session(WORKER)['arn']} is not authorized to perform: {service_name}:{action} on resource: "
    why = f" because no identity-based policy allows the {service_name}:{action} action"
    text = f"{said}{first}{why}, {said}{second}{why}"
    denied = call(session(WORKER), service_name, action, 5, errorCode="AccessDenied", errorMessage=text, request=None)
    case = diagnose([denied], snapshot((WORKER, [], [])))
    assert {resource for _, resource in blamed(case)} == ({first, second} if both else {first})
    assert (second in str([delta.statements for delta in case.deltas])) is both
