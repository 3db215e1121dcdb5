"""A denied record without its request parameters may tell less; it never tells another cause, and never that nothing was denied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sample import some_of
from trailsleuth import api
from trailsleuth.model import RawInput, Skipped
from trailsleuth.sources.files.exports import read_inputs

CASES = Path(__file__).parent.parent / "fixtures" / "cases"
OPTIONS = {"--pipeline": "pipeline", "--execution-id": "execution_id", "--role": "role", "--session": "session"}
OPTIONS |= {"--access-key": "access_key", "--event-id": "event_id", "--error": "error"}
Json = dict[str, Any]


def without_requests(given: RawInput | Skipped, denied: frozenset[str]) -> RawInput | Skipped:
    value = json.loads(given.data) if isinstance(given, RawInput) and given.data[:1] == b"{" and b"\n{" not in given.data else None
    if not isinstance(given, RawInput) or not isinstance(value, dict) or "Records" not in value:
        return given
    records = [{**record, "requestParameters": None} if record["eventID"] in denied else record for record in value["Records"]]
    return RawInput(source=given.source, data=json.dumps({"Records": records}).encode())


Cause = tuple[str | None, str | None, str]


def causes(document: Json) -> list[Cause]:
    """Who lacks what and why, of the findings that made it fail. Of a role that nobody names only its trust in general can be spoken of."""
    found = [finding for finding in document["findings"] if finding["standing"] == "cause" and finding["cause"] != "unknown"]
    told = [f for f in found if f["resource"] is not None or not str(f["iam_action"]).startswith("sts:Assume")]
    return [(f["principal"], f["iam_action"], f["cause"]) for f in told]


def says_less(bare: Cause, whole: Cause) -> bool:
    """The same cause, or that with the principal or the action lost. What a principal lacks that nobody names cannot be told from what it needs."""
    return bare[2] == whole[2] and (bare[0] is None or all(one is None or one == other for one, other in zip(bare[:2], whole[:2], strict=True)))


TOLD_BY_THE_REQUEST_ALONE = {"fifth-versions-under-lock"}  # that a version was to be deleted, and so the action's name; no policy helps either way
FOLDERS = [folder for folder in sorted(CASES.iterdir()) if folder.name not in TOLD_BY_THE_REQUEST_ALONE]


@pytest.mark.parametrize("folder", some_of(FOLDERS, 3, start=1), ids=lambda folder: folder.name)
def test_a_request_that_is_not_recorded_changes_no_cause_to_another(folder: Path) -> None:
    args = json.loads((folder / "truth.json").read_text())["args"]
    asked = {OPTIONS[option]: value for option, value in zip(args[::2], args[1::2], strict=True)}
    inputs = [given if isinstance(given, Skipped) else RawInput(source=given.source, data=given.data) for given in read_inputs([str(folder / "evidence")])]
    case = api.load_inputs(inputs)
    denied = frozenset(record.event_id for record in case.evidence.records if record.denial is not None)
    whole = case.diagnose(**asked).document()
    bare = api.load_inputs([without_requests(given, denied) for given in inputs]).diagnose(**asked).document()
    assert [cause for cause in causes(bare) if not any(says_less(cause, one) for one in causes(whole))] == []
    granted = [delta for delta in bare["deltas"] if delta["policy_type"] == "identity"]
    assert not granted or any(principal is not None for principal, _, _ in causes(bare)), "nobody is named, and somebody is granted something"
    assert bare["outcome"] == whole["outcome"] or bare["outcome"] == "inconclusive"
