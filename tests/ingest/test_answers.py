"""Answers of CodePipeline, IAM, Organizations and STS."""

from __future__ import annotations

import json
from urllib.parse import quote

from tests.ingest.build import ACCOUNT, ROLE, a_denial, a_record, read, reasons
from trailsleuth.model import Effect, PolicyType

PIPELINE = {
    "pipeline": {
        "name": "web",
        "roleArn": "arn:aws:iam::111111111111:role/service-role/Pipeline",
        "artifactStores": {
            "us-east-1": {"type": "S3", "location": "bucket-b"},
            "eu-west-1": {"type": "S3", "location": "bucket-a", "encryptionKey": {"id": "alias/key", "type": "KMS"}},
        },
        "stages": [
            {
                "name": "Deploy",
                "actions": [
                    {
                        "name": "ToEcs",
                        "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "CodeDeployToECS", "version": "1"},
                        "roleArn": ROLE,
                        "region": "eu-west-1",
                        "configuration": {"ApplicationName": "web"},
                    }
                ],
            }
        ],
        "version": 3,
    },
    "metadata": {"pipelineArn": "arn:aws:codepipeline:eu-west-1:111111111111:web"},
}
ATTEMPT = {
    "pipelineExecutionId": "x-1",
    "actionExecutionId": "a-1",
    "stageName": "Deploy",
    "actionName": "ToEcs",
    "startTime": 1772614801.0,
    "lastUpdateTime": "2026-03-04T01:00:10-08:00",
    "status": "Failed",
    "input": {
        "actionTypeId": {"category": "Deploy", "provider": "CodeDeployToECS"},
        "configuration": {"ApplicationName": "#{x}"},
        "resolvedConfiguration": {"ApplicationName": "web"},
        "roleArn": ROLE,
        "region": "eu-west-1",
        "inputArtifacts": [{"name": "a", "s3location": {"bucket": "bucket-a", "key": "web/a/1"}}, {"name": "b"}],
    },
    "output": {"executionResult": {"externalExecutionSummary": "short", "errorDetails": {"code": "PermissionError", "message": "The provided role …"}}},
}
STATE = {
    "pipelineName": "web",
    "stageStates": [
        {
            "stageName": "Deploy",
            "latestExecution": {"pipelineExecutionId": "x-1", "status": "Failed"},
            "actionStates": [
                {
                    "actionName": "ToEcs",
                    "latestExecution": {"actionExecutionId": "a-1", "status": "Failed", "summary": "short", "lastStatusChange": "2026-03-04T09:00:09Z"},
                },
                {"actionName": "Never"},
            ],
        }
    ],
}


def test_a_pipeline_is_read_with_its_actions_and_stores() -> None:
    for answer in (PIPELINE, PIPELINE["pipeline"], {"pipeline": PIPELINE["pipeline"]}):
        (pipeline,) = read(answer).pipelines
        assert (pipeline.name, pipeline.service_role) == ("web", "arn:aws:iam::111111111111:role/service-role/Pipeline")
        assert (pipeline.artifact_buckets, pipeline.artifact_keys) == (("bucket-a", "bucket-b"), ("alias/key",))
        (action,) = pipeline.actions
        assert (action.stage, action.name, action.provider, action.role_arn, action.region) == ("Deploy", "ToEcs", "CodeDeployToECS", ROLE, "eu-west-1")


def test_attempts_are_read_with_role_error_and_artifacts() -> None:
    for answer in ({"actionExecutionDetails": [ATTEMPT]}, ATTEMPT, [ATTEMPT], json.dumps(ATTEMPT) + "\n" + json.dumps(ATTEMPT)):
        (run,) = read(answer).actions
        assert run.failed
        assert (run.pipeline, run.execution_id, run.stage, run.action, run.role_arn) == (None, "x-1", "Deploy", "ToEcs", ROLE)
        assert (run.error_code, run.error_text) == ("PermissionError", "The provided role …")
        assert run.configuration == {"ApplicationName": "web"}
        assert run.artifacts == (("bucket-a", "web/a/1"),)
        assert run.started is not None
        assert run.updated is not None
        assert (run.updated - run.started).total_seconds() == 9


def test_the_state_of_a_pipeline_names_what_the_attempt_lacks() -> None:
    for order in ([STATE, ATTEMPT], [ATTEMPT, STATE]):
        (run,) = read(*order).actions
        assert (run.pipeline, run.role_arn, run.error_text) == ("web", ROLE, "The provided role …")
    (alone,) = read(STATE).actions
    assert (alone.pipeline, alone.execution_id, alone.error_text) == ("web", "x-1", "short")


