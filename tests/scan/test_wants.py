"""What is wanted of a trail beside its denials, want by want: a scan reads as much as the answer rests on, and would be wrong without any one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.scan.test_equal_to_reading_everything import Records, compact, documents
from trailsleuth.facts import wants
from trailsleuth.scan import facts_wanted, pursuits

ACCOUNT, OTHER = "111122223333", "999999999999"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Worker"
BUCKET, OBJECT = "arn:aws:s3:::parcel-labels", "arn:aws:s3:::parcel-labels/today.pdf"
EVIDENCE = tuple[Records, dict[str, Any]]  # records, and other files by their names
_NUMBERS = iter(range(1, 10_000))


def call(operation: str, second: int, **fields: Any) -> dict[str, Any]:
    """A call of the worker's session: `s3:GetObject`, made that many seconds after nine."""
    service, _, name = operation.partition(":")
    issuer = {"type": "Role", "principalId": "AROAWORKER", "arn": ROLE, "accountId": ACCOUNT, "userName": "Worker"}
    who = {"type": "AssumedRole", "principalId": "AROAWORKER:job", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/job", "accountId": ACCOUNT}
    who |= {"accessKeyId": "ASIAWORKERWORKER0000", "sessionContext": {"sessionIssuer": issuer, "attributes": {"creationDate": "2026-03-04T08:00:00Z"}}}
    made = {"eventVersion": "1.08", "userIdentity": who, "eventTime": f"2026-03-04T09:00:{second:02}Z", "eventSource": f"{service}.amazonaws.com"}
    made |= {"eventName": name, "awsRegion": "eu-west-1", "sourceIPAddress": "192.0.2.7", "userAgent": "sdk", "requestParameters": None}
    made |= {"responseElements": None, "eventID": f"e-{next(_NUMBERS)}", "eventType": "AwsApiCall", "recipientAccountId": ACCOUNT}
    return {**made, **fields}


def of_another(operation: str, second: int, account: str = ACCOUNT, **fields: Any) -> dict[str, Any]:
    """The same of somebody whom the question is not about."""
    who = {"type": "IAMUser", "principalId": "AIDAELSE", "arn": f"arn:aws:iam::{account}:user/else", "accountId": account}
    return call(operation, second, **{"userIdentity": {**who, "accessKeyId": "AKIAELSEELSEELSE0000"}, **fields})


def asked(operation: str, message: str = "Access Denied", code: str = "AccessDenied", **fields: Any) -> dict[str, Any]:
    """The denied call in question."""
    return call(operation, 30, **{"eventID": "asked", "errorCode": code, "errorMessage": message, **fields})


def sentence(action: str, resource: str) -> str:
    return f"User: arn:aws:sts::{ACCOUNT}:assumed-role/Worker/job is not authorized to perform: {action} on resource: {resource}"


def snapshot(**role: Any) -> dict[str, Any]:
    trust = {"Version": "2012-10-17", "Statement": []}
    detail = {"Arn": ROLE, "RoleName": "Worker", "RoleId": "AROAWORKER", "AssumeRolePolicyDocument": trust, "RolePolicyList": [], **role}
    return {"RoleDetailList": [detail], "UserDetailList": [], "GroupDetailList": [], "Policies": []}


def read_of_an_object(**fields: Any) -> dict[str, Any]:
    request = {"bucketName": "parcel-labels", "key": "today.pdf"}
    return asked("s3:GetObject", requestParameters=request, resources=[{"ARN": OBJECT, "type": "AWS::S3::Object"}], **fields)


def owned(account: str = ACCOUNT) -> dict[str, Any]:
    return of_another("s3:GetBucketLocation", 5, resources=[{"ARN": BUCKET, "type": "AWS::S3::Bucket", "accountId": account}])


def a_secret_under_a_key() -> EVIDENCE:
    secret, key = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:db-Ab1Cd2", f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1a2b3c4d-1111-4222-8333-444444444444"
    made = of_another("secretsmanager:CreateSecret", 5, requestParameters={"name": "db", "kmsKeyId": key}, responseElements={"aRN": secret})
    policy = {"ResourceArn": key, "Policy": {"Version": "2012-10-17", "Statement": []}}
    denied = asked("secretsmanager:GetSecretValue", sentence("secretsmanager:GetSecretValue", secret))
    return [made, denied], {"key.json": policy, "iam.json": snapshot()}


def a_queue_made_just_before() -> EVIDENCE:
    url = f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/inbox"
    return [call("sqs:CreateQueue", 25, requestParameters={"queueName": "inbox"}, responseElements={"queueUrl": url}), asked("sqs:SendMessage")], {}


def a_function_with_a_role() -> EVIDENCE:
    role = {"functionName": "labels", "role": f"arn:aws:iam::{ACCOUNT}:role/LabelsRun"}
    made = of_another("lambda:CreateFunction20150331", 5, requestParameters=role)
    text = "The provided execution role does not have permissions to call ReceiveMessage on SQS"
    request = {"functionName": "labels", "eventSourceArn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:inbox"}
    return [made, asked("lambda:CreateEventSourceMapping20150331", text, "InvalidParameterValueException", requestParameters=request)], {}


def an_object_of_another_account() -> EVIDENCE:
    request = {"bucketName": "parcel-labels", "key": "today.pdf"}
    puts = [
        of_another("s3:PutObject", 6 + number, OTHER, requestParameters={**request, "key": key}) for number, key in enumerate(("today.pdf", "old/today.pdf"))
    ]
    return [of_another("sts:GetCallerIdentity", 3, OTHER), owned(), of_another("s3:GetObject", 4), *puts, read_of_an_object()], {}


def a_bucket_of_another_account() -> EVIDENCE:
    return [owned(OTHER), read_of_an_object()], {}


def a_role_that_was_made_anew() -> EVIDENCE:
    issuer = {"type": "Role", "principalId": "AROAFORMER", "arn": ROLE, "accountId": ACCOUNT, "userName": "Worker"}
    who = {"type": "AssumedRole", "principalId": "AROAFORMER:old", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/old", "accountId": ACCOUNT}
    who |= {"accessKeyId": "ASIAFORMERFORMER0000", "sessionContext": {"sessionIssuer": issuer}}
    allowed = {"Effect": "Allow", "Principal": {"AWS": "AROAFORMER"}, "Action": "s3:GetObject", "Resource": f"{BUCKET}/*"}
    policy = {"ResourceArn": BUCKET, "Policy": {"Version": "2012-10-17", "Statement": [allowed]}}
    return [call("ec2:DescribeRegions", 5, userIdentity=who), read_of_an_object()], {"bucket.json": policy, "iam.json": snapshot()}


def a_later_success() -> EVIDENCE:
    denied = asked("sqs:SendMessage", sentence("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:inbox"))
    later = dict(denied["userIdentity"], accessKeyId="ASIAWORKERWORKER0001")
    url = {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/inbox"}
    return [denied, call("sqs:SendMessage", 50, userIdentity=later, requestParameters=url)], {}


def registered(family: str, second: int) -> dict[str, Any]:
    role = {"family": family, "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/{family}-run"}
    return of_another("ecs:RegisterTaskDefinition", second, requestParameters=role)


def a_denied_registration() -> dict[str, Any]:
    return asked("ecs:RegisterTaskDefinition", sentence("ecs:RegisterTaskDefinition", "*"))


def an_earlier_registration() -> EVIDENCE:
    return [registered("labels", 5), a_denied_registration()], {}


def one_registration_of_two() -> EVIDENCE:
    named = call("ecs:DescribeServices", 20, requestParameters={"cluster": "main", "services": ["labels"], "taskDefinition": "labels:4"})
    return [registered("labels", 5), registered("parcels", 6), named, a_denied_registration()], {}


def a_copy_that_was_started() -> EVIDENCE:
    vault, run = f"arn:aws:backup:eu-west-1:{OTHER}:backup-vault:far", f"arn:aws:iam::{ACCOUNT}:role/Copies"
    point = f"arn:aws:backup:eu-west-1:{ACCOUNT}:recovery-point:1a2b3c4d-1111-4222-8333-444444444444"
    request = {"recoveryPointArn": point, "sourceBackupVaultName": "near", "destinationBackupVaultArn": vault, "iamRoleArn": run}
    allowed = {"Effect": "Allow", "Action": "backup:Copy*", "Resource": "*"}
    policies = [{"PolicyName": "copies", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allowed]}}]
    shut = {"ResourceArn": vault, "Policy": {"Version": "2012-10-17", "Statement": []}}
    others = {"iam.json": snapshot(Arn=run, RoleName="Copies", RolePolicyList=policies), "vault.json": shut}
    return [of_another("backup:StartCopyJob", 5, requestParameters=request), asked("ec2:DescribeRegions", sentence("ec2:DescribeRegions", "*"))], others


def a_build_that_was_started() -> EVIDENCE:
    run = f"arn:aws:iam::{ACCOUNT}:role/LabelsBuild"
    issuer = {"type": "Role", "principalId": "AROABUILD", "arn": run, "accountId": ACCOUNT, "userName": "LabelsBuild"}
    who = {"type": "AssumedRole", "principalId": "AROABUILD:build", "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/LabelsBuild/build", "accountId": ACCOUNT}
    who |= {"accessKeyId": "ASIABUILDBUILD000000", "sessionContext": {"sessionIssuer": issuer}}
    made = of_another("codebuild:CreateProject", 5, requestParameters={"name": "labels", "serviceRole": run})
    denied = asked("ecr:CreateRepository", sentence("ecr:CreateRepository", "*").replace("Worker/job", "LabelsBuild/build"), userIdentity=who)
    return [made, call("codebuild:StartBuild", 20, requestParameters={"projectName": "labels"}), denied], {}


def a_call_of_an_agent() -> EVIDENCE:
    server = "aws-mcp.amazonaws.com"
    made = {"downstreamRequests": [{"apiName": "sqs:PurgeQueue", "requestId": "request-of-an-agent"}]}
    tool = call("aws-mcp:CallReadWriteTool", 29, awsRegion="us-east-1", eventType="AwsMcpEvent", userAgent="loom/1.0", additionalEventData=made)
    denied = asked("sqs:PurgeQueue", sentence("sqs:PurgeQueue", f"arn:aws:sqs:eu-west-1:{ACCOUNT}:inbox"), requestID="request-of-an-agent")
    return [tool, {**denied, "userIdentity": {**denied["userIdentity"], "invokedBy": server}, "sourceIPAddress": server}], {}


SITUATIONS: dict[type, Callable[[], EVIDENCE]] = {
    wants.ThingNamed: a_secret_under_a_key,
    wants.Made: a_queue_made_just_before,
    wants.Handed: a_function_with_a_role,
    wants.Uploaded: an_object_of_another_account,
    wants.Owned: a_bucket_of_another_account,
    wants.CalledAs: a_role_that_was_made_anew,
    wants.Retried: a_later_success,
    wants.Registered: an_earlier_registration,
    wants.Session: one_registration_of_two,
    wants.SetUp: a_copy_that_was_started,
    wants.HandingOver: a_build_that_was_started,
    wants.ToolCall: a_call_of_an_agent,
}
QUESTION = {wants.SetUp: {"error": "Access Denied trying to call AWS Backup service"}, wants.HandingOver: {"role": ROLE}}


def without(want: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scan no longer takes the want."""
    take, pursue = facts_wanted.FactsWanted.take, pursuits.Pursuits.take

    def fewer(self: Any, named: Iterable[Any], moment: Any) -> None:
        take(self, [one for one in named if type(one) is not want], moment)

    monkeypatch.setattr(facts_wanted.FactsWanted, "take", fewer)
    monkeypatch.setattr(pursuits.Pursuits, "take", lambda self, record, one: None if type(one) is want else pursue(self, record, one))


@pytest.mark.parametrize("want", get_args(wants.Want), ids=lambda want: want.__name__)
def test_the_answer_rests_on_every_want(want: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records, others = SITUATIONS[want]()
    edges = [{**of_another("sts:GetCallerIdentity", 0), "eventTime": f"2026-03-0{day}T00:00:00Z"} for day in (3, 6)]
    (tmp_path / "trail.json").write_bytes(compact([*edges, *records]))
    for name, content in others.items():
        (tmp_path / name).write_text(json.dumps(content))
    scanned, read = documents(tmp_path, monkeypatch, **QUESTION.get(want, {"event_id": "asked"}))
    assert scanned == read
    without(want, monkeypatch)
    scanned, read = documents(tmp_path, monkeypatch, **QUESTION.get(want, {"event_id": "asked"}))
    assert scanned["findings"] != read["findings"]


@pytest.mark.parametrize("last", ["UntagQueue", "SetQueueAttributes"])
def test_calls_that_tag_the_thing_are_taken_from_a_large_trail(last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue, url = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:inbox", f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/inbox"
    tags = [of_another("sqs:TagQueue", 5, requestParameters={"queueUrl": url, "tags": {"team": "press"}})]
    tags.append(of_another(f"sqs:{last}", 6, requestParameters={"queueUrl": url, "tagKeys": ["team"]}))
    condition = {"StringEquals": {"aws:ResourceTag/team": "loom"}}
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*", "Condition": condition}]}
    denied = asked("sqs:SendMessage", sentence("sqs:SendMessage", queue))
    edges = [{**of_another("sts:GetCallerIdentity", 0), "eventTime": f"2026-03-0{day}T00:00:00Z"} for day in (3, 6)]
    (tmp_path / "trail.json").write_bytes(compact([*edges, *tags, denied]))
    (tmp_path / "iam.json").write_text(json.dumps(snapshot(RolePolicyList=[{"PolicyName": "own", "PolicyDocument": policy}])))
    scanned, read = documents(tmp_path, monkeypatch, event_id="asked")
    assert scanned == read
    assert ("team=press" in read["findings"][0]["explanation"]) is (last != "UntagQueue")
