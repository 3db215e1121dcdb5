"""A made-up organization trail in the layout of a trail bucket: chains of role sessions, one call in seventy refused, most on things of their own.

python bench/generate.py tree OUT --files 1000 --mean 700     about a gigabyte unpacked
python bench/generate.py single OUT.json --like TREE          the same as one file
python bench/generate.py tree OUT --files 20000 --mean 6      many tiny files
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing import Pool
from pathlib import Path
from typing import Any

ACCOUNTS = ("111122223333", "444455556666", "777788889999")
REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")
START = datetime(2026, 3, 1, tzinfo=UTC)
ROLES = ("CodePipelineServiceRole", "DeployRole", "AppTaskRole", "ingest/LambdaRole", "GlueEtlRole", "BackupRole", "AuditReadOnly", "NodeInstanceRole")
SERVICES = ("codepipeline.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "ec2.amazonaws.com")
ERRORS = ("ThrottlingException", "NoSuchKey", "ValidationException")
LETTERS = string.ascii_letters + string.digits
SHARE_REFUSED, SHARE_FAILED, CALLS_PER_SESSION = 0.014, 0.05, 18

Record = dict[str, Any]


class Maker(random.Random):
    """Random parts of records."""

    def word(self, length: int) -> str:
        return "".join(self.choices(LETTERS, k=length))

    def uuid(self) -> str:
        text = f"{self.getrandbits(128):032x}"
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def calls(make: Maker, account: str, region: str) -> tuple[str, str, Record | None, Record | None, bool]:
    """(source, name, request, answer, read only) of some call."""
    arn = f"arn:aws:%s:{region}:{account}:"
    kind = make.randrange(8)
    if kind == 0:
        return (
            "ec2.amazonaws.com",
            "DescribeInstances",
            {"maxResults": 1000, "filterSet": {"items": [{"name": "tag:Name", "valueSet": {"items": [{"value": make.word(12)}]}}]}},
            None,
            True,
        )
    if kind == 1:
        return (
            "kms.amazonaws.com",
            "Decrypt",
            {"encryptionContext": {"aws:s3:arn": f"arn:aws:s3:::acme-{account}/{make.word(20)}"}, "keyId": arn % "kms" + f"key/{make.uuid()}"},
            None,
            True,
        )
    if kind == 2:
        return (
            "s3.amazonaws.com",
            "GetObject",
            {"bucketName": f"acme-{account}", "key": f"build/{make.word(9)}.zip", "Host": f"acme-{account}.s3.{region}.amazonaws.com"},
            None,
            True,
        )
    if kind == 3:
        return (
            "ecs.amazonaws.com",
            "DescribeServices",
            {"cluster": "prod", "services": [f"svc-{make.randint(1, 60)}" for _ in range(make.randint(1, 9))], "include": ["TAGS"]},
            None,
            True,
        )
    if kind == 4:
        task = {
            "family": f"app-{make.randint(1, 9)}",
            "executionRoleArn": f"arn:aws:iam::{account}:role/AppTaskRole",
            "containerDefinitions": [{"name": "app", "image": f"registry/app:{make.word(12)}", "environment": []}],
        }
        return "ecs.amazonaws.com", "RegisterTaskDefinition", task, {"taskDefinition": {**task, "revision": make.randint(1, 400), "status": "ACTIVE"}}, False
    if kind == 5:
        return "secretsmanager.amazonaws.com", "GetSecretValue", {"secretId": arn % "secretsmanager" + f"secret:db-{make.word(6)}"}, None, True
    if kind == 6:
        return (
            "events.amazonaws.com",
            "PutEvents",
            {"entries": [{"source": "app", "detailType": "order"}]},
            {"failedEntryCount": 1, "entries": [{"errorCode": "InternalFailure", "errorMessage": "x"}]},
            False,
        )
    return (
        "logs.amazonaws.com",
        "CreateLogStream",
        {"logGroupName": f"/aws/lambda/orders-{make.randint(1, 40)}", "logStreamName": f"2026/03/01/[$LATEST]{make.word(32)}"},
        None,
        False,
    )


def new_session(make: Maker, when: datetime, *, parent: Record | None = None) -> Record:
    """A role session, as what its records share."""
    account, role = make.choice(ACCOUNTS), make.choice(ROLES)
    name = str(int(when.timestamp() * 1000)) if role.startswith("CodePipeline") else make.word(12)
    unique = "AROA" + role.upper().replace("/", "")[:9].ljust(9, "X") + account[:4].translate(str.maketrans("0123456789", "ABCDEFGHIJ"))
    return {"account": account, "role": role, "name": name, "id": f"{unique}:{name}", "key": "ASIA" + make.word(16).upper(), "born": when, "parent": parent}


def identity(session: Record) -> Record:
    """`userIdentity` of the session's calls."""
    account, role = session["account"], session["role"]
    issuer = {
        "type": "Role",
        "principalId": session["id"].partition(":")[0],
        "arn": f"arn:aws:iam::{account}:role/{role}",
        "accountId": account,
        "userName": role.rpartition("/")[2],
    }
    return {
        "type": "AssumedRole",
        "principalId": session["id"],
        "arn": f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{session['name']}",
        "accountId": account,
        "accessKeyId": session["key"],
        "sessionContext": {"sessionIssuer": issuer, "attributes": {"creationDate": iso(session["born"]), "mfaAuthenticated": "false"}},
    }


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def opening(make: Maker, session: Record, region: str) -> Iterator[Record]:
    """The record of the AssumeRole, in both accounts where the role is another account's."""
    parent, shared = session["parent"], make.uuid()
    caller = identity(parent) if parent else {"type": "AWSService", "invokedBy": make.choice(SERVICES)}
    role = f"arn:aws:iam::{session['account']}:role/{session['role']}"
    user = {"assumedRoleId": session["id"], "arn": identity(session)["arn"]}
    answer = {"credentials": {"accessKeyId": session["key"], "sessionToken": make.word(400), "expiration": "Mar 1, 2026, 10:00:00 AM"}, "assumedRoleUser": user}
    request = {"roleArn": role, "roleSessionName": session["name"]}
    own = record(
        make, caller, session["born"], ("sts.amazonaws.com", "AssumeRole", request, answer, True), region, parent["account"] if parent else session["account"]
    )
    yield own | {"sharedEventID": shared}
    if parent and parent["account"] != session["account"]:
        other = {"type": "AWSAccount", "principalId": parent["id"], "accountId": parent["account"]}
        yield own | {"userIdentity": other, "eventID": make.uuid(), "sharedEventID": shared, "recipientAccountId": session["account"]}


