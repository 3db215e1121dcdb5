"""A service's words are replaced by such as no row knows: the policies tell the same, or the call stays open with a question. It is never called a success,
and nothing else is changed for it."""

from __future__ import annotations

import gzip
import json
import shutil
from functools import cache
from pathlib import Path

import pytest

from tests.judge import judge
from trailsleuth import api
from trailsleuth.catalog.messages import carries, code_row, message_forms
from trailsleuth.model import Record

CASES = Path(__file__).parent.parent / "fixtures" / "cases"
OPTIONS = {"--pipeline": "pipeline", "--execution-id": "execution_id", "--role": "role", "--session": "session"}
OPTIONS |= {"--access-key": "access_key", "--event-id": "event_id", "--error": "error"}
UNKNOWN = "The service could not work with what it was given; check the permissions"
SPEAKS = next(form for form in message_forms() if form.id == "speaks-of-access")
SAID_OTHERWISE = {
    "ecs-role-of-other-account": "the same without a policy, and the action that could not be taken",
    "second-sms-publish": "the right action, and the resource left to be filled in",
}


def is_in_own_words(record: Record) -> bool:
    """Denied with the code of another error, by its text alone."""
    row = code_row(record.error_code or "")
    return record.denial is not None and not (row is not None and row.denied) and carries(record.error_code or "", SPEAKS)


@cache
def texts_of(name: str) -> frozenset[str]:
    return frozenset(r.error_message or "" for r in api.load([CASES / name / "evidence"]).evidence.records if is_in_own_words(r)) - {""}


def named() -> list[str]:
    marks = ("Validation", "Invalid", "BadRequest", "ClientException", "OperationNotPermitted", "Insufficient", "KMS", "OAuth", "Unexpected")
    modules = " ".join(path.read_text() for path in sorted((CASES.parent / "definitions").glob("*.py")))
    return sorted(path.name for path in CASES.iterdir() if path.name in modules and any(mark in trail(path) for mark in marks))


def trail(case: Path) -> str:
    return "".join(unpacked(path) for path in sorted((case / "evidence").rglob("*")) if path.is_file())


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


@pytest.mark.parametrize("name", named())
def test_words_that_no_row_knows_leave_it_to_the_policies(name: str, tmp_path: Path) -> None:
    texts = texts_of(name)
    if not texts:
        return
    shutil.copytree(CASES / name / "evidence", tmp_path / "evidence")
    for path in (tmp_path / "evidence").rglob("*"):
        if path.is_file():
            reworded(path, texts)
    truth = json.loads((CASES / name / "truth.json").read_text())
    asked = {OPTIONS[option]: value for option, value in zip(truth["args"][::2], truth["args"][1::2], strict=True)}
    for text in texts if "error" in asked else ():
        asked["error"] = asked["error"].replace(text, UNKNOWN)
    told = api.load([tmp_path / "evidence"]).diagnose(**asked).document()
    assert told["outcome"] in ("cause_found", "inconclusive")
    if told["outcome"] == "inconclusive":
        assert told["questions"]
        assert not told["deltas"]
    elif name not in SAID_OTHERWISE:
        assert not any(judge(truth, told).values())
