"""Laws that hold for the whole, whatever the case: the order of evidence, processes, redaction, time, and odd bytes."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sample import examples
from trailsleuth import api
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import RawInput, Skipped
from trailsleuth.report.document import case_document
from trailsleuth.report.json import render_json
from trailsleuth.report.redact import redact
from trailsleuth.sources.files.exports import read_inputs

ROOT = Path(__file__).parent.parent
CASES = ROOT / "fixtures" / "cases"
NAMES = [
    "founding-first-snapshot",
    "founding-second-denial",
    "cp-two-pipelines-one-role",
    "cp-same-second-sessions",
    "noise-many-equal",
    "org-scp-region-silent",
    "cfn-cdk-hop",
]
OPTIONS = {"--pipeline": "pipeline", "--execution-id": "execution_id", "--role": "role", "--session": "session"}
OPTIONS |= {"--access-key": "access_key", "--event-id": "event_id", "--error": "error"}
Json = dict[str, Any]


def asked(name: str) -> dict[str, str]:
    """What the case asks, as keywords of `diagnose`."""
    args = json.loads((CASES / name / "truth.json").read_text())["args"]
    return {OPTIONS[option]: value for option, value in zip(args[::2], args[1::2], strict=True)}


@cache
def inputs_of(name: str) -> tuple[RawInput | Skipped, ...]:
    return tuple(read_inputs([str(CASES / name / "evidence")]))


def document(name: str, inputs: list[RawInput | Skipped]) -> Json:
    found = api.load_inputs(inputs).diagnose(**asked(name)).document()
    found["coverage"] |= {"inputs": [], "skipped": []}  # the files themselves are others by then
    for finding in found["findings"]:
        for record in finding["evidence"]:
            record["source"] = record["position"] = None
    return found


@cache
def whole(name: str) -> str:
    return render_json(document(name, list(inputs_of(name))))


def rewritten(name: str, choose: random.Random) -> list[RawInput | Skipped]:
    """The same evidence as other files: records dealt into other files in other order, some twice, the rest reordered."""
    records: list[Json] = []
    others: list[RawInput | Skipped] = []
    for given_input in inputs_of(name):
        value = json.loads(given_input.data) if isinstance(given_input, RawInput) else None
        if isinstance(value, dict) and "Records" in value:
            records += value["Records"]
        else:
            others.append(given_input)
    records += choose.sample(records, k=min(3, len(records)))
    choose.shuffle(records)
    cuts = sorted(choose.sample(range(len(records)), k=min(choose.randint(1, 6), len(records))))
    parts = [records[start:end] for start, end in zip([0, *cuts], [*cuts, len(records)], strict=True)]
    pieces: list[RawInput | Skipped] = []
    for number, part in enumerate(parts):
        text = json.dumps({"Records": part}) if choose.random() < 0.5 else "\n".join(json.dumps(record) for record in part)
        pieces.append(RawInput(source=f"part-{number}", data=text.encode()))
    choose.shuffle(others)
    mixed = [*pieces, *others]
    choose.shuffle(mixed)
    return mixed


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(choose=st.randoms(use_true_random=False))
def test_order_and_split_of_files_change_nothing(name: str, choose: random.Random) -> None:
    again = document(name, rewritten(name, choose))
    expected = json.loads(whole(name))
    again["coverage"]["duplicates"] = expected["coverage"]["duplicates"]  # copies were added
    assert render_json(again) == whole(name)


@pytest.mark.parametrize("name", NAMES[:4])
def test_the_order_of_paths_changes_not_a_byte(name: str) -> None:
    paths = sorted(str(path) for path in (CASES / name / "evidence").rglob("*") if path.is_file())
    forth, back = (api.load(order).diagnose(**asked(name)).document() for order in (paths, paths[::-1]))
    assert render_json(forth) == render_json(back)


def run(arguments: list[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "trailsleuth", *arguments], capture_output=True, cwd=ROOT, env={**os.environ, **environment})


def test_two_processes_give_the_same_bytes() -> None:
    folder = CASES / "founding-first-snapshot" / "evidence"
    for form in ("json", "html", "csv"):
        told = [run(["diagnose", str(folder), "--pipeline", "basket", "-o", form], PYTHONHASHSEED=seed).stdout for seed in ("0", "4242")]
        assert told[0], form
        assert hashlib.sha256(told[0]).hexdigest() == hashlib.sha256(told[1]).hexdigest(), form


@pytest.mark.parametrize("name", NAMES)
def test_redaction_keeps_the_verdict(name: str) -> None:
    """What was found, how sure and in what order stays; no account id of the evidence does."""
    plain = case_document(api.load(CASES / name / "evidence").diagnose(**asked(name)).case_file)
    shared = redact(plain)
    kept = ("rank", "standing", "basis", "cause", "policy_types", "iam_action", "count", "id")
    assert shared["outcome"] == plain["outcome"]
    assert [{key: one[key] for key in kept} for one in shared["findings"]] == [{key: one[key] for key in kept} for one in plain["findings"]]
    assert [one["policy_type"] for one in shared["deltas"]] == [one["policy_type"] for one in plain["deltas"]]
    assert [one["proof"] and one["proof"]["sufficient"] for one in shared["deltas"]] == [one["proof"] and one["proof"]["sufficient"] for one in plain["deltas"]]
    text = json.dumps(shared)
    assert [seen["account"] for seen in plain["coverage"]["accounts"] if seen["account"] in text] == []


@pytest.mark.parametrize(("arguments", "seconds"), [(["--help"], 2.5), (["diagnose", "fixtures/cases/founding-first-snapshot/evidence"], 5.0)])
def test_an_answer_comes_in_time(arguments: list[str], seconds: float) -> None:
    """Many times what it takes on an idle machine (0.2 s, 0.5 s): this is here to catch a heavy import, not to measure."""
    took = []
    for _ in range(3):
        start = time.perf_counter()
        assert run(arguments).returncode in (0, 3)
        took.append(time.perf_counter() - start)
    assert min(took) < seconds


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Records", "eventName", "eventTime", "userIdentity", "x"]), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=examples(60), deadline=None)
@given(data=st.one_of(st.binary(max_size=200), JSON_VALUES.map(lambda value: json.dumps(value).encode())))
def test_reading_never_raises_and_names_what_it_left_out(data: bytes) -> None:
    evidence = read_evidence([RawInput(source="odd", data=data)])
    coverage = evidence.coverage
    assert coverage.records_read == len(evidence.records)
    empty = not data or b"[]" in b"".join(data.split())  # a list without a record leaves nothing out
    assert evidence.records or coverage.unreadable or coverage.skipped or empty
    assert api.load_inputs([RawInput(source="odd", data=data)]).diagnose().exit_code in (0, 1, 3)
