#!/usr/bin/env bash
# botocore 1.44.8 (PyPI): the events of CloudTrail's LookupEvents.
#
# Seen: one event has the flag twice, in two types. The record inside `CloudTrailEvent` says `"readOnly": false`; the member
# `ReadOnly` beside it is a string in the service model, so an event that changed something arrives as the text "false",
# which Python holds to be true. `[e for e in events if not e["ReadOnly"]]` is empty for every account and every day.
# botocore's own Stubber rejects a bool there, so a test with a bool in its place does not pass for a real answer.
#
# Consequence: "what changed before the failure" by `not event["ReadOnly"]` finds no change, which reads like a quiet day.
# Compare with "false", or read the flag in the record.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check boto3==1.44.8 botocore==1.44.8
cat > "$work/run.py" <<'PY'
import json

import boto3
from botocore.exceptions import ParamValidationError
from botocore.stub import Stubber

client = boto3.client("cloudtrail", region_name="eu-west-1", aws_access_key_id="example", aws_secret_access_key="example")
record = {"eventName": "PutRolePolicy", "eventSource": "iam.amazonaws.com", "readOnly": False}


def look_up(flag):
    with Stubber(client) as stub:
        stub.add_response("lookup_events", {"Events": [{"EventName": "PutRolePolicy", "ReadOnly": flag, "CloudTrailEvent": json.dumps(record)}]})
        return client.lookup_events()["Events"]


events = look_up("false")
print("type in the model:", client.meta.service_model.shape_for("Event").members["ReadOnly"].type_name)
print("changes by the member:", sum(not event["ReadOnly"] for event in events))
print("changes by the record:", sum(not json.loads(event["CloudTrailEvent"])["readOnly"] for event in events))
try:
    look_up(False)
except ParamValidationError:
    print("a bool is no valid answer")
PY
seen=$("$work/venv/bin/python" "$work/run.py")
expected='type in the model: string
changes by the member: 0
changes by the record: 1
a bool is no valid answer'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
