#!/usr/bin/env bash
# IAM Policy Autopilot 0.3.0, aws-why 0.5.0, TrailScraper 0.10.0 and Access Undenied 0.1.5 (all PyPI), without credentials, on the same input:
# a message that names an identity policy, one that names a service control policy, CodePipeline's text that names nothing, and a trail of two
# calls of one role, the second of them denied.
#
# Seen: both readers of messages read the first. The second is an explicit deny of a service control policy: aws-why says so; Autopilot says
# that an identity-based policy holds the Deny. The third names no action: Autopilot finds no denial in it, aws-why a denial of nothing.
# TrailScraper writes one policy for both calls of the trail, with "*"; whether a call was denied makes no difference to it. Access Undenied
# asks STS who it is before it reads anything, and ends without credentials.
#
# Consequence: the comparison (docs/comparison.md) says what each made of it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true DISABLE_IAM_POLICY_AUTOPILOT_TELEMETRY=true
unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
for package in iam-policy-autopilot==0.3.0 aws-why==0.5.0 trailscraper==0.10.0 access-undenied-aws==0.1.5; do
  python3 -m venv "${package%%=*}"
  "${package%%=*}/bin/pip" install -q --disable-pip-version-check "$package" 2> pip.log || { cat pip.log >&2; exit 2; }
done
who='User: arn:aws:sts::111122223333:assumed-role/Deploy/run is not authorized to perform:'
identity="$who ecs:RegisterTaskDefinition on resource: * because no identity-based policy allows the ecs:RegisterTaskDefinition action"
scp="$who s3:PutObject on resource: \"arn:aws:s3:::reports-example/november.csv\" with an explicit deny in a service control policy"
opaque='The provided role does not have sufficient permissions to access CodeDeploy'

autopilot() { { iam-policy-autopilot/bin/iam-policy-autopilot fix-access-denied "$1" < /dev/null 2>&1 || true; } | grep -oE 'ecs:Register.*|Denial: .*|No AccessDenied found.*|blocked by .*|or use --yes flag' | sort -u | paste -sd'|'; }
aws_why() {
  { printf 'An error occurred (AccessDenied) when calling the Deploy operation: %s\n' "$1" | aws-why/bin/aws-why explain --json || true; } |
    python3 -c 'import json, sys; case = json.load(sys.stdin); print(case["result"], *((one["action"], one["cause"]) for one in case.get("authorization", [])))'
}
python3 - "$identity" <<'PY'
import gzip, json, pathlib, sys
role = "arn:aws:iam::111122223333:role/Deploy"
who = {"type": "AssumedRole", "principalId": "AROAEXAMPLEROLE:run", "arn": "arn:aws:sts::111122223333:assumed-role/Deploy/run", "accountId": "111122223333",
       "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": "AROAEXAMPLEROLE", "arn": role, "accountId": "111122223333", "userName": "Deploy"}}}
def call(n, service, name, **more):
    return {"eventVersion": "1.11", "userIdentity": who, "eventTime": f"2026-03-04T09:0{n}:00Z", "eventSource": f"{service}.amazonaws.com", "eventName": name,
            "awsRegion": "eu-west-1", "requestParameters": None, "responseElements": None, "eventID": f"00000000-0000-4000-8000-00000000000{n}",
            "eventType": "AwsApiCall", "recipientAccountId": "111122223333", **more}
records = [call(1, "codedeploy", "GetApplication"), call(2, "ecs", "RegisterTaskDefinition", errorCode="AccessDenied", errorMessage=sys.argv[1])]
folder = pathlib.Path("logs/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/04")
folder.mkdir(parents=True)
text = json.dumps({"Records": records})
(folder / "111122223333_CloudTrail_eu-west-1_20260304T0905Z_abcdefghijklmnop.json.gz").write_bytes(gzip.compress(text.encode()))
pathlib.Path("trail.json").write_text(text)
PY
seen=$(
  for text in "$identity" "$scp" "$opaque"; do
    echo "autopilot: $(autopilot "$text")"
    echo "aws-why: $(aws_why "$text")"
  done
  trailscraper/bin/trailscraper select --log-dir logs --from 2026-03-01T00:00:00Z --to 2026-03-05T00:00:00Z 2> /dev/null |
    trailscraper/bin/trailscraper generate | python3 -c 'import json, sys; print("trailscraper:", *((one["Effect"], one["Action"], one["Resource"]) for one in json.load(sys.stdin)["Statement"]))'
  echo "access-undenied: $({ access-undenied-aws/bin/access-undenied-aws analyze --events-file trail.json 2>&1 || true; } | grep -oE 'NoCredentialsError.*' | tail -n 1)"
)
echo "$seen"
expected="autopilot: Denial:    ImplicitIdentity|ecs:RegisterTaskDefinition|or use --yes flag
aws-why: denied ('ecs:RegisterTaskDefinition', 'missing_identity_allow')
autopilot: blocked by an explicit Deny statement in an identity-based policy.
aws-why: denied ('s3:PutObject', 'service_control_policy')
autopilot: No AccessDenied found in provided text
aws-why: denied
trailscraper: ('Allow', ['codedeploy:GetApplication', 'ecs:RegisterTaskDefinition'], ['*'])
access-undenied: NoCredentialsError: Unable to locate credentials"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
