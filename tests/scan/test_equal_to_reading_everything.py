"""A scan gives the very document that reading every record gives, however the files are written."""

from __future__ import annotations

import bz2
import gzip
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.generate import START as BEGIN
from bench.generate import Maker, file_records
from tests.sample import some_of
from trailsleuth import api
from trailsleuth.api import cases, reductions
from trailsleuth.model import Inquiry
from trailsleuth.report.reduction import reduction_document
from trailsleuth.scan import pool as workers
from trailsleuth.scan import two_passes as scanning
from trailsleuth.scan import units
from trailsleuth.scan import work as scan_units
from trailsleuth.scan.listing import list_evidence

CASES = Path(__file__).parents[2] / "fixtures" / "cases"
ENTRIES = {"--pipeline": "pipeline", "--execution-id": "execution_id", "--role": "role", "--session": "session"}
ENTRIES |= {"--access-key": "access_key", "--event-id": "event_id", "--error": "error"}
Records = list[dict[str, Any]]


def some_files(seed: str) -> list[Records]:
    make = Maker(seed)
    return [file_records(make, BEGIN, 30, 120, "us-east-1") for _ in range(3)]


def shuffled(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: shuffled(value[key], dice) for key in keys}
    return [shuffled(one, dice) for one in value] if isinstance(value, list) else value


def compact(records: Records) -> bytes:
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def escaped(records: Records) -> bytes:
    """Every letter of every errorCode key and value written as an escape."""
    plain = compact(records)
    for word in (b"errorCode", b"AccessDenied", b"eventName"):
        plain = plain.replace(b'"' + word + b'"', b'"' + b"".join(b"\\u%04x" % sign for sign in word) + b'"')
    return plain


def with_unicode(records: Records) -> bytes:
    return json.dumps({"Records": [{**r, "userAgent": "söme \u2028 😀 agent"} for r in records]}, ensure_ascii=False).encode()


def nested(records: Records) -> bytes:
    """Records that carry records of others in their requests, whole and as text."""
    other = {"eventVersion": "1.08", "eventID": "not-this-one", "errorCode": "AccessDenied", "Records": "x"}
    return compact([{**r, "requestParameters": {**(r["requestParameters"] or {}), "list": [other, other], "text": json.dumps(r)}} for r in records])


WAYS: dict[str, Callable[[Records], bytes]] = {
    "compact": compact,
    "shuffled": lambda records: compact(shuffled(records, random.Random(1))),
    "spaced": lambda records: json.dumps({"Records": records}, separators=(" , ", " : ")).encode(),
    "indented": lambda records: json.dumps({"Records": records}, indent=2).encode(),
    "escaped": escaped,
    "unicode": with_unicode,
    "nested": nested,
    "twice in one file": lambda records: compact(records + records[:40]),
    "lines": lambda records: b"\n".join(json.dumps(r).encode() for r in records),
    "gzip": lambda records: gzip.compress(compact(records), mtime=0),
    "two members": lambda records: gzip.compress(compact(records)[:900], mtime=0) + gzip.compress(compact(records)[900:], mtime=0),
    "cut gzip": lambda records: gzip.compress(compact(records), mtime=0)[:-900],
    "cut gzip that ends in zeros": lambda records: gzip.compress(compact(records), mtime=0)[:-900] + b"\0" * 4,
    "bzip2": lambda records: bz2.compress(compact(records)),
    "cut": lambda records: compact(records)[:-700],
    "hidden by a repeated key": lambda records: compact(records).replace(b'"errorMessage"', b'"errorCode":null,"errorMessage"', 3),
    "an object beside": lambda records: b'{"NextToken":"x",' + compact(records)[1:],
}


def documents(folder: Path, monkeypatch: pytest.MonkeyPatch, **asked: Any) -> Iterator[dict[str, Any]]:
    """The answer from a scan, and from reading everything."""
    for size in (0, 1 << 60):
        monkeypatch.setattr(cases, "SCAN_FROM", size)
        yield api.load(folder).diagnose(**asked).document()