def test_runs_of_two_answers_are_one() -> None:
    listed = {"pipelineExecutionSummaries": [{"pipelineExecutionId": "x-1", "status": "Failed", "startTime": 1772614801.0, "lastUpdateTime": 1772614810.0}]}
    single = {"pipelineExecution": {"pipelineName": "web", "pipelineExecutionId": "x-1", "status": "InProgress"}}
    for order in ([listed, single], [single, listed]):
        (run,) = read(*order).runs
        assert (run.pipeline, run.status) == ("web", "Failed")
        assert run.started is not None


ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
MANAGED = f"arn:aws:iam::{ACCOUNT}:policy/Managed"
PAGE_ONE = {
    "RoleDetailList": [
        {
            "RoleName": "ActionRole",
            "RoleId": "AROAEXAMPLEEXAMPLE222",
            "Arn": ROLE,
            "CreateDate": "2026-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": quote(json.dumps(ALLOW)),
            "InstanceProfileList": [{"Arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/p"}],
            "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": ALLOW}],
            "AttachedManagedPolicies": [{"PolicyName": "Managed", "PolicyArn": MANAGED}, {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
            "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": MANAGED},
            "Tags": [{"Key": "team", "Value": "web"}],
        }
    ],
    "UserDetailList": [
        {
            "UserName": "u",
            "UserId": "AIDAEXAMPLE",
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/u",
            "GroupList": ["devs", "gone"],
            "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": ALLOW}],
        }
    ],
    "IsTruncated": True,
    "Marker": "x",
}
PAGE_TWO = {
    "GroupDetailList": [
        {
            "GroupName": "devs",
            "Arn": f"arn:aws:iam::{ACCOUNT}:group/devs",
            "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": ALLOW}],
            "AttachedManagedPolicies": [{"PolicyName": "Managed", "PolicyArn": MANAGED}],
        }
    ],
    "Policies": [
        {
            "PolicyName": "Managed",
            "Arn": MANAGED,
            "DefaultVersionId": "v2",
            "PolicyVersionList": [
                {"VersionId": "v1", "IsDefaultVersion": False, "Document": {"Version": "2012-10-17", "Statement": []}},
                {"VersionId": "v2", "IsDefaultVersion": True, "Document": ALLOW},
            ],
        }
    ],
    "IsTruncated": False,
}


