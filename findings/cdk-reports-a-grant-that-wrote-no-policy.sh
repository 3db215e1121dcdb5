#!/usr/bin/env bash
# aws-cdk-lib 2.275.0 (npm): grants to an imported role of another account.
#
# Seen: `grantRead` and its relatives on imported resources (a table, a bucket, a queue, a secret, a key) to a role from
# `Role.fromRoleArn`. Of the stack's own account: one AWS::IAM::Policy with all statements. Of another account: no resource
# at all, since CDK can write neither into the other account nor into an imported resource's policy; yet each `Grant` says
# `success: true`, `assertSuccess()` passes, and the stack has no warning among its messages.
#
# Consequence: `assertSuccess()` exists to catch this case, and pipelines that call it deploy green; the first sign is an
# AccessDenied in the other account, where the code says that access was granted. Look into the template for a policy of the role.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund aws-cdk-lib@2.275.0 constructs@10.8.1 >/dev/null
cat > run.js <<'JS'
const { App, Stack, aws_dynamodb: ddb, aws_iam: iam, aws_kms: kms, aws_s3: s3, aws_secretsmanager: sm, aws_sqs: sqs } = require('aws-cdk-lib');
for (const account of ['111122223333', '444455556666']) {
  const app = new App({ outdir: `out-${account}` });
  const stack = new Stack(app, 'Stack', { env: { account: '111122223333', region: 'eu-west-1' } });
  const role = iam.Role.fromRoleArn(stack, 'Role', `arn:aws:iam::${account}:role/reader`);
  const grants = [
    ddb.Table.fromTableName(stack, 'Table', 'orders').grantReadData(role),
    s3.Bucket.fromBucketName(stack, 'Bucket', 'reports-example').grantRead(role),
    sqs.Queue.fromQueueArn(stack, 'Queue', 'arn:aws:sqs:eu-west-1:111122223333:jobs').grantSendMessages(role),
    sm.Secret.fromSecretNameV2(stack, 'Secret', 'token').grantRead(role),
    kms.Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab').grantDecrypt(role),
  ];
  grants.forEach((grant) => grant.assertSuccess());
  const artifact = app.synth().getStackByName('Stack');
  const resources = Object.values(artifact.template.Resources ?? {}).map((resource) => resource.Type);
  console.log(`role of ${account}: ${grants.filter((grant) => grant.success).length} of ${grants.length} grants say success; resources [${resources}]; messages ${artifact.messages.length}`);
}
JS
seen=$(node run.js 2>/dev/null)
expected='role of 111122223333: 5 of 5 grants say success; resources [AWS::IAM::Policy]; messages 0
role of 444455556666: 5 of 5 grants say success; resources []; messages 0'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
