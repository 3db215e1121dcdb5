"""Roles in requests."""

from __future__ import annotations

from trailsleuth.catalog.passed_roles import passed_roles

ROLE = "arn:aws:iam::111122223333:role/team/Task"


def test_both_roles_of_a_task_definition_are_passed_to_the_tasks():
    found = passed_roles("ecs.amazonaws.com", "RegisterTaskDefinition", {"taskRoleArn": ROLE, "executionRoleArn": "ecsTaskExecutionRole"})
    assert [(one.role, one.path, one.service) for one in found] == [
        (ROLE, "taskRoleArn", "ecs-tasks.amazonaws.com"),
        ("ecsTaskExecutionRole", "executionRoleArn", "ecs-tasks.amazonaws.com"),
    ]


def test_a_request_without_a_role_passes_none():
    assert passed_roles("ecs.amazonaws.com", "RegisterTaskDefinition", {"family": "web", "taskRoleArn": None}) == ()
    assert passed_roles("s3.amazonaws.com", "GetObject", {"role": ROLE}) == ()


def test_an_instance_profile_is_said_to_be_one():
    (found,) = passed_roles("ec2.amazonaws.com", "RunInstances", {"iamInstanceProfile": {"name": "web"}})
    assert found.instance_profile
    assert found.service == "ec2.amazonaws.com"


def test_the_date_in_a_lambda_event_name_does_not_matter():
    (found,) = passed_roles("lambda.amazonaws.com", "CreateFunction20150331", {"role": ROLE})
    assert (found.role, found.service, found.instance_profile) == (ROLE, "lambda.amazonaws.com", False)


def test_wrapped_requests_and_capital_names_are_read():
    (found,) = passed_roles("ec2.amazonaws.com", "CreateFlowLogs", {"CreateFlowLogsRequest": {"DeliverLogsPermissionArn": ROLE}})
    assert found.service == "vpc-flow-logs.amazonaws.com"


def test_action_roles_in_a_pipeline_have_their_place():
    request = {"pipeline": {"roleArn": ROLE, "stages": [{"actions": [{"name": "Deploy", "roleArn": ROLE, "configuration": {"RoleArn": ROLE}}]}]}}
    found = {one.path: one.service for one in passed_roles("codepipeline.amazonaws.com", "UpdatePipeline", request)}
    assert found == {
        "pipeline.roleArn": "codepipeline.amazonaws.com",
        "pipeline.stages[0].actions[0].roleArn": "codepipeline.amazonaws.com",
        "pipeline.stages[0].actions[0].configuration.RoleArn": "cloudformation.amazonaws.com",
    }


def test_a_service_that_sends_no_passed_to_service_is_none():
    (found,) = passed_roles("cognito-identity.amazonaws.com", "SetIdentityPoolRoles", {"roles": {"authenticated": ROLE}})
    assert found.service is None


def test_who_takes_a_role_is_told_where_it_is_not_the_service_that_the_key_names():
    request = {"instanceConfiguration": {"instanceRoleArn": ROLE}, "sourceConfiguration": {"authenticationConfiguration": {"accessRoleArn": ROLE}}}
    taken = [one.taken_by for one in passed_roles("apprunner.amazonaws.com", "CreateService", request)]
    assert taken == ["tasks.apprunner.amazonaws.com", "build.apprunner.amazonaws.com"]
    (nodes,) = passed_roles("eks.amazonaws.com", "CreateNodegroup", {"nodeRole": ROLE})
    assert (nodes.service, nodes.taken_by) == ("eks.amazonaws.com", "ec2.amazonaws.com")


def test_a_role_of_pods_is_taken_with_session_tags():
    (pods,) = passed_roles("eks.amazonaws.com", "CreatePodIdentityAssociation", {"roleArn": ROLE})
    assert (pods.taken_by, pods.tagged) == ("pods.eks.amazonaws.com", True)
    (cluster,) = passed_roles("eks.amazonaws.com", "CreateCluster", {"roleArn": ROLE})
    assert not cluster.tagged
    (auto,) = passed_roles("eks.amazonaws.com", "CreateCluster", {"roleArn": ROLE, "computeConfig": {"enabled": True}})
    assert auto.tagged
