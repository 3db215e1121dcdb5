#!/usr/bin/env bash
# aws-why 0.5.0 (PyPI), which explains AWS authorization failures from their messages, offline with `explain`.
#
# Seen: S3 writes the ARN in its AccessDenied messages in quotes (`on resource: "arn:aws:s3:::bucket/key"`), other services do
# not. With the quotes, the JSON has no `resource` and no `candidate_policy`; the same message without them gives both. The
# rest (action, implicit deny, missing identity allow) is read alike, so nothing says that a part was missed.
#
# Consequence: the service with the most denials of all is the one without a policy. A pattern for these messages needs the
# optional quote; one made from a DynamoDB or KMS example never meets it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check --no-deps aws-why==0.5.0
explain() {
  printf 'An error occurred (AccessDenied) when calling the PutObject operation: User: arn:aws:sts::111122223333:assumed-role/deploy/run is not authorized to perform: s3:PutObject on resource: %s because no identity-based policy allows the s3:PutObject action\n' "$1" |
    AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null "$work/venv/bin/aws-why" explain --json
}
read_out='import json, sys
case = json.load(sys.stdin)
denial, fix = case["authorization"][0], case["remediation"][0]
print(denial["action"], denial["decision"], denial["cause"], denial.get("resource"), "policy" if "candidate_policy" in fix else "no policy")'
seen=$(for resource in 'arn:aws:s3:::reports-example/november.csv' '"arn:aws:s3:::reports-example/november.csv"'; do
  { explain "$resource" || true; } | python3 -c "$read_out"
done)
expected='s3:PutObject implicit_deny missing_identity_allow arn:aws:s3:::reports-example/november.csv policy
s3:PutObject implicit_deny missing_identity_allow None no policy'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
