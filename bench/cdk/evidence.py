"""What `synth.js` wrote, as evidence: one failed action a pipeline, with one permission taken out of its role and refused."""

from __future__ import annotations

import copy
import fnmatch
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trailsleuth.model import account_of

ACTOR, KEY = "ASIA2222333344445555", "1767312000000"
ATTRIBUTES = {
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
    "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{id}",
}
CONCRETE = {"*": ["cloudformation:CreateStack"], "s3:GetBucket*": ["s3:GetBucketVersioning"], "s3:GetObject*": ["s3:GetObject"], "s3:List*": ["s3:ListBucket"]}
CONCRETE |= {
    "s3:Abort*": ["s3:AbortMultipartUpload"],
    "s3:DeleteObject*": ["s3:DeleteObject"],
    "kms:GenerateDataKey*": ["kms:GenerateDataKey"],
    "kms:ReEncrypt*": ["kms:ReEncryptFrom"],
}
CONCRETE |= {"cloudformation:DescribeStack*": ["cloudformation:DescribeStacks"]}
PASSING = {"CREATE_UPDATE": "CreateStack", "REPLACE_ON_FAILURE": "CreateStack", "CHANGE_SET_REPLACE": "CreateChangeSet", "DELETE_ONLY": "DeleteStack"}


@dataclass(frozen=True)
class Removal:
    """One pattern of one statement of the action's role, and the action that is refused without it."""

    pattern: str
    action: str
    resource: str