def test_pages_of_a_snapshot_become_roles_and_users_with_all_their_policies() -> None:
    evidence = read(PAGE_ONE, PAGE_TWO)
    assert evidence == read(PAGE_ONE, PAGE_TWO)
    assert evidence.policies == read(PAGE_TWO, PAGE_ONE).policies
    assert evidence.policies.accounts == (ACCOUNT,)
    role, user = evidence.policies.principals
    assert (role.arn, role.kind, role.unique_id, role.boundary_arn) == (ROLE, "role", "AROAEXAMPLEEXAMPLE222", MANAGED)
    assert [policy.name for policy in role.policies] == ["inline", "Managed"]
    assert role.policies[1].document.statements[0].actions == ("s3:GetObject",)
    assert role.unknown_policies == ("arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert role.boundary is not None
    assert role.trust is not None
    assert role.trust.document.statements[0].effect == "Allow"
    assert (role.tags, role.instance_profiles) == ({"team": "web"}, (f"arn:aws:iam::{ACCOUNT}:instance-profile/p",))
    assert (user.kind, [policy.name for policy in user.policies]) == ("user", ["own", "group devs: g", "Managed"])
    assert user.unknown_policies == ("group gone",)


def test_two_snapshots_that_differ_are_said_to() -> None:
    other = {"RoleDetailList": [PAGE_ONE["RoleDetailList"][0] | {"RolePolicyList": []}]}
    for order in ([PAGE_ONE, other], [other, PAGE_ONE]):
        evidence = read(*order)
        assert [policy.name for policy in evidence.policies.principals[0].policies] == ["inline"]
        assert f"snapshots show {ROLE} differently" in reasons(evidence)


def test_resource_policies_are_read_in_every_form_and_endpoints_kept_apart() -> None:
    bucket = {"ResourceArn": "arn:aws:s3:::bucket-a", "Policy": ALLOW}
    queue = {"ResourceArn": "arn:aws:sqs:eu-west-1:222222222222:q", "Policy": json.dumps(ALLOW)}
    endpoint = {"ResourceArn": "arn:aws:ec2:eu-west-1:222222222222:vpc-endpoint/vpce-1", "Policy": ALLOW}
    entries = [bucket, queue, endpoint]
    for content in (entries, "\n".join(json.dumps(entry) for entry in entries)):
        policies = read(content).policies
        assert [found.resource_arn for found in policies.resources] == ["arn:aws:s3:::bucket-a", "arn:aws:sqs:eu-west-1:222222222222:q"]
        assert all(found.policy.document.statements for found in policies.resources)
        assert [found.resource_arn for found in policies.endpoints] == ["arn:aws:ec2:eu-west-1:222222222222:vpc-endpoint/vpce-1"]
    assert len(read(bucket).policies.resources) == 1
    assert "without a document" in reasons(read({"ResourceArn": "arn:aws:s3:::x", "Policy": None}))


def an_org_policy(kind: str) -> dict[str, object]:
    summary = {"Id": "p-1", "Arn": "arn:aws:organizations::111111111111:policy/o-1/service_control_policy/p-1", "Name": "Guard", "Type": kind}
    return {"Policy": {"PolicySummary": summary, "Content": json.dumps(ALLOW)}, "Targets": ["ou-1", {"TargetId": ACCOUNT}]}


def test_organization_policies_are_read_and_other_kinds_named() -> None:
    (scp,) = read(an_org_policy("SERVICE_CONTROL_POLICY")).policies.organization
    assert (scp.type, scp.policy.name, scp.targets) == (PolicyType.SCP, "Guard", (ACCOUNT, "ou-1"))
    assert scp.policy.document.statements
    (rcp,) = read(an_org_policy("RESOURCE_CONTROL_POLICY")).policies.organization
    assert rcp.type is PolicyType.RCP
    assert "TAG_POLICY" in reasons(read(an_org_policy("TAG_POLICY")))


DECODED = {
    "allowed": False,
    "explicitDeny": True,
    "matchedStatements": {"items": [{"statementId": "DenyIt", "effect": "DENY"}]},
    "failures": {"items": []},
    "context": {
        "principal": {"id": "AROAEXAMPLE:s", "arn": "arn:aws:sts::222222222222:assumed-role/ActionRole/s"},
        "action": "ec2:RunInstances",
        "resource": "arn:aws:ec2:eu-west-1:222222222222:instance/*",
        "conditions": {"items": [{"key": "aws:Region", "values": {"items": [{"value": "eu-west-1"}]}}]},
    },
}


def test_decoded_messages_are_read_in_every_form() -> None:
    for content in ({"DecodedMessage": json.dumps(DECODED)}, DECODED, json.dumps(json.dumps(DECODED))):
        (found,) = read(content).decoded
        assert (found.action, found.allowed, found.explicit) == ("ec2:RunInstances", False, True)
        assert [(one.uri, one.sid) for one in found.checks[0].matched] == [("", "DenyIt")]
        assert found.context == {"aws:Region": ("eu-west-1",)}


def test_authorization_details_give_each_evaluation() -> None:
    answer = {
        "requestContext": {"aws:PrincipalArn": ROLE, "aws:SecureTransport": True},
        "evaluations": [
            {
                "action": "iam:PassRole",
                "resource": "arn:aws:iam::222222222222:role/Task",
                "context": {"iam:PassedToService": ["ecs-tasks.amazonaws.com"]},
                "evaluatedEffect": "EXPLICIT_DENY",
                "checks": [
                    {"checkType": "PRINCIPAL", "evaluatedEffect": "ALLOW", "matchedPolicies": []},
                    {
                        "checkType": "SERVICE_CONTROL_POLICY",
                        "evaluatedEffect": "EXPLICIT_DENY",
                        "matchedPolicies": [{"uri": "arn:scp", "matchedStatements": [{"sid": "No", "evaluatedEffect": "EXPLICIT_DENY"}]}],
                    },
                ],
            }
        ],
        "policies": [],
    }
    (found,) = read(answer).decoded
    assert (found.principal, found.action, found.allowed, found.explicit) == (ROLE, "iam:PassRole", False, True)
    assert [(check.layer, one.uri, one.sid) for check, one in found.denying] == [(PolicyType.SCP, "arn:scp", "No")]
    assert found.context["iam:PassedToService"] == ("ecs-tasks.amazonaws.com",)
    assert found.context["aws:SecureTransport"] == ("true",)


def test_answers_with_odd_members_raise_nothing() -> None:
    odd = [None, 7, "x", [], {}, [None], {"x": None}]
    names = ("pipeline", "pipelineExecutionSummaries", "pipelineExecution", "actionExecutionDetails", "stageStates", "RoleDetailList", "UserDetailList")
    for value in odd:
        for name in names:
            read({name: value}, {name: [value]}, {name: [{"Arn": "a", "stages": value, "actionStates": value, "RolePolicyList": value}]})
        read({"ResourceArn": value, "Policy": value}, {"Policy": {"PolicySummary": value, "Content": value}}, {"DecodedMessage": value})
        read(
            {"evaluations": value, "requestContext": value}, {"explicitDeny": value, "context": value}, {"Policies": [{"Arn": "a", "PolicyVersionList": value}]}
        )


def test_evidence_of_all_kinds_in_one_run_is_told_apart() -> None:
    evidence = read(PIPELINE, {"actionExecutionDetails": [ATTEMPT]}, PAGE_ONE, [a_record(1), a_denial(2)], an_org_policy("SERVICE_CONTROL_POLICY"), DECODED)
    assert (len(evidence.pipelines), len(evidence.actions), len(evidence.records), len(evidence.decoded)) == (1, 1, 2, 1)
    assert evidence.records[1].denial is not None
    assert evidence.records[1].denial.effect is Effect.IMPLICIT
    assert evidence.coverage.skipped == ()


def test_answers_merged_into_one_file_are_all_read() -> None:
    evidence = read({**PIPELINE, "actionExecutionDetails": [ATTEMPT], "pipelineExecutionSummaries": [{"pipelineExecutionId": "x-1"}]})
    assert (len(evidence.pipelines), len(evidence.actions), len(evidence.runs)) == (1, 1, 1)
    assert len(read({"Records": [a_record(1)], "Events": [{"CloudTrailEvent": json.dumps(a_record(2))}]}).records) == 2


def test_an_answer_that_holds_nothing_is_named_and_an_empty_one_is_not() -> None:
    assert read({"actionExecutionDetails": []}, {"pipelineExecutionSummaries": []}).coverage.skipped == ()
    for answer in ({"pipelineExecution": None}, {"actionExecutionDetails": 7}, {"stageStates": None}, {"pipeline": {"name": None}}):
        assert "holds nothing usable" in reasons(read(answer))
    assert "without Arn" in reasons(read({"RoleDetailList": [{"RoleName": "x"}]}))


NOTICE = {
    "version": "0",
    "detail-type": "CodePipeline Action Execution State Change",
    "source": "aws.codepipeline",
    "account": "111111111111",
    "time": "2026-03-04T09:05:00Z",
    "region": "eu-west-1",
    "detail": {
        "pipeline": "web",
        "execution-id": "x-1",
        "start-time": "2026-03-04T09:00:01Z",
        "stage": "Deploy",
        "action-execution-id": "a-1",
        "action": "ToEcs",
        "state": "FAILED",
        "type": {"owner": "AWS", "provider": "CodeDeployToECS", "category": "Deploy"},
        "execution-result": {"external-execution-summary": "The provided role …", "error-code": "PermissionError"},
        "input-artifacts": [{"name": "a", "s3location": {"bucket": "bucket-a", "key": "web/a/1"}}],
    },
}
RULE_NOTICE = {
    "account": "111111111111",
    "detailType": "CodePipeline Pipeline Execution State Change",
    "region": "eu-west-1",
    "time": "2026-03-04T09:05:00Z",
    "detail": {"pipeline": "web", "execution-id": "x-1", "state": "FAILED"},
    "additionalAttributes": {"failedStage": "Deploy", "failedActions": [{"action": "ToEcs", "additionalInformation": "The provided role …"}]},
}


def test_the_notice_of_a_failed_action_is_an_attempt_and_no_definition() -> None:
    for form in (NOTICE, [NOTICE], {"Type": "Notification", "Message": json.dumps(NOTICE)}, {"Messages": [{"Body": json.dumps(NOTICE)}]}):
        evidence = read(form)
        (run,) = evidence.actions
        assert (run.pipeline, run.execution_id, run.stage, run.action, run.status) == ("web", "x-1", "Deploy", "ToEcs", "Failed")
        assert (run.error_code, run.error_text, run.provider) == ("PermissionError", "The provided role …", "CodeDeployToECS")
        assert run.artifacts == (("bucket-a", "web/a/1"),)
        assert evidence.pipelines == ()


def test_a_notification_rule_names_the_failed_actions() -> None:
    for form in (RULE_NOTICE, {"Type": "Notification", "Subject": "s", "Message": json.dumps(RULE_NOTICE)}):
        (run,) = read(form).actions
        assert (run.pipeline, run.execution_id, run.stage, run.action, run.error_text) == ("web", "x-1", "Deploy", "ToEcs", "The provided role …")
        assert run.failed


def test_a_notice_of_something_that_did_not_fail_tells_no_error() -> None:
    (run,) = read(NOTICE | {"detail": NOTICE["detail"] | {"state": "SUCCEEDED"}}).actions
    assert (run.failed, run.error_text) == (False, None)


def capitals(value: object) -> object:
    """An answer as PowerShell and .NET print it; the configuration has the customer's names."""
    if isinstance(value, list):
        return [capitals(member) for member in value]
    if not isinstance(value, dict):
        return value
    kept = ("configuration", "resolvedConfiguration")
    return {name[0].upper() + name[1:]: member if name in kept else capitals(member) for name, member in value.items()}


def test_answers_with_capitals_are_read_as_the_apis_own() -> None:
    own, capital = read(PIPELINE, ATTEMPT, STATE), read(*(capitals(answer) for answer in (PIPELINE, ATTEMPT, STATE)))
    assert capital.pipelines == own.pipelines
    assert capital.actions == own.actions