def record(make: Maker, who: Record, when: datetime, call: tuple[str, str, Record | None, Record | None, bool], region: str, account: str) -> Record:
    """A record in CloudTrail's order of members."""
    source, name, request, answer, read_only = call
    return {
        "eventVersion": "1.10",
        "userIdentity": who,
        "eventTime": iso(when),
        "eventSource": source,
        "eventName": name,
        "awsRegion": region,
        "sourceIPAddress": f"10.0.{make.randint(0, 255)}.{make.randint(0, 255)}",
        "userAgent": "aws-sdk-go-v2/1.25.2 os/linux lang/go#1.21.7 md/GOOS#linux md/GOARCH#amd64 api/ecs#1.41.1 exec-env/AWS_ECS_FARGATE",
        "requestParameters": request,
        "responseElements": answer,
        "requestID": make.uuid(),
        "eventID": make.uuid(),
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": f"{source.partition('.')[0]}.{region}.amazonaws.com",
        },
    }


def with_outcome(make: Maker, made: Record, session: Record) -> Record:
    """The record as it is, or refused, or failed for another reason."""
    dice = make.random()
    if dice >= SHARE_FAILED:
        return made
    members = list(made.items())
    service, name = made["eventSource"].partition(".")[0], made["eventName"]
    if dice < SHARE_REFUSED:
        on = f"arn:aws:{service}:{made['awsRegion']}:{session['account']}:thing/{make.word(8)}"
        why = f"because no identity-based policy allows the {service}:{name} action"
        text = f"User: {made['userIdentity']['arn']} is not authorized to perform: {service}:{name} on resource: {on} {why}"
        errors = [("errorCode", "AccessDenied"), ("errorMessage", text)]
    else:
        errors = [("errorCode", make.choice(ERRORS)), ("errorMessage", f"It was not found or was throttled: {make.uuid()}")]
    return dict([*members[:8], *errors, *members[8:]]) | {"responseElements": None}


