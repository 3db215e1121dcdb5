"""What pipeline actions need."""

from __future__ import annotations

from trailsleuth.catalog.pipeline_actions import needs_of_action


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
