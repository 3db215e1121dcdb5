"""What a denial comes down to where several things speak: a Deny beside a missing Allow, a condition nobody can check, another Region, a key unnamed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import A, B, call, diagnose, refused, resource_policy, session, snapshot, trusts
from tests.trail import role as role_arn
from trailsleuth.catalog.evaluation import is_of_one_region
from trailsleuth.catalog.load import rows_of
from trailsleuth.ingest.denials import read_denial
from trailsleuth.model.pattern import ArnPattern

WHO = role_arn("etl/Mover")
TABLE = f"arn:aws:dynamodb:eu-west-1:{B}:table/ledger"
KEY = f"arn:aws:kms:eu-west-1:{B}:key/7d8e9f00-1a2b-4c3d-8e4f-5a6b7c8d9e0f"


def denied(source: str, name: str, action: str, resource: str, **fields: Any) -> dict[str, Any]:
    who = session(WHO)
    text = f"User: {who['arn']} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
    return call(who, source, name, errorCode="AccessDenied", errorMessage=text, **fields)


def cause(case: Any) -> tuple[str, str | None, str | None]:
    first = case.findings[0]
    return first.cause.value, first.iam_action, first.resource


def test_a_deny_whose_condition_nobody_can_check_does_not_hide_that_nothing_allows() -> None:
    guard = {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*", "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-0a1b2c3d"}}}
    case = diagnose([denied("dynamodb", "Scan", "dynamodb:Scan", TABLE)], snapshot((WHO, [guard], [])))
    assert cause(case) == ("missing_allow", "dynamodb:Scan", TABLE)
    assert len(case.deltas) == 1


def test_an_allow_that_hangs_on_an_unseen_tag_is_nearer_than_one_for_another_resource() -> None:
    tagged = {"StringEquals": {"aws:ResourceTag/team": "money"}}
    held = [
        {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": TABLE, "Condition": tagged},
        {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": f"{TABLE}-old"},
    ]
    case = diagnose([denied("dynamodb", "Scan", "dynamodb:Scan", TABLE)], snapshot((WHO, held, [])))
    assert cause(case)[0] == "condition_mismatch"


@pytest.mark.parametrize("row", rows_of("evaluation", "of_one_region"), ids=lambda row: row["id"])
def test_a_row_of_one_region_reads_its_example_and_leaves_its_counter_example_alone(row: dict[str, Any]) -> None:
    assert is_of_one_region(row["example"]["event"], row["example"]["action"])
    assert not is_of_one_region(row["counter_example"]["event"], row["counter_example"]["action"])


@pytest.mark.parametrize(("region", "expected"), [("us-east-2", "no_policy_fix"), ("eu-west-1", "missing_allow")])
def test_an_image_of_another_region_is_no_matter_of_permissions(region: str, expected: str) -> None:
    image = f"arn:aws:ecr:{region}:{B}:repository/mover"
    case = diagnose([denied("lambda", "UpdateFunctionCode20150331v2", "ecr:BatchGetImage", image)], snapshot((WHO, [], [])))
    assert cause(case)[0] == expected


def test_the_key_that_no_text_names_is_that_of_the_thing() -> None:
    secret = call(session(role_arn("ops/Keeper")), "secretsmanager", "CreateSecret", 3, request={"name": "ledger", "kmsKeyId": KEY})
    failed = call(
        session(WHO),
        "secretsmanager",
        "GetSecretValue",
        9,
        request={"secretId": "ledger"},
        errorCode="AccessDenied",
        errorMessage="Access to KMS is not allowed",
    )
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{B}:root"}, "Action": "kms:*", "Resource": "*"}
    policy = {"ResourceArn": KEY, "Policy": {"Version": "2012-10-17", "Statement": [root]}}
    case = diagnose([secret, failed], snapshot((WHO, [{"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}], [])), policy)
    assert cause(case) == ("missing_allow", "kms:Decrypt", KEY)


def test_a_star_of_the_table_is_a_pattern_and_one_that_was_read_is_itself() -> None:
    text = "Access Denied for LogDestination: flow-logs-1. Please check LogDestination permission"
    denial = read_denial("InvalidParameter", text, event_source="", event_name="CreateFlowLogs")
    assert denial is not None
    assert (denial.resource, type(denial.resource)) == ("arn:aws:s3:::flow-logs-1/*", ArnPattern)


@pytest.mark.parametrize(("held", "expected"), [([{"Effect": "Allow", "Action": "*", "Resource": "*"}], "no_policy_fix"), ([], "missing_allow")])
def test_what_the_management_account_alone_may_do_is_no_matter_of_an_administrators_policies(held: list[dict[str, Any]], expected: str) -> None:
    """AWS gives no reason for it; where the caller's own policies do not allow it either, they come first."""
    text = "You don't have permissions to access this resource."
    record = call(session(WHO), "organizations", "ListAccounts", region="us-east-1", errorCode="AccessDeniedException", errorMessage=text)
    case = diagnose([record], snapshot((WHO, held, [])))
    assert case.findings[0].cause.value == expected
    assert bool(case.deltas) == (expected == "missing_allow")


