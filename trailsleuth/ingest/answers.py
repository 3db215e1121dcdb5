"""Which answer of AWS an object is, told by its members; and what else is known to be no evidence.

Names are those of the API's answers. One file may hold several answers, merged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trailsleuth.ingest.acting_roles import tells_roles
from trailsleuth.ingest.evaluated import MEMBERS
from trailsleuth.ingest.failed_notices import is_failed_notice
from trailsleuth.ingest.failed_things import service_of_event
from trailsleuth.ingest.fields import map_of, text_of
from trailsleuth.ingest.iam_parts import of_inventory
from trailsleuth.ingest.pieces import Form, Piece
from trailsleuth.ingest.resource_answers import NO_OWNER, NO_THING, is_tags_alone, resource_policies_in, tags_told

GAP_SCHEMA = "trailsleuth.gap/1"  # docs/reference/live.md

# (members that must be there, the form)
_ANSWERS: tuple[tuple[frozenset[str], Form], ...] = (
    (frozenset({"pipelineExecutionSummaries"}), Form.RUNS),
    (frozenset({"pipelineExecution"}), Form.RUNS),
    (frozenset({"actionExecutionDetails"}), Form.ACTIONS),
    (frozenset({"actionExecutionId", "actionName"}), Form.ACTIONS),
    (frozenset({"stageStates"}), Form.STATE),
    (frozenset({"name", "roleArn", "stages"}), Form.PIPELINE),
    (frozenset({"RoleDetailList"}), Form.SNAPSHOT),
    (frozenset({"UserDetailList"}), Form.SNAPSHOT),
    (frozenset({"GroupDetailList"}), Form.SNAPSHOT),
    (frozenset({"ResourceArn", "Policy"}), Form.RESOURCE_POLICY),
    (frozenset({"StackEvents"}), Form.FAILED),
    (frozenset({"StackId", "ResourceStatus"}), Form.FAILED),
    (frozenset({"Stacks"}), Form.FAILED),
    (frozenset({"builds"}), Form.FAILED),
    (frozenset({"buildStatus", "projectName"}), Form.FAILED),
    (frozenset({"deploymentInfo"}), Form.FAILED),
    (frozenset({"deploymentsInfo"}), Form.FAILED),
    (frozenset({"deploymentId", "applicationName", "status"}), Form.FAILED),
    (frozenset({"taskArn", "taskDefinitionArn"}), Form.FAILED),
    (frozenset({"serviceArn", "deployments"}), Form.FAILED),
    (frozenset({"tasks", "failures"}), Form.FAILED),
    (frozenset({"services", "failures"}), Form.FAILED),
    (frozenset({"FunctionArn", "Role"}), Form.FAILED),
    (frozenset({"executionArn", "stateMachineArn", "startDate"}), Form.FAILED),
    (frozenset({"DecodedMessage"}), Form.DECODED),
    (frozenset({"explicitDeny", "context"}), Form.DECODED),
    (frozenset({"evaluations", "requestContext"}), Form.DECODED),
)
_IAM_PARTS = (
    {"Role"}, {"Roles"}, {"User"}, {"Users"}, {"RoleName", "Arn", "AssumeRolePolicyDocument"}, {"UserName", "Arn", "UserPolicyList"}, {"PolicyVersion"},
    {"RoleName", "PolicyName", "PolicyDocument"}, {"UserName", "PolicyName", "PolicyDocument"}, {"AttachedPolicies"}, {"PolicyVersionList", "Arn"},
)  # fmt: skip
# CodePipeline's, which PowerShell and .NET print with capitals.
_SMALL = tuple(marks for marks, form in _ANSWERS if form in (Form.RUNS, Form.ACTIONS, Form.STATE, Form.PIPELINE))
_NOTICES = ("detail-type", "detailType")
_SNAPSHOT = "export aws iam get-account-authorization-details"
_WRITTEN = "what was written, not what is in the account: export it with aws iam get-account-authorization-details"
_FINDING = "it names a call and holds no record of it; give the trail of that account and hour"
_GRAPH = f"a graph of PMapper, without the policies themselves: {_SNAPSHOT}"
_DOCUMENT = 'a policy document alone does not say whose it is: {"ResourceArn": ARN, "Policy": the document}; for a role the answer of aws iam get-role-policy'

# (members that must be there, why it is no evidence)
_FOREIGN: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"digestStartTime", "digestS3Object"}), "a CloudTrail digest file: it proves log files and holds no records"),
    (frozenset({"schemaVersion", "accountId", "service", "resource"}), f"a finding of GuardDuty: {_FINDING}"),
    (frozenset({"SchemaVersion", "ProductArn", "AwsAccountId"}), f"a finding of Security Hub: {_FINDING}"),
    (frozenset({"SchemaVersion", "AccountId", "Service", "Resource"}), f"a finding of GuardDuty: {_FINDING}"),
    (frozenset({"resourceType", "resourceOwnerAccount", "status"}), f"a finding of IAM Access Analyzer: {_FINDING}"),
    (frozenset({"EvaluationResults"}), f"answers of IAM's policy simulator, without the policies: {_SNAPSHOT}"),
    (frozenset({"generatedPolicyResult"}), f"a policy that IAM Access Analyzer made: {_WRITTEN}"),
    (frozenset({"Changes", "ChangeSetName"}), "a change set of CloudFormation, before any change: aws cloudformation describe-stack-events tells what failed"),
    (frozenset({"insightDetails"}), "a CloudTrail Insights record: it counts calls and shows none"),
    (frozenset({"terraform_version"}), f"Terraform's state or plan: {_WRITTEN}"),
    (frozenset({"AWSTemplateFormatVersion"}), f"a CloudFormation template: {_WRITTEN}"),
    (frozenset({"Resources", "Parameters"}), f"a CloudFormation template: {_WRITTEN}"),
    (frozenset({"artifacts", "runtime", "version"}), f"a CDK assembly: {_WRITTEN}"),
    (frozenset({"artifacts", "version", "minimumCliVersion"}), f"a CDK assembly: {_WRITTEN}"),
    (frozenset({"deployment", "version"}), f"Pulumi's state: {_WRITTEN}"),
    (frozenset({"id_value", "attached_policies"}), _GRAPH),
    (
        frozenset({"source", "destination", "short_reason"}),
        _GRAPH,
    ),
    (frozenset({"Statement", "Version"}), _DOCUMENT),
    (frozenset({"PolicyNames", "IsTruncated"}), "names of policies alone: export each with aws iam get-role-policy"),
)
_TYPED = "AWS::"


def foreign_reason(members: Mapping[str, Any]) -> str | None:
    """Why an object is no evidence, where its kind is known."""
    keys = members.keys()
    if found := next((reason for marks, reason in _FOREIGN if marks <= keys), None):
        return found
    resources = members.get("Resources")
    if isinstance(resources, dict) and any(str(map_of(one).get("Type")).startswith(_TYPED) for one in list(resources.values())[:3]):
        return f"a CloudFormation template: {_WRITTEN}"
    if isinstance(members.get("class_uid"), int | str) and "metadata" in keys:
        product = text_of(map_of(map_of(members["metadata"]).get("product")).get("name")) or "an unnamed product"
        return f"an OCSF record of {product[:60]} that holds no call of CloudTrail with its time"
    return NO_OWNER if _is_policy_alone(members) else NO_THING if is_tags_alone(members) else None


def _is_policy_alone(members: Mapping[str, Any]) -> bool:
    return "Statement" in str(members.get("Policy"))[:4000] and members.keys() <= {"Policy", "PolicyName", "RevisionId", "ResponseMetadata"}


def answer_pieces(members: dict[str, Any]) -> list[Piece]:
    """The answers of AWS that an object is; most often none or one."""
    if members.get("schema") == GAP_SCHEMA:
        return [Piece(Form.GAP, members)]
    keys = members.keys()
    declared = members.get("Pipeline")
    if (isinstance(declared, dict) and "Stages" in declared) or any(
        marks.isdisjoint(keys) and marks <= {str(name)[:1].lower() + str(name)[1:] for name in keys} for marks in _SMALL
    ):
        members = in_camel_case(members)
        keys = members.keys()
    forms = {form: None for marks, form in _ANSWERS if marks <= keys}
    if isinstance(declared := members.get("pipeline"), dict) and "name" in declared:
        forms[Form.PIPELINE] = None
    if "policyDocument" in keys and keys <= MEMBERS:
        forms[Form.EVALUATED] = None
    policy = members.get("Policy")
    if isinstance(policy, dict) and "PolicySummary" in policy:
        forms[Form.ORG_POLICY] = None
    policies = members.get("Policies")
    if isinstance(policies, list) and any(isinstance(policy, dict) and "PolicyVersionList" in policy for policy in policies):
        forms[Form.SNAPSHOT] = None
    if _is_notice(members):
        forms[Form.NOTICE] = None
    if is_failed_notice(members) or service_of_event(members) or tells_roles(members) or "FunctionArn" in map_of(members.get("Configuration")):
        forms[Form.FAILED] = None
    found = [Piece(form, members) for form in forms]
    if not found and (part := members if _is_iam_part(members) else of_inventory(members)):
        found.append(Piece(Form.IAM_PART, part))
    found = found or [Piece(Form.RESOURCE_POLICY, one) for one in resource_policies_in(members)]
    return [*found, *tag_pieces(members)] if found else []


def tag_pieces(members: Mapping[str, Any]) -> list[Piece]:
    """The tags that an answer tells of its thing; asked for last, since other tools write tags beside records."""
    return [Piece(Form.TAGS, one) for one in tags_told(members)]


def _is_notice(members: Mapping[str, Any]) -> bool:
    kind = next((kind for name in _NOTICES if isinstance(kind := members.get(name), str)), "")
    return kind.startswith("CodePipeline") and isinstance(members.get("detail"), dict)


def _is_iam_part(members: Mapping[str, Any]) -> bool:
    keys = members.keys()
    if isinstance(policy := members.get("Policy"), dict) and {"Arn", "DefaultVersionId"} <= policy.keys():
        return True
    if "configuration" in keys and str(members.get("arn") or members.get("ARN")).split(":")[2:3] == ["iam"]:
        return True
    return any(marks <= keys for marks in _IAM_PARTS) and _holds_iam(members)


def _holds_iam(members: Mapping[str, Any]) -> bool:
    """`Role` and `User` are members of other answers too: what stands there has to be IAM's."""
    for name in ("Role", "User", "Roles", "Users"):
        held = members.get(name)
        first = held[0] if isinstance(held, list) and held else held
        if name in members and not (isinstance(first, dict) and str(first.get("Arn")).split(":")[2:3] == ["iam"]):
            return False
    return True


_KEPT_AS_THEY_ARE = frozenset({"configuration", "resolvedConfiguration", "variables", "outputVariables"})  # the customer's own names stand in them


def in_camel_case(members: dict[str, Any]) -> dict[str, Any]:
    """The answer with small first letters, as the API writes CodePipeline's; PowerShell and .NET print capitals."""
    small: dict[str, Any] = {}
    for name, value in members.items():
        key = str(name)[:1].lower() + str(name)[1:]
        small[key] = value if key in _KEPT_AS_THEY_ARE else _small(value)
    return small


def _small(value: object) -> object:
    if isinstance(value, dict):
        return in_camel_case(value)
    return [_small(member) for member in value] if isinstance(value, list) else value
