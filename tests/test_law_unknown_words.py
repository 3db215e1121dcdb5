"""A service's words are replaced by such as no row knows: the policies tell the same, or the call stays open with a question. It is never called a success,
and nothing else is changed for it."""

from __future__ import annotations

import gzip
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.judge import judge
from tests.sample import some_of
from trailsleuth import api
from trailsleuth.catalog.messages import carries, code_row, message_forms
from trailsleuth.model import Record

Json = dict[str, Any]
CASES = Path(__file__).parent.parent / "fixtures" / "cases"
OPTIONS = {"--pipeline": "pipeline", "--execution-id": "execution_id", "--role": "role", "--session": "session"}
OPTIONS |= {"--access-key": "access_key", "--event-id": "event_id", "--error": "error"}
UNKNOWN = "The service could not work with what it was given; check the permissions"
SPEAKS = next(form for form in message_forms() if form.id == "speaks-of-access")
SAID_OTHERWISE = {
    "ecs-role-of-other-account": "the same without a policy, and the action that could not be taken",
    "twelfth-function-in-a-second-account": "what Lambda asks of the role besides, and it lacks, is named beside what the organization denies",
    "second-sms-publish": "the right action, and the resource left to be filled in",
}


TOLD_BY_THE_WORDS_ALONE = {
    "s3-block-public-access": "that a setting of the bucket decides, no policy tells",
    "ninth-tag-on-the-way-in": "that a tag was sent, and which role was meant, no refused AssumeRole records",
    "s3-default-key-cross-account": "that the key is AWS's own is told by its resource, which stands in the words",
}


def is_in_own_words(record: Record) -> bool:
    """Denied with the code of another error, by its text alone."""
    row = code_row(record.error_code or "")
    return record.denial is not None and not (row is not None and row.denied) and carries(record.error_code or "", SPEAKS)


@cache
def texts_of(name: str) -> frozenset[str]:
    return frozenset(r.error_message or "" for r in api.load([CASES / name / "evidence"]).evidence.records if is_in_own_words(r)) - {""}


@cache
def denied_texts_of(name: str) -> frozenset[str]:
    return frozenset(r.error_message for r in api.load([CASES / name / "evidence"]).evidence.records if r.denial is not None and r.error_message)


def named() -> list[str]:
    """The cases whose definition speaks of an error under a code that is no denial's by itself."""
    marks = ("Validation", "Invalid", "BadRequest", "ClientException", "OperationNotPermitted", "Insufficient", "KMS", "OAuth", "Unexpected")
    modules = [path.read_text().split("@case(") for path in sorted((CASES.parent / "definitions").glob("*.py"))]
    told = [(part, shared) for shared, *parts in modules for part in parts]  # what stands before the first case may serve all of a module
    return sorted({part.split('"')[1] for part, shared in told if any(mark in part or mark in shared for mark in marks)})


def unpacked(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode(errors="replace")


def reworded(path: Path, texts: frozenset[str]) -> None:
    told = unpacked(path)
    for text in texts:
        once = json.dumps(text)[1:-1]
        for form in (json.dumps(once)[1:-1], once):
            told = told.replace(form, UNKNOWN)
    path.write_bytes(gzip.compress(told.encode(), mtime=0) if path.suffix == ".gz" else told.encode())


def retold(name: str, texts: frozenset[str], copy: Path) -> tuple[Json, Json]:
    """The truth of the case, and what is said of it in other words."""
    shutil.copytree(CASES / name / "evidence", copy)
    for path in copy.rglob("*"):
        if path.is_file():
            reworded(path, texts)
    truth = json.loads((CASES / name / "truth.json").read_text())
    asked = {OPTIONS[option]: value for option, value in zip(truth["args"][::2], truth["args"][1::2], strict=True)}
    for text in texts if "error" in asked else ():
        asked["error"] = asked["error"].replace(text, UNKNOWN)
    return truth, api.load([copy]).diagnose(**asked).document()


@pytest.mark.parametrize("name", named())
def test_words_that_no_row_knows_leave_it_to_the_policies(name: str, tmp_path: Path) -> None:
    texts = texts_of(name)
    if not texts:
        return
    truth, told = retold(name, texts, tmp_path / "evidence")
    assert told["outcome"] in ("cause_found", "inconclusive", truth["outcome"])
    if told["outcome"] == "inconclusive":
        assert told["questions"]
        assert not told["deltas"]
    elif name not in SAID_OTHERWISE:
        assert not any(judge(truth, told).values())


@pytest.mark.parametrize("name", some_of(sorted(path.name for path in CASES.iterdir()), 9, start=2))
def test_words_that_no_row_knows_under_the_code_of_a_denial_lead_to_no_other_change(name: str, tmp_path: Path) -> None:
    if name in TOLD_BY_THE_WORDS_ALONE or not denied_texts_of(name):
        pytest.skip(TOLD_BY_THE_WORDS_ALONE.get(name, "no denial says anything"))
    truth, told = retold(name, denied_texts_of(name), tmp_path / "evidence")
    complaints = judge(truth, told)
    assert not told["deltas"] or not [*complaints["quiet"], *(one for one in complaints["delta"] if "is not given" not in one)]
    assert told["outcome"] != "inconclusive" or told["questions"]