def test_the_account_that_holds_the_organizations_policies_is_the_management_account() -> None:
    arn = f"arn:aws:organizations::{B}:policy/o-a1b2c3d4e5/service_control_policy/p-1a2b3c4d"
    summary = {"Id": "p-1a2b3c4d", "Arn": arn, "Name": "All", "Type": "SERVICE_CONTROL_POLICY", "AwsManaged": False}
    everything = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    record = call(
        session(WHO), "organizations", "ListAccounts", errorCode="AccessDeniedException", errorMessage="You don't have permissions to access this resource."
    )
    held = snapshot((WHO, [{"Effect": "Allow", "Action": "*", "Resource": "*"}], []))
    case = diagnose([record], held, {"Policy": {"PolicySummary": summary, "Content": everything}})
    assert case.findings[0].cause.value == "unknown"


@pytest.mark.parametrize(
    ("source", "name", "request_", "layers"),
    [
        ("s3", "DeleteBucketPolicy", {"bucketName": "shut-out"}, ()),
        ("sqs", "DeleteQueue", {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{B}/shut-out"}, ()),
        ("kms", "PutKeyPolicy", {"keyId": KEY}, ("resource",)),
    ],
)
def test_no_allow_gives_the_root_user_more_in_its_own_account(source: str, name: str, request_: dict[str, Any], layers: tuple[str, ...]) -> None:
    """A Deny holds it back, wherever that stands; a key's policy decides over the root user as well."""
    root = {"type": "Root", "principalId": B, "arn": f"arn:aws:iam::{B}:root", "accountId": B, "accessKeyId": "ASIA5"}
    case = diagnose([call(root, source, name, 10, request=request_, errorCode="AccessDenied", errorMessage="Access Denied")])
    assert case.findings[0].policy_types == layers
    assert [delta.policy_type.value for delta in case.deltas] == list(layers)
    assert case.questions or case.deltas


@pytest.mark.parametrize(
    ("printed", "action"),
    [
        ("s3:ListBuckets", "s3:ListAllMyBuckets"),
        ("s3:ListObjectsV2", "s3:ListBucket"),
        ("s3:HeadObject", "s3:GetObject"),
        ("s3:CopyObject", "s3:PutObject"),
        ("s3:DeleteObjects", "s3:DeleteObject"),
        ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("lambda:Invoke", "lambda:InvokeFunction"),
        ("apigateway:CreateRestApi", "apigateway:POST"),
    ],
)
def test_an_operation_that_a_text_prints_like_an_action_reaches_the_change_as_iams_action(printed: str, action: str) -> None:
    prefix, _, name = printed.partition(":")
    case = diagnose([denied(prefix, name, printed, "*")], snapshot((WHO, [], [])))
    assert case.findings[0].iam_action == action
    assert {statement["Action"] for delta in case.deltas for statement in delta.statements} <= {action}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [({"accountId": B}, "no_policy_fix"), ({"contactInformation": "hidden"}, "unknown")],
    ids=["with the own number", "without"],
)
def test_an_account_s_number_in_the_request_is_for_the_organization_s_managers(request_: dict[str, Any], expected: str) -> None:
    denied = refused(session(role_arn("Contact")), "account", "PutContactInformation", "account:PutContactInformation", clause="", request=request_)
    held = snapshot((role_arn("Contact"), [{"Effect": "Allow", "Action": "account:*", "Resource": "*"}], []))
    case = diagnose([denied], held, role=role_arn("Contact"))
    assert [finding.cause.value for finding in case.findings] == [expected]
    assert ("Leave accountId out" in (case.findings[0].advice or "")) is (expected == "no_policy_fix")


@pytest.mark.parametrize(("expected_owner", "expected"), [(A, "no_policy_fix"), (B, "unknown")])
def test_a_bucket_of_another_account_than_the_request_expects_is_denied_whatever_policies_say(expected_owner: str, expected: str) -> None:
    request = {"bucketName": "labels", "x-amz-expected-bucket-owner": expected_owner}
    shown = [{"ARN": "arn:aws:s3:::labels", "type": "AWS::S3::Bucket", "accountId": B}]
    denied = call(session(role_arn("Reader")), "s3", "ListObjects", request=request, resources=shown, errorCode="AccessDenied", errorMessage="Access Denied")
    held = snapshot((role_arn("Reader"), [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}], []))
    case = diagnose([denied], held, role=role_arn("Reader"))
    assert case.findings[0].cause.value == expected
    assert not case.deltas