def file_records(make: Maker, start: datetime, minutes: float, mean: int, region: str) -> list[Record]:
    """The records of one file of one region."""
    count = max(1, int(make.lognormvariate(0, 0.6) / 1.2 * mean))
    sessions: list[Record] = []
    made: list[Record] = []
    while len(made) < count:
        if not sessions or make.random() < 1 / CALLS_PER_SESSION:
            parent = make.choice(sessions) if sessions and make.random() < 0.3 else None
            sessions.append(new_session(make, start + timedelta(minutes=make.uniform(0, minutes)), parent=parent))
            made += opening(make, sessions[-1], region)
        session = make.choice(sessions[-30:])
        when = session["born"] + timedelta(minutes=make.uniform(0, minutes))
        account = session["account"]
        made.append(with_outcome(make, record(make, identity(session), when, calls(make, account, region), region, account), session))
    return sorted(made, key=lambda one: one["eventTime"])


def write_file(task: tuple[str, int, int, int]) -> tuple[int, int]:
    """Writes one file of the tree; its number of records and of bytes unpacked."""
    out, number, files, mean = task
    make = Maker(f"trail-{number}")
    minutes = 7 * 24 * 60 / files * 9
    start = START + timedelta(minutes=minutes * (number // 9))
    region = REGIONS[number % 3]
    made = file_records(make, start, minutes, mean, region)
    content = json.dumps({"Records": made}, separators=(",", ":")).encode()
    folder = Path(out) / "AWSLogs" / ACCOUNTS[number // 3 % 3] / "CloudTrail" / region / start.strftime("%Y/%m/%d")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{ACCOUNTS[number // 3 % 3]}_CloudTrail_{region}_{start:%Y%m%dT%H%M}Z_{make.word(16)}.json.gz"
    (folder / name).write_bytes(gzip.compress(content, 6, mtime=0))
    return len(made), len(content)


def write_tree(out: str, files: int, mean: int) -> tuple[int, int]:
    """Writes the tree; its number of records and of bytes unpacked."""
    with Pool() as pool:
        sizes = pool.map(write_file, [(out, number, files, mean) for number in range(files)], chunksize=8)
    return sum(records for records, _ in sizes), sum(size for _, size in sizes)


def write_single(out: str, like: str) -> None:
    """Writes the records of a tree as one file."""
    with Path(out).open("wb") as file:
        file.write(b'{"Records":[')
        for number, path in enumerate(sorted(Path(like).rglob("*.json.gz"))):
            file.write((b"," if number else b"") + gzip.decompress(path.read_bytes())[len(b'{"Records":[') : -len(b"]}")])
        file.write(b"]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("form", choices=("tree", "single"))
    parser.add_argument("out")
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--mean", type=int, default=700)
    parser.add_argument("--like")
    given = parser.parse_args()
    if given.form == "tree":
        records, size = write_tree(given.out, given.files, given.mean)
        print(f"{records} records, {size / 1e6:.0f} MB unpacked")
    else:
        write_single(given.out, given.like)


if __name__ == "__main__":
    main()