@pytest.mark.parametrize("way", WAYS)
def test_a_scan_gives_the_same_document_however_a_file_is_written(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, records in enumerate(some_files(way)):
        (tmp_path / f"{number}.json").write_bytes(WAYS[way](records) if number != 1 else compact(records))
    scanned, read = documents(tmp_path, monkeypatch)
    assert read["coverage"]["denied"] > 0
    assert json.dumps(scanned) == json.dumps(read)


@pytest.mark.parametrize("way", ["compact", "shuffled", "indented", "escaped", "nested", "gzip"])
def test_a_scan_keeps_the_very_records_that_an_independent_reader_finds_refused(way: str, tmp_path: Path) -> None:
    files = some_files(way)
    for number, records in enumerate(files):
        (tmp_path / f"{number}.json").write_bytes(WAYS[way](records))
    evidence = scanning.scan_evidence(list_evidence([str(tmp_path)]), Inquiry())
    assert evidence is not None
    wanted = {r["eventID"] for records in files for r in records if r.get("errorCode") == "AccessDenied"}
    assert {r.event_id for r in evidence.records if r.denial is not None} == wanted
    assert evidence.coverage.records_read == sum(map(len, files))


def test_copies_of_files_and_of_records_are_counted_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = some_files("copies")
    (tmp_path / "b.json").write_bytes(compact(first))
    (tmp_path / "a.json").write_bytes(compact(first))
    (tmp_path / "c.json").write_bytes(compact(second + first[:50]))
    (tmp_path / "d.json").write_bytes(b"[" + compact(third + second[:30])[len(b'{"Records":[') : -1])
    scanned, read = documents(tmp_path, monkeypatch)
    assert read["coverage"]["duplicates"] == len(first) + len(first[:50]) + len(second[:30])
    assert json.dumps(scanned) == json.dumps(read)


def test_every_way_in_gives_the_same_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = some_files("ways in")
    for number, records in enumerate(files):
        (tmp_path / f"{number}.json.gz").write_bytes(gzip.compress(compact(records), mtime=0))
    refused = next(r for r in files[1] if r.get("errorCode") == "AccessDenied")
    who = refused["userIdentity"]
    entries = {"role": who["sessionContext"]["sessionIssuer"]["arn"], "access_key": who["accessKeyId"], "session": who["arn"].rpartition("/")[2]}
    entries |= {"event_id": refused["eventID"], "error": refused["errorMessage"], "limit": 2, "everything": True, "until": BEGIN + timedelta(minutes=12)}
    for name, value in entries.items():
        scanned, read = documents(tmp_path, monkeypatch, **{name: value})
        assert json.dumps(scanned) == json.dumps(read), name
        kinds = {(f["principal"], f["evidence"][0]["event_name"], f["evidence"][0]["error_code"]) for f in read["findings"]}
        assert name != "limit" or (len(kinds) == 2 and sum(group["count"] for group in read["background"]) > 2)


def test_a_record_that_only_counts_and_tells_a_buckets_owner_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [r for one in some_files("owner") for r in one]
    refused = next(r for r in records if r.get("errorCode") == "AccessDenied" and r["userIdentity"].get("accessKeyId"))
    bucket = {"ARN": "arn:aws:s3:::wanted-bucket", "type": "AWS::S3::Bucket"}
    call = {"eventSource": "s3.amazonaws.com", "eventName": "GetObject", "requestParameters": {"bucketName": "wanted-bucket", "key": "k"}}
    asked = {**refused, **call, "eventID": "asked", "errorMessage": "Access Denied", "resources": [bucket], "responseElements": None}
    told = {**refused, "eventID": "told", "eventSource": "s3.amazonaws.com", "eventName": "GetBucketLocation", "errorCode": None, "errorMessage": None}
    told |= {"resources": [{**bucket, "accountId": "999999999999"}], "requestParameters": {"bucketName": "wanted-bucket"}}
    (tmp_path / "trail.json").write_bytes(compact([*records, told, asked]))
    scanned, read = documents(tmp_path, monkeypatch, event_id="asked")
    assert json.dumps(scanned) == json.dumps(read)
    assert read["findings"][0]["resource_account"] == "999999999999"


@pytest.mark.parametrize("folder", some_of(sorted(CASES.iterdir()), 4, start=1), ids=lambda folder: folder.name)
def test_a_case_is_diagnosed_alike_by_a_scan(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = json.loads((folder / "truth.json").read_text())["args"]
    asked = {ENTRIES[name]: value for name, value in zip(args[::2], args[1::2], strict=True)}
    for entries in (asked, {}) if asked else ({},):
        scanned, read = documents(folder / "evidence", monkeypatch, **entries)
        assert json.dumps(scanned) == json.dumps(read)


def asked_in_two_ways(records: Records, folder: Path, monkeypatch: pytest.MonkeyPatch, **asked: str) -> dict[str, Any]:
    """The answer of a scan, which is that of reading everything."""
    (folder / "trail.json").write_bytes(compact(records))
    scanned, read = documents(folder, monkeypatch, **asked)
    assert json.dumps(scanned) == json.dumps(read)
    return scanned


def strangers_call(like: dict[str, Any], number: int, source: str, name: str, **fields: Any) -> dict[str, Any]:
    """A call of other credentials than those that were denied."""
    who = {"type": "IAMUser", "principalId": "AIDASTRANGER", "arn": "arn:aws:iam::999999999999:user/else", "accountId": "999999999999"}
    bare = {"errorCode": None, "errorMessage": None, "requestParameters": None, "responseElements": None, "resources": None}
    return {**like, **bare, "userIdentity": who, "eventID": f"told-{number}", "eventSource": source, "eventName": name, **fields}


@pytest.mark.parametrize("missing", [True, False])
def test_what_others_were_told_of_the_thing_is_kept(missing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [r for one in some_files("thing") for r in one]
    refused = next(r for r in records if r.get("errorCode") == "AccessDenied" and r["userIdentity"].get("accessKeyId"))
    queue = f"arn:aws:sqs:us-east-1:{refused['recipientAccountId']}:inbox"
    sentence = f"User: {refused['userIdentity']['arn']} is not authorized to perform: sqs:SendMessage on resource: {queue}"
    denied = {
        **refused,
        "eventID": "asked",
        "eventSource": "sqs.amazonaws.com",
        "eventName": "SendMessage",
        "errorMessage": sentence,
        "requestParameters": None,
    }
    owner = {"recipientAccountId": refused["recipientAccountId"], "requestParameters": {"queueName": "inbox"}}
    error = {"errorCode": "AWS.SimpleQueueService.NonExistentQueue", "errorMessage": "The specified queue does not exist."} if missing else {}
    told = [strangers_call(refused, number, "sqs.amazonaws.com", "GetQueueUrl", **owner, **error) for number in range(3)]
    found = asked_in_two_ways([*records, *told, denied], tmp_path, monkeypatch, event_id="asked")
    assert (found["findings"][0]["cause"] == "no_policy_fix") is missing


def test_the_key_of_the_thing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [r for one in some_files("key") for r in one]
    refused = next(r for r in records if r.get("errorCode") == "AccessDenied" and r["userIdentity"].get("accessKeyId"))
    account = refused["recipientAccountId"]
    secret, key = f"arn:aws:secretsmanager:us-east-1:{account}:secret:db-Ab1Cd2", f"arn:aws:kms:us-east-1:{account}:key/{'a' * 8}-1111-4222-8333-444444444444"
    sentence = f"User: {refused['userIdentity']['arn']} is not authorized to perform: secretsmanager:GetSecretValue on resource: {secret}"
    denied = {**refused, "eventID": "asked", "eventSource": "secretsmanager.amazonaws.com", "eventName": "GetSecretValue", "errorMessage": sentence}
    made = strangers_call(
        refused, 1, "secretsmanager.amazonaws.com", "CreateSecret", requestParameters={"name": "db", "kmsKeyId": key}, responseElements={"aRN": secret}
    )
    (tmp_path / "key.json").write_text(json.dumps({"ResourceArn": key, "Policy": {"Version": "2012-10-17", "Statement": []}}))
    role = refused["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"]
    detail = {"Arn": role, "RoleName": role.rpartition("/")[2], "RoleId": "AROA", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}
    (tmp_path / "iam.json").write_text(json.dumps({"RoleDetailList": [detail], "UserDetailList": [], "GroupDetailList": [], "Policies": []}))
    found = asked_in_two_ways([*records, made, {**denied, "requestParameters": None}], tmp_path, monkeypatch, event_id="asked")
    assert "kms:Decrypt" in {finding["iam_action"] for finding in found["findings"]}


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_file_is_read_in_parts(packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [r for one in some_files("large") for r in one]
    (tmp_path / "large.json").write_bytes(gzip.compress(compact(records), mtime=0) if packed else compact(records))
    monkeypatch.setattr(units, "WHOLE_UP_TO", 1000)
    monkeypatch.setattr(units, "PART", 60_000)
    monkeypatch.setattr("trailsleuth.scan.quick.PART", 60_000)
    unit = units.units_of(str(tmp_path / "large.json"), (tmp_path / "large.json").stat().st_size)
    assert (len(unit) > 3) != packed
    scanned, read = documents(tmp_path, monkeypatch)
    assert json.dumps(scanned) == json.dumps(read)


def test_a_worker_that_dies_loses_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, records in enumerate(some_files("dies")):
        (tmp_path / f"{number}.json").write_bytes(compact(records))
    here, look = os.getpid(), scanning.first_look

    def dies(chunk: list[units.Unit], ids: frozenset[str]) -> list[scan_units.Looked]:
        if os.getpid() != here and chunk[0].path.endswith("1.json"):
            os._exit(9)
        return look(chunk, ids)

    monkeypatch.setattr(scanning, "first_look", dies)
    monkeypatch.setattr(units, "CHUNK", 1)
    scanned, read = documents(tmp_path, monkeypatch)
    assert json.dumps(scanned) == json.dumps(read)


def test_a_scan_without_the_fast_packages_gives_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, records in enumerate(some_files("plain")):
        (tmp_path / f"{number}.json.gz").write_bytes(gzip.compress(compact(records), mtime=0))
    monkeypatch.setattr("trailsleuth.scan.quick.libdeflate", lambda: None)
    monkeypatch.setattr("trailsleuth.scan.needles.searcher", lambda: __import__("trailsleuth.scan.needles", fromlist=["_Plain"])._Plain())
    scanned, read = documents(tmp_path, monkeypatch)
    assert json.dumps(scanned) == json.dumps(read)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_workers_end_with_a_scan_that_is_killed(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.json").write_bytes(compact(some_files(str(number))[0]))
    code = (
        "import os, sys, time; from functools import partial; from trailsleuth.scan.units import *; from trailsleuth.scan.pool import *\n"
        "def work(chunk):\n    os.write(1, b'%d\\n' % os.getpid()); time.sleep(60)\n"
        "list(run(work, [[Unit(path='x')], [Unit(path='y')]], print))"
    )
    scan = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert scan.stdout is not None
    workers = [int(scan.stdout.readline()) for _ in range(min(2, len(os.sched_getaffinity(0))))]
    scan.kill()
    scan.wait()
    scan.stdout.close()
    ends = time.monotonic() + 10
    while (left := [worker for worker in workers if worker != scan.pid and alive(worker)]) and time.monotonic() < ends:
        time.sleep(0.1)
    assert left == []


def alive(process: int) -> bool:
    """The process runs; one that ended and is not collected yet does not."""
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_no_thread_is_left_when_the_work_has_ended() -> None:
    before = threading.active_count()
    for _ in range(20):  # a thread that is still ending would make the next workers start anew instead of being forked
        assert list(workers.run(len, [[units.Unit(path="a")], [units.Unit(path="b")] * 2], lambda _: None)) == [1, 2]
        assert threading.active_count() == before


@pytest.mark.parametrize("way", ["compact", "shuffled", "indented", "twice in one file", "gzip"])
def test_a_reduction_of_a_large_trail_is_that_of_all_its_records(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = some_files("calls of " + way)
    for number, records in enumerate(files):
        (tmp_path / f"{number}.json").write_bytes(WAYS[way](records))
    (tmp_path / "copies.json").write_bytes(compact(files[0][:30] + files[2][:30]))
    issuers = {r["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("arn") for records in files for r in records}
    roles = sorted(filter(None, issuers))
    assert len(roles) > 5
    for role in some_of(roles, 4, start=[*WAYS].index(way)):
        answers = []
        for size in (0, 1 << 60):
            monkeypatch.setattr(cases, "SCAN_FROM", size)
            monkeypatch.setattr(reductions, "SCAN_FROM", size)
            answers.append(json.dumps(reduction_document(api.reduce(tmp_path, role=role)), default=str))
        assert answers[0] == answers[1], role
