"""The kinds of calls that one line of a record stands for: lists, several actions, passed roles, and names that do not last."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.remedy.build import ACCOUNT, ROLE, TASK, a_call, a_snapshot, allow, evidence
from trailsleuth.api.reductions import reduce_evidence
from trailsleuth.catalog.elements import each_element
from trailsleuth.catalog.load import rows_of
from trailsleuth.model.pattern import ArnPattern, as_pattern, is_wide

PLACE = f"eu-west-1:{ACCOUNT}"
EXEC = f"arn:aws:iam::{ACCOUNT}:role/app/Exec"
UUIDS = [f"{n:08x}-1111-4222-8333-44445555{n:04x}" for n in range(1, 13)]
KEYS = [f"arn:aws:kms:{PLACE}:key/1c0de000-0000-4000-8000-00000000000{n}" for n in (1, 2)]


def on(number, day, call, request=None, **members):
    """A call on a day of July 2026."""
    moment = datetime(2026, 7, 1, 6, tzinfo=UTC) + timedelta(days=day, seconds=number)
    return a_call(number, call, request, **members) | {"eventTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


def reduced(calls, snapshot=None, *others):
    return reduce_evidence(evidence(calls, snapshot, *others), role=ROLE)


def granted(answer, action=None):
    found = set()
    for statement in answer.statements:
        actions, resources = ([v] if isinstance(v := statement[part], str) else v for part in ("Action", "Resource"))
        found |= {(a, r) for a in actions for r in resources if action in (None, a)}
    return found if action is None else {resource for _, resource in found}


def put(keys, *, days, bucket="lake", call="s3:PutObject"):
    return [on(n, day, call, {"bucketName": bucket, "key": key}, eventCategory="Data") for n, (key, day) in enumerate(zip(keys, days, strict=True))]


@pytest.mark.parametrize(
    ("call", "request_", "action", "resources"),
    [
        ("ecs:DescribeTaskDefinition", {"taskDefinition": "web:3"}, "ecs:DescribeTaskDefinition", {"*"}),
        (
            "ecs:DescribeCapacityProviders",
            {"capacityProviders": ["one", "two"]},
            "ecs:DescribeCapacityProviders",
            {f"ecs:{PLACE}:capacity-provider/{n}" for n in ("one", "two")},
        ),
        (
            "secretsmanager:BatchGetSecretValue",
            {"secretIdList": [f"arn:aws:secretsmanager:{PLACE}:secret:{n}-a1B2c3" for n in "ab"]},
            "secretsmanager:GetSecretValue",
            {f"secretsmanager:{PLACE}:secret:{n}-a1B2c3" for n in "ab"},
        ),
        (
            "elasticfilesystem:DescribeFileSystems",
            {"fileSystemId": "fs-01"},
            "elasticfilesystem:DescribeFileSystems",
            {f"elasticfilesystem:{PLACE}:file-system/fs-01"},
        ),
        ("lakeformation:GetDataAccess", {}, "lakeformation:GetDataAccess", {"*"}),
        ("ecs:ListTasks", {"cluster": "main"}, "ecs:ListTasks", {"*"}),
        ("fsx:CreateBackup", {"fileSystemId": "fs-0a"}, "fsx:CreateBackup", {f"fsx:{PLACE}:file-system/fs-0a", f"fsx:{PLACE}:backup/*"}),
        (
            "elasticloadbalancing:SetRulePriorities",
            {"rulePriorities": [{"ruleArn": f"arn:aws:elasticloadbalancing:{PLACE}:listener-rule/app/web/1/2/{n}", "priority": n} for n in (1, 2)]},
            "elasticloadbalancing:SetRulePriorities",
            {f"elasticloadbalancing:{PLACE}:listener-rule/app/web/1/2/{n}" for n in (1, 2)},
        ),
        (
            "apigateway:UpdateStage",
            {"restApiId": "a1", "stageName": "prod", "patchOperations": []},
            "apigateway:PATCH",
            {"apigateway:eu-west-1::/restapis/a1/stages/prod"},
        ),
        (
            "bedrock:InvokeModel",
            {"modelId": "eu.maker.model-v1:0"},
            "bedrock:InvokeModel",
            {f"bedrock:{PLACE}:inference-profile/eu.maker.model-v1:0", "bedrock:*::foundation-model/maker.model-v1:0"},
        ),
        ("codepipeline:GetPipelineState", {"name": "web"}, "codepipeline:GetPipelineState", {f"codepipeline:{PLACE}:web"}),
        ("route53:ListResourceRecordSets", {"hostedZoneId": "/hostedzone/Z0AB"}, "route53:ListResourceRecordSets", {"route53:::hostedzone/Z0AB"}),
        ("athena:GetWorkGroup", {"workGroup": "finance"}, "athena:GetWorkGroup", {f"athena:{PLACE}:workgroup/finance"}),
        ("sagemaker:DescribeEndpoint", {"endpointName": "churn"}, "sagemaker:DescribeEndpoint", {f"sagemaker:{PLACE}:endpoint/churn"}),
        (
            "ec2:RebootInstances",
            {"instancesSet": {"items": [{"instanceId": "i-0a"}, {"instanceId": "i-0b"}]}},
            "ec2:RebootInstances",
            {f"ec2:{PLACE}:instance/i-0{n}" for n in "ab"},
        ),
    ],
)
def test_every_thing_that_a_request_names_is_granted(call, request_, action, resources):
    answer = reduced([a_call(1, call, request_)], a_snapshot(allow("*")))
    assert granted(answer, action) == {r if r == "*" else f"arn:aws:{r}" for r in resources}


def test_every_arn_of_the_resources_counts_where_the_request_is_silent():
    tables = [f"arn:aws:dynamodb:{PLACE}:table/{name}" for name in ("carts", "prices")]
    call = a_call(1, "dynamodb:BatchGetItem", None, resources=[{"ARN": arn, "accountId": ACCOUNT, "type": "AWS::DynamoDB::Table"} for arn in tables])
    assert granted(reduced([call]), "dynamodb:BatchGetItem") == set(tables)


@pytest.mark.parametrize(
    ("call", "request_", "action", "shown"),
    [
        ("dynamodb:GetItem", {"tableName": "carts"}, "dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:420000000002:table/carts"),
        ("bedrock-agentcore:ListEvents", {"memoryId": "desk-a1"}, "bedrock-agentcore:ListEvents", f"arn:aws:bedrock-agentcore:{PLACE}:memory/desk-a1"),
    ],
)
def test_the_arn_of_the_record_stands_for_the_thing_of_that_name_in_the_request(call, request_, action, shown):
    resources = [{"ARN": shown, "accountId": ACCOUNT}]
    assert granted(reduced([a_call(1, call, request_, resources=resources, eventCategory="Data")]), action) == {shown}


@pytest.mark.parametrize(
    ("first", "given", "answer", "then", "asked", "resources"),
    [
        (
            "athena:StartQueryExecution",
            {"workGroup": "finance"},
            {"queryExecutionId": "1c0de000-aaaa-4bbb-8ccc-000000000001"},
            "athena:GetQueryResults",
            {"queryExecutionId": "1c0de000-aaaa-4bbb-8ccc-000000000001"},
            {f"athena:{PLACE}:workgroup/finance"},
        ),
        (
            "codedeploy:CreateDeployment",
            {"applicationName": "till", "deploymentGroupName": "fleet"},
            {"deploymentId": "d-AB12CD34E"},
            "codedeploy:GetDeployment",
            {"deploymentId": "d-AB12CD34E"},
            {f"codedeploy:{PLACE}:deploymentgroup:till/fleet"},
        ),
        (
            "elasticfilesystem:CreateMountTarget",
            {"fileSystemId": "fs-0a1b2c3d", "subnetId": "subnet-1"},
            {"mountTargetId": "fsmt-0a1b2c3d", "fileSystemId": "fs-0a1b2c3d"},
            "elasticfilesystem:DeleteMountTarget",
            {"mountTargetId": "fsmt-0a1b2c3d"},
            {f"elasticfilesystem:{PLACE}:file-system/fs-0a1b2c3d"},
        ),
    ],
)
def test_a_call_that_names_an_id_alone_works_on_what_the_call_that_gave_the_id_was_made_on(first, given, answer, then, asked, resources):
    builder = f"arn:aws:iam::{ACCOUNT}:role/Builder"
    other = a_call(1, first, {name: f"{value}x" for name, value in given.items()}, role=builder, responseElements={"id": "another-0123456789"})
    made, used = a_call(2, first, given, role=builder, responseElements=answer), a_call(3, then, asked)
    snapshot = a_snapshot(allow("*"))
    assert granted(reduced([other, made, used], snapshot), then) == {f"arn:aws:{r}" for r in resources}
    assert granted(reduced([other, used], snapshot), then) == {"*"}


@pytest.mark.parametrize(
    ("calls", "action", "patterns"),
    [
        ([("sqs:CreateQueue", {"queueName": f"batch-{1000 + n}"}) for n in range(4)], "sqs:CreateQueue", {f"sqs:{PLACE}:batch-*"}),
        ([("sqs:GetQueueUrl", {"queueName": f"shard-{n % 3}"}) for n in range(30)], "sqs:GetQueueUrl", {f"sqs:{PLACE}:shard-{n}" for n in range(3)}),
        ([("sqs:GetQueueUrl", {"queueName": f"run-{n}-v2"}) for n in range(9)], "sqs:GetQueueUrl", {f"sqs:{PLACE}:run-*-v2"}),
        ([("sqs:GetQueueUrl", {"queueName": f"run-{n}"}) for n in range(3)], "sqs:GetQueueUrl", {f"sqs:{PLACE}:run-{n}" for n in range(3)}),
        ([("iam:CreateRole", {"roleName": f"review-{n}-web"}) for n in range(3)], "iam:CreateRole", {f"iam::{ACCOUNT}:role/review-*-web"}),
        ([("cloudformation:CreateStack", {"stackName": f"review-{n}"}) for n in range(3)], "cloudformation:CreateStack",
         {f"cloudformation:{PLACE}:stack/review-*/*"}),
        ([("secretsmanager:CreateSecret", {"name": f"run-{u}"}) for u in UUIDS[:2]], "secretsmanager:CreateSecret",
         {f"secretsmanager:{PLACE}:secret:run-*-??????"}),
        ([("lambda:UpdateAlias20150331", {"functionName": f"thumb-{n % 2}", "name": "live"}) for n in range(20)], "lambda:UpdateAlias",
         {f"lambda:{PLACE}:function:thumb-{n}" for n in range(2)}),
        ([("rds:CreateDBSnapshot", {"dBSnapshotIdentifier": "one", "dBInstanceIdentifier": f"db-{n}"}) for n in range(3)], "rds:CreateDBSnapshot",
         {f"rds:{PLACE}:snapshot:one", *(f"rds:{PLACE}:db:db-{n}" for n in range(3))}),
    ],
)  # fmt: skip
def test_numbered_names_are_a_pattern_where_they_go_on_counting_and_those_that_last_stay(calls, action, patterns):
    answer = reduced([on(n, n, call, request) for n, (call, request) in enumerate(calls)], a_snapshot(allow("*")))
    assert granted(answer, action) == {f"arn:aws:{p}" for p in patterns}
    assert (answer.proof.sufficient, answer.proof.minimal) == (True, True)


def test_what_the_role_makes_itself_has_another_id_in_the_next_run():
    arn = f"arn:aws:acm:{PLACE}:certificate/{UUIDS[0]}"
    asked = on(1, 0, "acm:RequestCertificate", {"domainName": "a.example"}, responseElements={"certificateArn": arn})
    looked = on(2, 0, "acm:DescribeCertificate", {"certificateArn": arn})
    assert granted(reduced([asked, looked]), "acm:DescribeCertificate") == {f"arn:aws:acm:{PLACE}:certificate/*"}
    assert granted(reduced([looked]), "acm:DescribeCertificate") == {arn}
    lone = put([f"out/{UUIDS[1]}.json"], days=[3])
    assert granted(reduced(lone), "s3:PutObject") == {"arn:aws:s3:::lake/out/*.json"}
    read = put([f"out/{UUIDS[1]}.json"], days=[3], call="s3:GetObject")
    assert granted(reduced(read), "s3:GetObject") == {f"arn:aws:s3:::lake/out/{UUIDS[1]}.json"}


def test_only_what_was_used_once_under_any_name_is_said_to_be_used_once():
    nightly = [on(n, 3 * n, "ec2:DeleteSnapshot", {"snapshotId": f"snap-0a1b2c3{n}"}) for n in range(10)]
    yearly = on(20, 12, "rds:DeleteDBSnapshot", {"dBSnapshotIdentifier": "closing"})
    (gap,) = [one for one in reduced([*nightly, yearly, on(21, 29, "ec2:DescribeSnapshots"), on(22, 0, "ec2:DescribeSnapshots")]).gaps if "Used once" in one]
    assert gap == "Used once in the whole window, as a yearly or monthly job would: rds:DeleteDBSnapshot (2026-07-13)."


def test_each_item_of_a_transaction_is_checked_for_its_own_action():
    items = [{"operation": "Put", "tableName": "carts"}, {"operation": "ConditionCheck", "tableName": "prices"}, {"operation": "Delete", "tableName": "carts"}]
    table = f"arn:aws:dynamodb:{PLACE}:table"
    assert granted(reduced([a_call(1, "dynamodb:TransactWriteItems", {"requestItems": items})])) == {
        ("dynamodb:PutItem", f"{table}/carts"),
        ("dynamodb:ConditionCheckItem", f"{table}/prices"),
        ("dynamodb:DeleteItem", f"{table}/carts"),
    }
    statements = [{"statement": 'INSERT INTO "carts" VALUE {}'}, {"statement": "select * from prices"}]
    assert granted(reduced([a_call(1, "dynamodb:ExecuteTransaction", {"transactStatements": statements})])) == {
        ("dynamodb:PartiQLInsert", f"{table}/carts"),
        ("dynamodb:PartiQLSelect", f"{table}/prices"),
    }


def test_a_reencryption_needs_each_key_for_its_side_only():
    call = a_call(
        1,
        "kms:ReEncrypt",
        {"sourceKeyId": KEYS[0], "destinationKeyId": KEYS[1]},
        resources=[{"ARN": k, "accountId": ACCOUNT, "type": "AWS::KMS::Key"} for k in KEYS],
    )
    assert granted(reduced([call])) == {("kms:ReEncryptFrom", KEYS[0]), ("kms:ReEncryptTo", KEYS[1])}


def test_the_source_of_a_copy_is_read_under_its_decoded_name():
    call = a_call(1, "s3:CopyObject", {"bucketName": "lake", "key": "copy", "x-amz-copy-source": "/drop/a%20b%2Bc.txt"}, eventCategory="Data")
    assert granted(reduced([call]), "s3:GetObject") == {"arn:aws:s3:::drop/a b+c.txt"}


def test_objects_deleted_in_a_batch_are_a_pattern_and_a_key_with_a_star_is_not():
    batch = a_call(1, "s3:DeleteObjects", {"bucketName": "lake", "delete": ""}, eventCategory="Data")
    answer = reduced([batch], a_snapshot(allow("s3:*")))
    assert granted(answer) == {("s3:DeleteObject", "arn:aws:s3:::lake/*")}
    assert (answer.proof.sufficient, answer.proof.minimal) == (True, True)
    star = a_call(1, "s3:DeleteObject", {"bucketName": "lake", "key": "*"}, eventCategory="Data")
    assert granted(reduced([star])) == {("s3:DeleteObject", "arn:aws:s3:::lake/${*}")}


def test_a_secret_by_name_is_the_one_that_today_is_granted():
    arn = f"arn:aws:secretsmanager:{PLACE}:secret:mail-Ab3dE6"
    call = a_call(1, "secretsmanager:GetSecretValue", {"secretId": "mail"})
    assert granted(reduced([call], a_snapshot(allow("secretsmanager:GetSecretValue", arn)))) == {("secretsmanager:GetSecretValue", arn)}
    assert granted(reduced([call])) == {("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{PLACE}:secret:mail-??????")}


def test_a_launch_is_granted_on_all_that_it_names():
    request = {
        "instancesSet": {"items": [{"imageId": "ami-0aa", "keyName": "desk", "minCount": 1, "maxCount": 1}]},
        "groupSet": {"items": [{"groupId": "sg-0a"}, {"groupId": "sg-0b"}]},
        "launchTemplate": {"launchTemplateId": "lt-0a"},
        "tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "a", "value": "b"}]}, {"resourceType": "volume", "tags": []}]},
    }
    answer = reduced([a_call(1, "ec2:RunInstances", request)], a_snapshot(allow("*")))
    named = {resource.rpartition(":")[2] for resource in granted(answer, "ec2:RunInstances")}
    assert {"key-pair/desk", "security-group/sg-0a", "security-group/sg-0b", "launch-template/lt-0a"} <= named
    assert {resource.rpartition(":")[2] for resource in granted(answer, "ec2:CreateTags")} == {"instance/*", "volume/*"}


def register(number, family="nightly", revision=4):
    arn = f"arn:aws:ecs:{PLACE}:task-definition/{family}:{revision}"
    request = {"family": family, "taskRoleArn": TASK, "executionRoleArn": EXEC, "containerDefinitions": []}
    other = f"arn:aws:iam::{ACCOUNT}:role/Builder"
    return a_call(number, "ecs:RegisterTaskDefinition", request, role=other, responseElements={"taskDefinition": {"taskDefinitionArn": arn}})


@pytest.mark.parametrize("call", ["ecs:RunTask", "ecs:StartTask", "ecs:CreateService", "ecs:UpdateService"])
@pytest.mark.parametrize("named", ["nightly", "nightly:4", "nightly:5", f"arn:aws:ecs:{PLACE}:task-definition/nightly:4"])
def test_roles_of_a_task_definition_that_another_registered_are_passed(call, named):
    run = a_call(9, call, {"cluster": "web", "service": "front", "serviceName": "front", "taskDefinition": named})
    answer = reduced([register(1), run], a_snapshot(allow("*")))
    assert granted(answer, "iam:PassRole") == {TASK, EXEC}
    (passing,) = [s for s in answer.statements if s["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def test_of_an_unknown_definition_the_roles_that_today_names_are_kept_and_else_any_of_the_account_for_its_service():
    run = a_call(9, "ecs:RunTask", {"cluster": "web", "taskDefinition": "nightly:4"})
    own = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert granted(reduced([run], a_snapshot(allow("ecs:RunTask"), allow("iam:PassRole", TASK, own))), "iam:PassRole") == {TASK}
    several = a_snapshot(allow("ecs:RunTask"), allow("iam:PassRole", [f"arn:aws:iam::{ACCOUNT}:role/app/*", EXEC]))
    assert granted(reduced([run], several), "iam:PassRole") == {f"arn:aws:iam::{ACCOUNT}:role/app/*"}
    for wide in (reduced([run], a_snapshot(allow("*"))), reduced([run])):
        (passing,) = [s for s in wide.statements if s["Action"] == "iam:PassRole"]
        assert (passing["Resource"], passing["Condition"]) == (f"arn:aws:iam::{ACCOUNT}:role/*", own)
        assert any("passed a role that the evidence does not name" in gap for gap in wide.gaps)
    without = reduced([run], a_snapshot(allow("ecs:RunTask")))
    assert granted(without, "iam:PassRole") == set()


def test_the_profile_of_a_launch_template_is_passed_by_whoever_launches_with_it():
    profile = f"arn:aws:iam::{ACCOUNT}:instance-profile/web"
    snapshot = a_snapshot(allow("*"))
    snapshot["RoleDetailList"][1]["InstanceProfileList"] = [{"Arn": profile, "InstanceProfileName": "web"}]
    data = {"launchTemplateName": "web", "launchTemplateData": {"iamInstanceProfile": {"arn": profile}}}
    made = a_call(1, "ec2:CreateLaunchTemplate", {"CreateLaunchTemplateRequest": data}, role=f"arn:aws:iam::{ACCOUNT}:role/Builder")
    launch = a_call(2, "autoscaling:CreateAutoScalingGroup", {"autoScalingGroupName": "web", "launchTemplate": {"launchTemplateName": "web"}})
    assert granted(reduced([made, launch], snapshot), "iam:PassRole") == {TASK}


def test_every_row_about_definitions_tells_a_call_that_passes_from_one_that_does_not():
    for row in rows_of("reduction", "through"):
        assert row["example"]["event"] in row["used_by"], row["id"]
        assert row["counter_example"]["event"] not in row["used_by"], row["id"]
        assert any("role/Passed" in str(value) or "instance-profile/Passed" in str(value) for value in row["example"]["made"].values()), row["id"]


@pytest.mark.parametrize(
    ("keys", "days", "patterns"),
    [
        ([f"in/{u}.json" for u in UUIDS[:3]], [0, 1, 2], {"in/*.json"}),
        ([f"a/{u}" for u in UUIDS[:6]] + [f"b/{u}" for u in UUIDS[6:]], range(12), {"a/*", "b/*"}),
        (["raw/dt=2026-07-01/p0", "raw/dt=2026-07-02/p0"], [0, 1], {"raw/dt=*/p0"}),
        ([f"out/2026/07/{d:02d}/0.csv" for d in range(1, 4)], range(3), {"out/*/0.csv"}),
        ([f"logs/year=2026/month=07/day={d:02d}/x.gz" for d in (1, 2)], [0, 1], {"logs/year=*/x.gz"}),
        (["dump-20260701.sql"], [0], {"dump-*.sql"}),
        (["bills/2026-07/all.csv"], [0], {"bills/*/all.csv"}),
        ([f"raw/dt=2026-07-01/hour={h:02d}/p.gz" for h in (1, 2)], [0, 0], {"raw/dt=*/p.gz"}),
        ([f"raw/part-0000{n}-{UUIDS[n]}.parquet" for n in (0, 1)], [0, 1], {"raw/part-*-*.parquet"}),
        ([f"lb/2026/07/0{d}/lb_2026070{d}T0000Z_x{d}.gz" for d in (1, 2, 3)], [0, 1, 2], {"lb/*"}),
        (["weekly/2026-W27.csv"], [2], {"weekly/*.csv"}),
        (["closing/2026-Q3/all.csv"], [2], {"closing/*/all.csv"}),
        (["bills/202607.csv"], [2], {"bills/*.csv"}),
        (["index-2026.07.03.json"], [2], {"index-*.json"}),
        (["sheet-03-07-2026.csv"], [2], {"sheet-*.csv"}),
        (["parts/201907.csv"], [2], {"parts/201907.csv"}),
        (["tenants/2019-01-01/terms.txt"], [0], {"tenants/2019-01-01/terms.txt"}),
        ([f"jobs/{name}" for name in ("ant", "bee", "cow", "dog", "elk", "fox")], [0, 2, 4, 6, 8, 10], {"jobs/*"}),
        (["config/a.json", "config/b.json", "config/c.json"], [0, 0, 0], {"config/a.json", "config/b.json", "config/c.json"}),
        ([f"in/{u}" for u in UUIDS[:2]] * 2, [0, 0, 30, 30], {f"in/{u}" for u in UUIDS[:2]}),
    ],
)
def test_keys_that_vary_become_the_pattern_above_and_those_that_last_do_not(keys, days, patterns):
    answer = reduced(put(keys, days=days), a_snapshot(allow("s3:*")))
    assert granted(answer, "s3:PutObject") == {f"arn:aws:s3:::lake/{p}" for p in patterns}
    assert (answer.proof.sufficient, answer.proof.minimal) == (True, True)


def test_thirty_stops_of_one_instance_are_one_instance_and_many_that_come_and_go_are_a_pattern():
    stops = [on(n, 2 * n, "ec2:StopInstances", {"instancesSet": {"items": [{"instanceId": "i-0a1b2c3d"}]}}) for n in range(30)]
    assert granted(reduced(stops), "ec2:StopInstances") == {f"arn:aws:ec2:{PLACE}:instance/i-0a1b2c3d"}
    gone = [on(n, 2 * n, "ec2:DeleteSnapshot", {"snapshotId": f"snap-0a1b2c3{n}"}) for n in range(5)]
    assert granted(reduced(gone), "ec2:DeleteSnapshot") == {"arn:aws:ec2:eu-west-1::snapshot/*"}


@pytest.mark.parametrize(
    ("call", "requests", "patterns"),
    [
        ("sagemaker:CreateTrainingJob", [{"trainingJobName": f"churn-{n}"} for n in (17, 18, 21)], {f"sagemaker:{PLACE}:training-job/churn-*"}),
        ("sagemaker:CreateProcessingJob", [{"processingJobName": f"prep-2026-07-0{n}-run"} for n in (1, 2)], {f"sagemaker:{PLACE}:processing-job/prep-*"}),
        ("bedrock:GetModelCustomizationJob", [{"jobIdentifier": "tune"}], {f"bedrock:{PLACE}:model-customization-job/tune"}),
        ("route53:GetChange", [{"id": "/change/C0AB12"}], {"route53:::change/*"}),
        (
            "rds:CreateDBSnapshot",
            [{"dBSnapshotIdentifier": "orders-2026-07-01", "dBInstanceIdentifier": "orders"}],
            {f"rds:{PLACE}:snapshot:orders-*", f"rds:{PLACE}:db:orders"},
        ),
        ("kms:DescribeKey", [{"keyId": KEYS[0]}, {"keyId": KEYS[1]}], {key.removeprefix("arn:aws:") for key in KEYS}),
    ],
)
def test_names_of_other_things(call, requests, patterns):
    calls = [on(n, 3 * n, call, request) for n, request in enumerate(requests)]
    assert granted(reduced(calls), call.replace("rds:Create", "rds:Create")) == {f"arn:aws:{p}" for p in patterns}


def test_a_pattern_never_reaches_beyond_what_is_granted_today():
    narrow = a_snapshot(allow("s3:PutObject", "arn:aws:s3:::lake/in/x-*"))
    answer = reduced(put([f"in/x-{u}" for u in UUIDS[:4]], days=range(4)), narrow)
    assert granted(answer, "s3:PutObject") == {"arn:aws:s3:::lake/in/x-*"}


def test_a_key_that_a_service_used_is_bound_to_it():
    call = a_call(1, "kms:Decrypt", {}, resources=[{"ARN": KEYS[0], "accountId": ACCOUNT, "type": "AWS::KMS::Key"}])
    call["userIdentity"]["invokedBy"] = "secretsmanager.amazonaws.com"
    (statement,) = reduced([call], a_snapshot(allow("kms:*"))).statements
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}
    direct = a_call(2, "kms:Decrypt", {}, resources=call["resources"])
    (both,) = reduced([call, direct], a_snapshot(allow("kms:*"))).statements
    assert "Condition" not in both


def test_a_request_with_lists_is_each_element_once_and_no_mixture():
    request = {"a": [1, 2], "b": {"items": [{"c": "x"}, {"c": "y"}]}, "tags": [{"key": "k", "value": "v"}, {"key": "l", "value": "w"}]}
    assert [(v["a"], v["b"]["items"], len(v["tags"])) for v in each_element(request)] == [
        ([1], [{"c": "x"}], 1),
        ([2], [{"c": "x"}], 1),
        ([1], [{"c": "y"}], 1),
    ]
    assert list(each_element({"a": []})) == [{"a": []}]


@pytest.mark.parametrize("key", ["*", "a?b", "${*}", "${aws:username}/x", "$", "plain"])
def test_a_literal_is_no_pattern_and_a_pattern_has_a_member(key):
    assert not is_wide(as_pattern(key))
    assert as_pattern(key).member() == key
    assert as_pattern(ArnPattern("x/*")) == "x/*"
    assert ArnPattern("s-??${*}/*").member() == "s-00*/0"
