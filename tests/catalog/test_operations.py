"""What calls are checked for, and on what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailsleuth.catalog.operations import needs, plain_event_name, primary_action, resource_of

PLACE = {"partition": "aws", "region": "eu-west-1", "account": "111122223333"}
HERE = "eu-west-1:111122223333"


@pytest.mark.parametrize(
    ("event", "plain"),
    [
        ("CreateFunction20150331", "CreateFunction"),
        ("UpdateFunctionCode20150331v2", "UpdateFunctionCode"),
        ("CreateDistribution2020_05_31", "CreateDistribution"),
        ("RegisterTaskDefinition", "RegisterTaskDefinition"),
        ("20150331", "20150331"),
    ],
)
def test_dated_event_names_lose_their_date(event, plain):
    assert plain_event_name(event) == plain


@pytest.mark.parametrize(
    ("source", "event", "action"),
    [
        ("lambda", "CreateFunction20150331", "lambda:CreateFunction"),
        ("lambda", "AddPermission20150331v2", "lambda:AddPermission"),
        ("lambda", "Invoke", "lambda:InvokeFunction"),
        ("cloudfront", "CreateDistributionWithTags2020_05_31", "cloudfront:CreateDistribution"),
        ("s3", "HeadObject", "s3:GetObject"),
        ("s3", "PutBucketEncryption", "s3:PutEncryptionConfiguration"),
        ("s3", "PutBucketReplication", "s3:PutReplicationConfiguration"),
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("kms", "ReEncrypt", "kms:ReEncryptFrom"),
        ("monitoring", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
        ("apigateway", "CreateRestApi", "apigateway:POST"),
        ("apigateway", "UpdateStage", "apigateway:PATCH"),
        ("sns", "PublishBatch", "sns:Publish"),
        ("budgets", "CreateBudget", "budgets:ModifyBudget"),
        ("bedrock", "Converse", "bedrock:InvokeModel"),
        ("deadline", "BatchGetJob", "deadline:GetJob"),
    ],
)
def test_an_event_yields_the_action_it_is_checked_for(source, event, action):
    assert primary_action(f"{source}.amazonaws.com", event, {}) == action


@pytest.mark.parametrize(("source", "event"), [("signin.amazonaws.com", "ConsoleLogin"), ("nosuch.amazonaws.com", "DoThing"), ("", "")])
def test_what_is_no_iam_checked_call_yields_none(source, event):
    assert primary_action(source, event, {}) is None
    assert needs(source, event, {}, **PLACE) == ()


def test_the_request_decides_between_actions():
    assert primary_action("s3.amazonaws.com", "GetObject", {"key": "k", "versionId": "1"}) == "s3:GetObjectVersion"
    assert primary_action("dynamodb.amazonaws.com", "ExecuteStatement", {"statement": "update t set a=1"}) == "dynamodb:PartiQLUpdate"
    arn = "arn:aws:codeconnections:eu-west-1:111122223333:connection/c"
    assert primary_action("codestar-connections.amazonaws.com", "UseConnection", {"connectionArn": arn}) == "codeconnections:UseConnection"


@pytest.mark.parametrize(
    ("source", "event", "action", "request_", "arn"),
    [
        ("ecs", "RegisterTaskDefinition", "ecs:RegisterTaskDefinition", {"family": "web"}, "*"),
        ("lambda", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode", {"functionName": "mailer"}, f"arn:aws:lambda:{HERE}:function:mailer"),
        ("logs", "DeleteLogGroup", "logs:DeleteLogGroup", {"logGroupName": "/old/app"}, f"arn:aws:logs:{HERE}:log-group:/old/app:*"),
        ("sqs", "CreateQueue", "sqs:CreateQueue", {"queueName": "preview-in"}, f"arn:aws:sqs:{HERE}:preview-in"),
        ("glacier", "CreateVault", "glacier:CreateVault", {"vaultName": "cold", "accountId": "-"}, f"arn:aws:glacier:{HERE}:vaults/cold"),
        ("rds", "CreateDBInstance", "rds:CreateDBInstance", {"dBInstanceIdentifier": "orders-1"}, f"arn:aws:rds:{HERE}:db:orders-1"),
        ("dynamodb", "UpdateTable", "dynamodb:UpdateTable", {"tableName": "prod-orders"}, f"arn:aws:dynamodb:{HERE}:table/prod-orders"),
        (
            "codedeploy",
            "RegisterApplicationRevision",
            "codedeploy:RegisterApplicationRevision",
            {"applicationName": "web"},
            f"arn:aws:codedeploy:{HERE}:application:web",
        ),
        ("s3", "GetBucketVersioning", "s3:GetBucketVersioning", {"bucketName": "lz-config"}, "arn:aws:s3:::lz-config"),
        ("sts", "AssumeRole", "sts:AssumeRole", {"roleArn": "arn:aws:iam::444455556666:role/team/R"}, "arn:aws:iam::444455556666:role/team/R"),
        ("secretsmanager", "GetSecretValue", "secretsmanager:GetSecretValue", {"secretId": "db"}, f"arn:aws:secretsmanager:{HERE}:secret:db-??????"),
        ("kms", "Decrypt", "kms:Decrypt", {"keyId": "alias/mine"}, None),
        ("kms", "Decrypt", "kms:Decrypt", {}, None),
        ("s3", "GetObject", "s3:GetObject", {"bucketName": "b"}, None),
        ("codedeploy", "GetDeployment", "codedeploy:GetDeployment", {"deploymentId": "d-ABC"}, None),
        ("ec2", "DescribeInstances", "ec2:DescribeInstances", {"instancesSet": {"items": [{"instanceId": "i-1"}]}}, "*"),
    ],
)
def test_the_request_yields_the_arn_or_nothing(source, event, action, request_, arn):
    assert resource_of(f"{source}.amazonaws.com", event, action, request_, **PLACE) == arn


def test_an_unknown_action_has_no_resource():
    assert resource_of("s3.amazonaws.com", "GetObject", "s3:NoSuchThing", {"bucketName": "b", "key": "k"}, **PLACE) is None


def test_a_function_in_a_vpc_needs_the_caller_to_look_the_network_up():
    request = {"functionName": "f", "vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}, "tags": {"team": "a"}}
    found = {need.iam_action: need for need in needs("lambda.amazonaws.com", "CreateFunction20150331", request, **PLACE)}
    assert found["ec2:DescribeSecurityGroups"].resource == "*"
    assert {"ec2:DescribeSubnets", "ec2:DescribeVpcs"} <= set(found)
    assert found["lambda:TagResource"].resource == f"arn:aws:lambda:{HERE}:function:f"
    assert all(need.certain for need in found.values())


def test_a_refused_pass_role_is_about_the_only_role_of_the_request():
    one, other = "arn:aws:iam::111122223333:role/A", "arn:aws:iam::111122223333:role/B"
    assert resource_of("ecs.amazonaws.com", "RegisterTaskDefinition", "iam:PassRole", {"taskRoleArn": one}, **PLACE) == one
    assert resource_of("ecs.amazonaws.com", "RegisterTaskDefinition", "iam:PassRole", {"taskRoleArn": one, "executionRoleArn": other}, **PLACE) is None
    assert resource_of("ecs.amazonaws.com", "RegisterTaskDefinition", "iam:PassRole", {}, **PLACE) is None


def test_a_key_used_through_a_service_is_said_to_be():
    found = {need.iam_action: need for need in needs("secretsmanager.amazonaws.com", "GetSecretValue", {"secretId": "db"}, **PLACE)}
    assert found["kms:Decrypt"].via_service == "secretsmanager.eu-west-1.amazonaws.com"
    assert found["kms:Decrypt"].resource is None
    assert found["secretsmanager:GetSecretValue"].via_service is None


def test_a_plain_function_needs_nothing_more():
    assert [need.iam_action for need in needs("lambda.amazonaws.com", "CreateFunction20150331", {"functionName": "f"}, **PLACE)] == ["lambda:CreateFunction"]


def test_run_instances_is_checked_on_every_kind_that_must_be_named():
    request = {
        "instancesSet": {"items": [{"imageId": "ami-1"}]},
        "subnetId": "subnet-1",
        "tagSpecificationSet": {"items": [{"resourceType": "instance", "tags": [{"key": "a", "value": "b"}]}]},
    }
    found = [(need.iam_action, need.resource) for need in needs("ec2.amazonaws.com", "RunInstances", request, **PLACE)]
    assert ("ec2:RunInstances", "arn:aws:ec2:eu-west-1::image/ami-1") in found
    assert ("ec2:RunInstances", f"arn:aws:ec2:{HERE}:instance/*") in found
    assert ("ec2:RunInstances", f"arn:aws:ec2:{HERE}:subnet/subnet-1") in found
    assert ("ec2:CreateTags", f"arn:aws:ec2:{HERE}:instance/*") in found


def test_what_depends_on_the_account_is_said_to_be_uncertain():
    found = {need.iam_action: need for need in needs("rds.amazonaws.com", "CreateDBInstance", {"dBInstanceIdentifier": "d"}, **PLACE)}
    linked = found["iam:CreateServiceLinkedRole"]
    assert not linked.certain
    assert linked.resource == "arn:aws:iam::111122223333:role/aws-service-role/rds.amazonaws.com/AWSServiceRoleForRDS"


def test_tags_on_create_name_the_new_resource_not_its_parent():
    request = {"clusterName": "prod", "nodegroupName": "a", "tags": {"x": "y"}}
    found = {need.iam_action: need.resource for need in needs("eks.amazonaws.com", "CreateNodegroup", request, **PLACE)}
    assert found["eks:TagResource"] == f"arn:aws:eks:{HERE}:nodegroup/prod/a/*"
    space = {
        need.iam_action: need.resource
        for need in needs("sagemaker.amazonaws.com", "CreateSpace", {"domainId": "d-1", "spaceName": "s", "tags": [{"key": "a"}]}, **PLACE)
    }
    assert space["sagemaker:AddTags"] == f"arn:aws:sagemaker:{HERE}:space/d-1/s"


def test_tags_of_a_task_definition_are_checked_on_its_family():
    request = {"family": "web", "tags": [{"key": "team", "value": "a"}]}
    found = {need.iam_action: need.resource for need in needs("ecs.amazonaws.com", "RegisterTaskDefinition", request, **PLACE)}
    assert found == {"ecs:RegisterTaskDefinition": "*", "ecs:TagResource": f"arn:aws:ecs:{HERE}:task-definition/web:*"}
    assert (
        resource_of("ecs.amazonaws.com", "RegisterTaskDefinition", "ecs:TagResource", {"family": "web"}, **PLACE) == f"arn:aws:ecs:{HERE}:task-definition/web:*"
    )


def test_a_request_that_was_not_recorded_has_no_defaults():
    assert resource_of("ecs.amazonaws.com", "CreateCluster", "ecs:CreateCluster", {}, **PLACE) is None
    assert resource_of("events.amazonaws.com", "PutEvents", "events:PutEvents", {}, **PLACE) is None
    assert resource_of("ecs.amazonaws.com", "UpdateService", "ecs:UpdateService", {"service": "web"}, **PLACE) == f"arn:aws:ecs:{HERE}:service/default/web"


def test_of_several_resources_the_one_that_the_call_is_named_after_is_told():
    request = {"instancesSet": {"items": [{"imageId": "ami-1"}]}, "subnetId": "subnet-1"}
    assert resource_of("ec2.amazonaws.com", "RunInstances", "ec2:RunInstances", request, **PLACE) == f"arn:aws:ec2:{HERE}:instance/*"
    assert (
        resource_of("glue.amazonaws.com", "GetTable", "glue:GetTable", {"databaseName": "lake", "name": "orders"}, **PLACE)
        == f"arn:aws:glue:{HERE}:table/lake/orders"
    )


def test_a_copy_needs_the_source():
    request = {
        "bucketName": "b",
        "key": "k",
        "x-amz-copy-source": "/src/dir/a.txt",
        "x-amz-server-side-encryption-aws-kms-key-id": "1234abcd-12ab-34cd-56ef-1234567890ab",
    }
    found = {need.iam_action: need.resource for need in needs("s3.amazonaws.com", "CopyObject", request, **PLACE)}
    assert found["s3:PutObject"] == "arn:aws:s3:::b/k"
    assert found["s3:GetObject"] == "arn:aws:s3:::src/dir/a.txt"
    assert found["kms:GenerateDataKey"] == f"arn:aws:kms:{HERE}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@given(
    st.sampled_from(["s3:CopyObject", "lambda:CreateFunction20150331", "ec2:RunInstances", "dynamodb:ExecuteStatement"]),
    st.dictionaries(
        st.sampled_from(["key", "tags", "functionName", "x-amz-copy-source", "statement"]),
        st.none() | st.text(max_size=6) | st.lists(st.integers(), max_size=2),
    ),
)
def test_no_request_is_too_odd_for_its_needs(call, request):
    service, _, event = call.partition(":")
    assert needs(f"{service}.amazonaws.com", event, request, **PLACE)
