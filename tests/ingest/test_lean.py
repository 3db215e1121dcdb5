"""Lean evidence: the same records, with what they share held once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import fields, replace

from tests.remedy.build import ACCOUNT, ROLE, a_call, a_refusal, a_snapshot, allow
from trailsleuth import api
from trailsleuth.api.reductions import reduce_evidence
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.ingest.lean import read_lean
from trailsleuth.model import RawInput
from trailsleuth.report.reduction import reduction_document
from trailsleuth.sources.files.exports import read_inputs

CASES = sorted(path for path in (Path(__file__).parents[2] / "fixtures" / "cases").iterdir() if (path / "evidence").is_dir())


def inputs(*contents):
    return [RawInput(source=f"input-{n}", data=json.dumps(content).encode()) for n, content in enumerate(contents)]


def without_payload(record):
    return {f.name: getattr(record, f.name) for f in fields(record) if f.name != "payload"}


@pytest.mark.parametrize("case", CASES[::8], ids=lambda path: path.name)
def test_lean_evidence_holds_the_same_records_and_all_else(case):
    lean, whole = read_lean(read_inputs([str(case / "evidence")])), read_evidence(read_inputs([str(case / "evidence")]))
    if lean is None:
        assert whole.coverage.duplicates
        return
    assert [without_payload(r) for r in lean.records] == [without_payload(r) for r in whole.records]
    assert replace(lean, records=()) == replace(whole, records=())


def test_equal_copies_count_as_duplicates_and_differing_ones_take_whole_records():
    full = a_refusal(1, "ecs:DeleteCluster", "ecs:DeleteCluster", request={"cluster": "web"})
    equal = inputs({"Records": [full]}, {"Records": [full]})
    lean, whole = read_lean(equal), read_evidence(equal)
    assert [without_payload(r) for r in lean.records] == [without_payload(r) for r in whole.records]
    assert lean.coverage == whole.coverage
    assert read_lean(inputs({"Records": [full]}, {"Records": [full | {"requestParameters": None}]})) is None


def test_equal_requests_callers_and_agents_are_one_object():
    calls = [a_call(n, "ecs:UpdateService", {"cluster": "web", "service": "front"}) for n in range(3)]
    first, *others = read_lean(inputs({"Records": calls})).records
    assert all(one.request is first.request and one.identity is first.identity and one.user_agent is first.user_agent for one in others)
    assert dict(first.payload) == {}


def test_a_late_addendum_takes_whole_records(tmp_path):
    call = a_call(1, "ecs:UpdateService", {"cluster": "web", "service": "front"})
    late = call | {
        "eventID": "late",
        "addendum": {"originalEventID": call["eventID"], "reason": "UPDATED_DATA"},
        "requestParameters": {"cluster": "web", "service": "back"},
    }
    assert read_lean(inputs({"Records": [call, late]})) is None
    (tmp_path / "trail.json").write_text(json.dumps({"Records": [call, late]}))
    (use,) = api.reduce(tmp_path, role=ROLE).used
    assert use.resource == f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/web/back"


def test_a_reduction_is_the_same_of_lean_and_of_whole_records(tmp_path):
    calls = [
        a_call(n, "s3:GetObject", {"bucketName": "b", "key": f"in/{n % 7}"}, eventCategory="Data", tlsDetails={"tlsVersion": "TLSv1.3"}) for n in range(40)
    ]
    secure = {"Bool": {"aws:SecureTransport": "true"}}
    snapshot = a_snapshot(allow("s3:*", "*", secure))
    (tmp_path / "trail.json").write_text(json.dumps({"Records": calls}))
    (tmp_path / "iam.json").write_text(json.dumps(snapshot))
    whole = reduce_evidence(read_evidence(inputs({"Records": calls}, snapshot)), role=ROLE)
    found = api.reduce(tmp_path, role=ROLE)
    assert reduction_document(found) == reduction_document(whole)
    assert found.proof.sufficient is True
