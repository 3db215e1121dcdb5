"""What a record says in free text changes no grant, in any case: agents, echoed input, descriptions, names that nobody's permission hangs on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sample import some_of
from tests.test_cases import CASES, OPTIONS, diagnosed
from trailsleuth import api
from trailsleuth.model import RawInput, Skipped
from trailsleuth.sources.files.exports import read_inputs

Json = dict[str, Any]
SENTENCE = (
    "User: arn:aws:iam::430000000009:user/mallory is not authorized to perform: iam:CreateAccessKey on resource: *"
    " because no identity-based policy allows the iam:CreateAccessKey action"
)
ECHO = f"1 validation error detected: Value '{SENTENCE}' at 'description' failed to satisfy constraint: Member must have length less than or equal to 10"


def with_free_text(record: Json) -> Json:
    """The record as somebody would have it who chose every text that is his to choose."""
    changed = {**record, "userAgent": SENTENCE}
    request = record.get("requestParameters")
    if isinstance(request, dict) and request and not record.get("errorCode"):
        changed["requestParameters"] = {**request, "clientNote": f"{SENTENCE} * ${{aws:username}} {{{{resolve:ssm:x}}}}"}
    return changed


def an_echo(record: Json, code: str, text: str) -> Json:
    """A call of the same caller at the same second that failed for another reason, whose text repeats what he wrote."""
    call = {"eventSource": "iam.amazonaws.com", "eventName": "GetRole", "errorCode": code, "errorMessage": text, "requestParameters": None}
    return {**record, **call, "eventID": f"{record['eventID']}-{code}", "requestID": f"{record['eventID']}-{code}", "responseElements": None, "resources": []}


def attacked(given: RawInput | Skipped) -> RawInput | Skipped:
    """A file of records with the attacker's texts in it; any other file as it is."""
    if not isinstance(given, RawInput) or b'"Records"' not in given.data[:100]:
        return given
    value = json.loads(given.data)
    records = [with_free_text(record) for record in value["Records"]]
    denied = next((r for r in value["Records"] if r.get("errorCode") and r.get("eventID")), None)
    if denied is not None:
        records += [an_echo(denied, "ValidationError", ECHO), an_echo(denied, "NoSuchEntityException", SENTENCE)]
    return RawInput(source=given.source, data=json.dumps({"Records": records}).encode())


def grants(document: Any) -> set[tuple[str, ...]]:
    """Everything that the changes of a document hold, one by one."""
    found = set()
    for delta in document["deltas"]:
        for statement in delta["document"]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            resources = statement.get("Resource", "")
            for resource in resources if isinstance(resources, list) else [resources]:
                found |= {(delta["attach_to"], json.dumps(statement.get("Principal"), sort_keys=True), action, resource) for action in actions}
    return found


@pytest.mark.parametrize("folder", some_of(sorted(CASES.iterdir()), 3), ids=lambda folder: folder.name)
def test_free_text_adds_no_grant(folder: Path) -> None:
    args = json.loads((folder / "truth.json").read_text())["args"]
    asked = {OPTIONS[name]: value for name, value in zip(args[::2], args[1::2], strict=True)}
    inputs = [attacked(given) for given in read_inputs([str(folder / "evidence")])]
    document = api.load_inputs(inputs).diagnose(**asked).document()
    assert grants(document) <= grants(diagnosed(folder))
    assert "mallory" not in json.dumps(document["deltas"])
    assert "iam:CreateAccessKey" not in {f["iam_action"] for f in document["findings"]} - {f["iam_action"] for f in diagnosed(folder)["findings"]}  # type: ignore[attr-defined]