class Pipeline:
    """The stacks of one pipeline, their references resolved."""

    def __init__(self, name: str, stacks: list[dict[str, Any]]) -> None:
        self.name = name
        self.resources: list[tuple[dict[str, Any], str, dict[str, Any]]] = []  # stack, logical id, resource
        for stack in stacks:
            for logical, resource in stack["template"].get("Resources", {}).items():
                self.resources.append((stack, logical, resource))
        self.pipeline = next(self._resolve(r["Properties"], s) for s, _, r in self.resources if r["Type"] == "AWS::CodePipeline::Pipeline")
        self.action = next(a for stage in self.pipeline["Stages"] for a in stage["Actions"] if a["Name"] == "Failing")
        self.stage = next(s["Name"] for s in self.pipeline["Stages"] if self.action in s["Actions"])
        self.role = self.action["RoleArn"]

    def _physical(self, stack: dict[str, Any], logical: str, attribute: str) -> str:
        resource = stack["template"]["Resources"][logical]
        names = {"AWS::S3::Bucket": "BucketName", "AWS::IAM::Role": "RoleName"}
        name = resource.get("Properties", {}).get(names.get(resource["Type"], ""), logical)
        name = name if isinstance(name, str) else logical
        if attribute == "Ref" and resource["Type"] != "AWS::KMS::Key":
            return name
        identity = "0a1b2c3d-1111-4222-8333-944445555666"
        form = ATTRIBUTES.get(resource["Type"], "{name}") if attribute == "Arn" else "{id}"
        return form.format(name=name, account=stack["account"], region=stack["region"], id=identity)

    def _resolve(self, value: Any, stack: dict[str, Any]) -> Any:
        if isinstance(value, list):
            return [self._resolve(one, stack) for one in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            pseudo = {"AWS::Partition": "aws", "AWS::AccountId": stack["account"], "AWS::Region": stack["region"], "AWS::URLSuffix": "amazonaws.com"}
            return pseudo.get(value["Ref"]) or self._physical(stack, value["Ref"], "Ref")
        if set(value) == {"Fn::GetAtt"}:
            return self._physical(stack, *value["Fn::GetAtt"])
        if set(value) == {"Fn::Join"}:
            return value["Fn::Join"][0].join(map(str, self._resolve(value["Fn::Join"][1], stack)))
        if set(value) == {"Fn::Select"}:
            return self._resolve(value["Fn::Select"][1], stack)[int(value["Fn::Select"][0])]
        if set(value) == {"Fn::Split"}:
            return str(self._resolve(value["Fn::Split"][1], stack)).split(value["Fn::Split"][0])
        return {k: self._resolve(v, stack) for k, v in value.items()}

    def _of_type(self, kind: str) -> Iterator[tuple[dict[str, Any], str, dict[str, Any]]]:
        for stack, logical, resource in self.resources:
            if resource["Type"] == kind:
                yield stack, logical, self._resolve(resource.get("Properties", {}), stack)

    def roles(self) -> dict[str, dict[str, Any]]:
        """Every role by ARN, as get-account-authorization-details shows it."""
        found = {}
        for stack, logical, made in self._of_type("AWS::IAM::Role"):
            arn = self._physical(stack, logical, "Arn")
            name = arn.rpartition("/")[2]
            managed = [{"PolicyName": p.rpartition("/")[2], "PolicyArn": p} for p in made.get("ManagedPolicyArns", [])]
            found[arn] = {
                "Path": "/",
                "RoleName": name,
                "RoleId": "AROA" + logical.upper()[:16].ljust(16, "X"),
                "Arn": arn,
                "CreateDate": "2025-06-01T00:00:00Z",
            }
            found[arn] |= {
                "AssumeRolePolicyDocument": made["AssumeRolePolicyDocument"],
                "RolePolicyList": list(made.get("Policies", [])),
                "AttachedManagedPolicies": managed,
            }
            found[arn] |= {"InstanceProfileList": [], "Tags": []}
        for stack, _, made in self._of_type("AWS::IAM::Policy"):
            for name in made["Roles"]:
                holder = next(r for a, r in found.items() if r["RoleName"] == name and account_of(a) == stack["account"])
                holder["RolePolicyList"].append({"PolicyName": made["PolicyName"], "PolicyDocument": made["PolicyDocument"]})
        return found

    def resource_policies(self) -> list[dict[str, Any]]:
        """Key and bucket policies."""
        found = [{"ResourceArn": self._physical(s, logical, "Arn"), "Policy": made["KeyPolicy"]} for s, logical, made in self._of_type("AWS::KMS::Key")]
        for _, _, made in self._of_type("AWS::S3::BucketPolicy"):
            found.append({"ResourceArn": f"arn:aws:s3:::{made['Bucket']}", "Policy": made["PolicyDocument"]})
        return found

    def removals(self) -> list[Removal]:
        """Every pattern that the action's role is granted, once."""
        found: dict[str, Removal] = {}
        for policy in self.roles()[self.role]["RolePolicyList"]:
            for statement in _listed(policy["PolicyDocument"]["Statement"]):
                resource = _listed(statement["Resource"])[-1]
                for pattern in _listed(statement["Action"]):
                    for action in CONCRETE.get(pattern, [pattern]):
                        found.setdefault(action, Removal(pattern, action, _narrowed(resource, action)))
        return list(found.values())

    def without(self, removal: Removal) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        """The roles and resource policies with the pattern taken out of the action role's grants everywhere."""
        roles, resources = copy.deepcopy(self.roles()), copy.deepcopy(self.resource_policies())
        for policy in roles[self.role]["RolePolicyList"]:
            _take_out(policy["PolicyDocument"], removal, None)
        for held in resources:
            _take_out(held["Policy"], removal, self.role)
        return roles, resources

    def write(self, removal: Removal, folder: Path) -> None:
        """The evidence of the refusal, into a folder."""
        roles, resources = self.without(removal)
        for account in {account_of(arn) for arn in roles}:
            held = [role for arn, role in roles.items() if account_of(arn) == account]
            _put(folder / f"iam-{account}.json", {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": held, "Policies": []})
        _put(folder / "resources.json", resources)
        _put(folder / "pipeline.json", {"pipeline": self._pipeline(), "metadata": {"pipelineArn": self._arn()}})
        _put(folder / "actions.json", {"actionExecutionDetails": [self._execution()]})
        _put(folder / "trail.json", {"Records": [self._record(removal)]})

    def _arn(self) -> str:
        return f"arn:aws:codepipeline:eu-west-2:{account_of(self.pipeline['RoleArn'])}:{self.pipeline['Name']}"

    def _pipeline(self) -> dict[str, Any]:
        store = self.pipeline.get("ArtifactStore") or self.pipeline["ArtifactStores"][0]["ArtifactStore"]
        key = store.get("EncryptionKey")
        stages = [{"name": s["Name"], "actions": [_action(a) for a in s["Actions"]]} for s in self.pipeline["Stages"]]
        held = {"type": "S3", "location": store["Location"]} | ({"encryptionKey": {"id": key["Id"], "type": "KMS"}} if key else {})
        return {"name": self.pipeline["Name"], "roleArn": self.pipeline["RoleArn"], "artifactStore": held, "stages": stages, "version": 1, "pipelineType": "V2"}

    def _execution(self) -> dict[str, Any]:
        made = _action(self.action)
        said = f"The provided role does not have sufficient permissions to access {made['actionTypeId']['provider']}"
        given = {"actionTypeId": made["actionTypeId"], "configuration": made["configuration"], "resolvedConfiguration": made["configuration"]}
        given |= {"roleArn": self.role, "region": "eu-west-2", "inputArtifacts": made["inputArtifacts"]}
        result = {"externalExecutionSummary": said, "errorDetails": {"code": "PermissionError", "message": said}}
        times = {"startTime": "2026-01-02T00:00:00+00:00", "lastUpdateTime": "2026-01-02T00:00:30+00:00"}
        ids = {"pipelineExecutionId": "6f1d2c3b-0000-4000-8000-000000000001", "actionExecutionId": "6f1d2c3b-0000-4000-8000-000000000002", "pipelineVersion": 1}
        return {
            **ids,
            "stageName": self.stage,
            "actionName": "Failing",
            **times,
            "status": "Failed",
            "input": given,
            "output": {"outputArtifacts": [], "executionResult": result},
        }

    def _record(self, removal: Removal) -> dict[str, Any]:
        account, name = account_of(self.role), self.role.rpartition("/")[2]
        session = f"arn:aws:sts::{account}:assumed-role/{name}/{KEY}"
        prefix, _, event = removal.action.partition(":")
        if removal.action == "iam:PassRole":
            prefix, event = _passing(self.action)
        why = f"because no identity-based policy allows the {removal.action} action"
        said = f"User: {session} is not authorized to perform: {removal.action} on resource: {removal.resource} {why}"
        issuer = {"type": "Role", "principalId": "AROAXXXXXXXXXXXXXXXXX", "arn": self.role, "accountId": account, "userName": name}
        context = {"sessionIssuer": issuer, "attributes": {"creationDate": "2026-01-02T00:00:01Z", "mfaAuthenticated": "false"}}
        who = {"type": "AssumedRole", "principalId": f"AROAXXXXXXXXXXXXXXXXX:{KEY}", "arn": session, "accountId": account, "accessKeyId": ACTOR}
        who |= {"sessionContext": context, "invokedBy": "codepipeline.amazonaws.com"}
        record = {
            "eventVersion": "1.11",
            "userIdentity": who,
            "eventTime": "2026-01-02T00:00:08Z",
            "eventSource": f"{prefix}.amazonaws.com",
            "eventName": event,
        }
        record |= {
            "awsRegion": "eu-west-2",
            "sourceIPAddress": "codepipeline.amazonaws.com",
            "userAgent": "codepipeline.amazonaws.com",
            "errorCode": "AccessDenied",
        }
        record |= {
            "errorMessage": said,
            "requestParameters": None,
            "responseElements": None,
            "requestID": "r",
            "eventID": "6f1d2c3b-0000-4000-8000-000000000003",
        }
        return record | {"readOnly": False, "eventType": "AwsApiCall", "managementEvent": True, "recipientAccountId": account, "eventCategory": "Management"}


def _action(made: dict[str, Any]) -> dict[str, Any]:
    kind = made["ActionTypeId"]
    found = {
        "name": made["Name"],
        "actionTypeId": {k.lower(): kind[k] for k in ("Category", "Owner", "Provider", "Version")},
        "runOrder": made.get("RunOrder", 1),
    }
    found |= {"configuration": made.get("Configuration", {}), "inputArtifacts": [{"name": a["Name"]} for a in made.get("InputArtifacts", [])]}
    found |= {"outputArtifacts": [{"name": a["Name"]} for a in made.get("OutputArtifacts", [])]}
    return found | {"roleArn": made["RoleArn"]} if "RoleArn" in made else found


def _passing(action: dict[str, Any]) -> tuple[str, str]:
    provider = action["ActionTypeId"]["Provider"]
    if provider == "CloudFormation":
        return "cloudformation", PASSING[action["Configuration"]["ActionMode"]]
    return ("cloudformation", "CreateStackSet") if provider.startswith("CloudFormation") else ("ecs", "RegisterTaskDefinition")


def _narrowed(resource: str, action: str) -> str:
    """The ARN that AWS would print: an instance of the pattern; `*` stays where a call takes no resource."""
    if action == "iam:PassRole" and resource == "*":
        return "arn:aws:iam::310000000013:role/task"
    if resource.startswith("arn:aws:s3:::") and "/" not in resource and any(w in action for w in ("Object", "Abort", "Put")):
        return f"{resource}/shop/src/Ab12Cd3"
    return resource.replace("/*", "/Ab12Cd3").replace(":*", ":Ab12Cd3") if resource != "*" else "*"


def _take_out(document: dict[str, Any], removal: Removal, principal: str | None) -> None:
    kept = []
    for statement in _listed(document["Statement"]):
        mine = principal is None or principal in json.dumps(statement.get("Principal", ""))
        if statement["Effect"] == "Allow" and mine:
            statement["Action"] = [
                a for a in _listed(statement["Action"]) if a != removal.pattern and not fnmatch.fnmatchcase(removal.action.lower(), a.lower())
            ]
            if not statement["Action"]:
                continue
        kept.append(statement)
    document["Statement"] = kept


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _put(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")
