"""What pipeline actions need."""

from __future__ import annotations

from trailsleuth.catalog.pipeline_actions import acting_services, applies, call_places, needs_of_action, providers_needing, resource_for


def test_the_founding_action_needs_the_task_definition_before_the_roles():
    found = {need.iam_action: need for need in needs_of_action("CodeDeployToECS", "Deploy")}
    assert found["ecs:RegisterTaskDefinition"].resource == "*"
    assert found["ecs:RegisterTaskDefinition"].order < found["iam:PassRole"].order < found["codedeploy:CreateDeployment"].order
    assert found["iam:PassRole"].passed_to == "ecs-tasks.amazonaws.com"
    assert found["iam:PassRole"].event is None
    assert found["ecs:RegisterTaskDefinition"].event == "ecs.amazonaws.com:RegisterTaskDefinition"


def test_letter_case_does_not_matter_and_an_unknown_provider_has_none():
    assert needs_of_action("codedeploytoecs", "deploy") == needs_of_action("CodeDeployToECS", "Deploy")
    assert needs_of_action("NoSuchProvider", "Deploy") == ()


def test_source_and_deploy_of_s3_differ():
    source = {need.iam_action for need in needs_of_action("S3", "Source")}
    deploy = {need.iam_action for need in needs_of_action("S3", "Deploy")}
    assert "s3:GetObjectVersion" in source
    assert "s3:PutObjectAcl" not in source
    assert "s3:PutObjectAcl" in deploy


def test_needs_stand_in_the_usual_order():
    orders = [need.order for need in needs_of_action("CloudFormation", "Deploy")]
    assert orders == sorted(orders)


def test_the_configuration_decides_which_needs_apply():
    needs = {need.iam_action: need for need in needs_of_action("CloudFormation", "Deploy")}
    assert applies(needs["cloudformation:DescribeStacks"], {}) is True
    assert applies(needs["cloudformation:CreateChangeSet"], {"ActionMode": "CHANGE_SET_REPLACE"}) is True
    assert applies(needs["cloudformation:CreateChangeSet"], {"ActionMode": "CREATE_UPDATE"}) is False
    assert applies(needs["iam:PassRole"], {"ActionMode": "CREATE_UPDATE"}) is False
    assert applies(needs["kms:Decrypt"], {}) is None


def test_the_prefix_of_a_connection_follows_its_arn():
    configuration = {"ConnectionArn": "arn:aws:codeconnections:eu-west-1:111122223333:connection/c"}
    wanted = {
        need.iam_action
        for need in needs_of_action("CodeStarSourceConnection", "Source")
        if need.iam_action.endswith("UseConnection") and applies(need, configuration)
    }
    assert wanted == {"codeconnections:UseConnection"}


def test_the_configuration_fills_the_resource():
    needs = {need.iam_action: need for need in needs_of_action("CodeDeployToECS", "Deploy")}
    place = {"partition": "aws", "region": "eu-west-1", "account": "111122223333"}
    configuration = {"ApplicationName": "web", "DeploymentGroupName": "blue"}
    assert resource_for(needs["codedeploy:CreateDeployment"], configuration, **place) == "arn:aws:codedeploy:eu-west-1:111122223333:deploymentgroup:web/blue"
    assert resource_for(needs["codedeploy:CreateDeployment"], {}, **place) is None
    assert resource_for(needs["s3:GetObject"], configuration, artifact_bucket="artifacts", **place) == "arn:aws:s3:::artifacts/*"
    assert resource_for(needs["iam:PassRole"], configuration, **place) is None
    assert resource_for(needs["ecs:RegisterTaskDefinition"], configuration, **place) == "*"


def test_artifacts_are_read_by_whoever_reads_them():
    reads = {who: {n.principal for n in needs_of_action(who, "Deploy") if n.iam_action == "s3:GetObject"} for who in ("EC2", "CodeDeploy", "ECS")}
    assert reads == {"EC2": {"instance"}, "CodeDeploy": {"action"}, "ECS": {"action"}}
    reading = next(n for n in needs_of_action("CloudFormation", "Deploy") if n.iam_action == "s3:GetObject")
    assert applies(reading, {"InputArtifacts": ["shop/src/Ab12"]}) is True
    assert applies(reading, {"InputArtifacts": []}) is False


def test_the_same_table_tells_who_acts_and_where_the_calls_stand():
    assert acting_services("CodeDeployToECS") == ("codedeploy.amazonaws.com", "ecs-tasks.amazonaws.com")
    assert acting_services(None) == ()
    assert call_places("ECS").before == "RegisterTaskDefinition"
    assert call_places("S3").sources == ("s3.amazonaws.com", "kms.amazonaws.com")
    assert call_places("NoSuchProvider").sources == ()
    assert "ECRBuildAndPublish" in providers_needing("sts:GetServiceBearerToken")