POOL, OTHER_POOL = "eu-west-1:7f6e5d4c-3b2a-4190-8877-665544332211", "eu-west-1:0a1b2c3d-4e5f-4061-9273-8495a6b7c8d9"
GUESTS = role_arn("Guests")


def pool_trust(pool: str) -> dict[str, Any]:
    keys = {"StringEquals": {"cognito-identity.amazonaws.com:aud": pool}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": "unauthenticated"}}
    return trusts({"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity", **keys)


@pytest.mark.parametrize(("trusted", "logins", "expected"), [(OTHER_POOL, {}, GUESTS), (POOL, {}, None), (OTHER_POOL, {"login.example": "t"}, None)])
def test_the_role_of_an_identity_pool_that_trusts_another_pool_is_the_one_that_was_asked(trusted: str, logins: dict[str, str], expected: str | None) -> None:
    admin, text = session(role_arn("Admin")), "Invalid identity pool configuration. Check assigned IAM roles for this pool."
    roles = call(admin, "cognito-identity", "SetIdentityPoolRoles", 1, request={"identityPoolId": POOL, "roles": {"unauthenticated": GUESTS}})
    failed = {"errorCode": "InvalidIdentityPoolConfigurationException", "errorMessage": text, "account": B}
    asked = {"identityId": "eu-west-1:guest"} | ({"logins": logins} if logins else {})
    denied = call({"type": "Unknown", "accountId": B}, "cognito-identity", "GetCredentialsForIdentity", 9, request=asked, event_id="denied", **failed)
    case = diagnose([roles, denied], snapshot((GUESTS, [], [pool_trust(trusted)])), event_id="denied")
    assert case.findings[0].resource == expected
    assert [delta.statements[0]["Principal"] for delta in case.deltas] == ([{"Federated": "cognito-identity.amazonaws.com"}] if expected else [])


@pytest.mark.parametrize(
    ("source", "name", "action", "request_", "needed"),
    [
        ("ec2", "CreateFlowLogs", "ec2:*", {"CreateFlowLogsRequest": {"LogDestinationType": "s3"}}, "logs:CreateLogDelivery"),
        ("ec2", "CreateFlowLogs", "ec2:*", {"CreateFlowLogsRequest": {"LogFormat": "${version} ${ecs-cluster-arn}"}}, "ecs:ListClusters"),
        (
            "wafv2",
            "PutLoggingConfiguration",
            "wafv2:*",
            {"loggingConfiguration": {"logDestinationConfigs": ["arn:aws:s3:::aws-waf-logs-1"]}},
            "logs:CreateLogDelivery",
        ),
        ("route53resolver", "CreateResolverQueryLogConfig", "route53resolver:*", {"destinationArn": "arn:aws:s3:::queries"}, "logs:CreateLogDelivery"),
    ],
)
def test_a_bare_denial_of_what_the_policies_allow_is_of_what_the_request_needs_besides(
    source: str, name: str, action: str, request_: dict[str, Any], needed: str
) -> None:
    bare = call(session(WHO), source, name, errorCode="AccessDenied", errorMessage="You are not authorized to perform this operation.", request=request_)
    case = diagnose([bare], snapshot((WHO, [{"Effect": "Allow", "Action": action, "Resource": "*"}], [])))
    assert cause(case) == ("missing_allow", needed, "*")


MANAGED = {
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
    "Resource": "*",
    "Condition": {"StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com", "kms:CallerAccount": B}},
}
SEEN = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{B}:root"}, "Action": ["kms:Describe*", "kms:Get*"], "Resource": "*"}


@pytest.mark.parametrize(
    ("who", "action", "expected"),
    [
        ({"type": "AWSService", "invokedBy": "sns.amazonaws.com"}, "kms:GenerateDataKey", "no_policy_fix"),
        (session(WHO), "kms:Decrypt", "no_policy_fix"),
        (session(WHO), "kms:DescribeKey", "missing_allow"),
    ],
)
def test_nobody_is_added_to_the_policy_of_a_key_of_aws_s_own(who: dict[str, Any], action: str, expected: str) -> None:
    named = who.get("arn") or who["invokedBy"]
    by = "identity" if action == "kms:DescribeKey" else "resource"
    text = f"User: {named} is not authorized to perform: {action} on resource: {KEY} because no {by}-based policy allows the {action} action"
    record = call(who, "kms", action.partition(":")[2], errorCode="AccessDenied", errorMessage=text)
    held = [] if by == "identity" else [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]
    case = diagnose([record], snapshot((WHO, held, [])), resource_policy(KEY, MANAGED, SEEN))
    assert cause(case) == (expected, action, KEY)
    assert bool(case.deltas) is (expected == "missing_allow")


@pytest.mark.parametrize("code", ["KMS.AccessDeniedException", "KMSAccessDeniedException"])
def test_a_text_that_holds_a_code_of_a_service_means_its_denial(code: str) -> None:
    text = (
        f"User: sns.amazonaws.com is not authorized to perform: kms:Decrypt on resource: {KEY} because no resource-based policy allows the kms:Decrypt action"
    )
    record = call({"type": "AWSService", "invokedBy": "sns.amazonaws.com"}, "kms", "Decrypt", errorCode="AccessDenied", errorMessage=text)
    case = diagnose([record], resource_policy(KEY, MANAGED, SEEN), error=f'"ErrorCode":"{code}","sqsRequestId":"Unrecoverable"')
    assert (case.outcome.value, cause(case)) == ("cause_found", ("no_policy_fix", "kms:Decrypt", KEY))


FOLDER, DROP = "arn:aws:s3:::home", "arn:aws:s3:::partner-drop"


def listed(bucket: str, prefix: str, owner: str = "", **fields: Any) -> dict[str, Any]:
    held = [{"type": "AWS::S3::Bucket", "ARN": f"arn:aws:s3:::{bucket}", "accountId": owner}]
    return call(session(WHO), "s3", "ListObjects", request={"bucketName": bucket, "prefix": prefix}, resources=held, **fields)


@pytest.mark.parametrize(
    ("granted", "shown", "owner", "expected"),
    [
        (DROP, ("partner-drop", "home/omar/"), "", "not_a_permission"),
        (f"{DROP}/home/*", None, "", "not_a_permission"),
        (DROP, ("partner-drop", "homes/omar/"), "", "scope_mismatch"),
        (DROP, ("partner-drop", "home/omar/"), B, "scope_mismatch"),
    ],
)
def test_a_folder_that_was_taken_for_a_bucket_is_no_bucket_to_be_granted(granted: str, shown: tuple[str, str] | None, owner: str, expected: str) -> None:
    bare = listed("home", "lena/", owner, second=20, errorCode="AccessDenied", errorMessage="Access Denied")
    held = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": granted}
    case = diagnose([*([listed(*shown, B)] if shown else []), bare], snapshot((WHO, [held], [])))
    assert cause(case) == (expected, "s3:ListBucket", FOLDER)
    assert bool(case.deltas) is (expected == "scope_mismatch")


def test_a_folder_of_a_bucket_that_the_caller_used_tells_it_too_where_no_policies_are_there() -> None:
    bare = listed("home", "lena/", second=20, errorCode="AccessDenied", errorMessage="Access Denied")
    assert cause(diagnose([listed("partner-drop", "home/omar/", B), bare]))[0] == "not_a_permission"
