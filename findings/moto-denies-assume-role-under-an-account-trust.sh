#!/usr/bin/env bash
# moto 5.2.5 (PyPI) with its access control on (`set_initial_no_auth_action_count`).
#
# Seen: a user whose policy allows everything assumes a role of the same account. moto compares the trust policy's principal
# with the caller's ARN as text. A trust that names the user: allowed. A trust that names the account, as its root ARN or as
# twelve digits (the form that the IAM console writes, and the usual one): AccessDenied. A trust of two statements, the first
# for somebody else: AccessDenied, because an Allow that does not match counts as a denial and ends the evaluation. AWS allows
# all four. The message has neither resource nor reason ("on resource: ... because no ... allows"), which AWS's has.
#
# Consequence: a test of least privilege under moto fails on correct trust policies, and the fix it suggests (name each caller) is worse
# than the policy; a parser of denial messages tested on moto alone has never seen the part that says why.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check 'moto[iam,sts]==5.2.5' boto3==1.44.8 botocore==1.44.8
cat > "$work/run.py" <<'PY'
import json, os

os.environ.update(AWS_ACCESS_KEY_ID="example", AWS_SECRET_ACCESS_KEY="example", AWS_DEFAULT_REGION="eu-west-1")
import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core import set_initial_no_auth_action_count

ACCOUNT = "123456789012"  # moto's own account
EVERYTHING = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def trust(*principals):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": p}, "Action": "sts:AssumeRole"} for p in principals]}


@mock_aws
@set_initial_no_auth_action_count(4)
def assume(document):
    iam = boto3.client("iam")
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    sts = boto3.client("sts", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    try:
        sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/deploy", RoleSessionName="run")
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    return "allowed"


ann, bob = f"arn:aws:iam::{ACCOUNT}:user/ann", f"arn:aws:iam::{ACCOUNT}:user/bob"
print("the user:", assume(trust(ann)))
print("the account's root ARN:", assume(trust(f"arn:aws:iam::{ACCOUNT}:root")))
print("the account's digits:", assume(trust(ACCOUNT)))
print("another user, then the user:", assume(trust(bob, ann)))
PY
seen=$("$work/venv/bin/python" "$work/run.py")
expected='the user: allowed
the account'\''s root ARN: AccessDenied: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: sts:AssumeRole
the account'\''s digits: AccessDenied: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: sts:AssumeRole
another user, then the user: AccessDenied: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: sts:AssumeRole'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
