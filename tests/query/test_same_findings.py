"""A diagnosis of the selected records finds what the diagnosis of all files finds."""

from __future__ import annotations

import json

import pytest

from tests.judge import PARTS, judge
from tests.query.build import CASES, athena_row, by_duckdb
from tests.sample import some_of
from tests.test_cases import OPEN, OPTIONS, diagnosed
from trailsleuth import api
from trailsleuth.model import Inquiry, RawInput
from trailsleuth.sources.files.exports import read_inputs

BEYOND = {
    "met-backup-copy-vault",
    "met-pipe-dead-letters",
    "met-pipe-source-queue",
    "met-replica-never-made",
    "met-secret-key-unlogged",
    "met-topic-to-queue",
    "met2-alarm-encrypted-topic",
    "met2-endpoint-image",
    "met2-pipe-starts-machine",
    "met2-pool-trigger",
    "second-batch-role-gone",
    "things-parameter-under-a-key",
    "things-queue-not-there",
    "things-topic-under-a-key",
}  # told by other calls about the same thing, which no statement selects: the coverage names that gap
WITH_LOGS = [folder for folder in sorted(CASES.iterdir()) if (folder / "evidence" / "AWSLogs").is_dir() and folder.name not in BEYOND | OPEN]
OWN = ("founding", "s3-object-owner", "org-")  # with several accounts, Regions, or policies that only the whole evidence holds
SAMPLE = [folder for number, folder in enumerate(WITH_LOGS) if number % 7 == 0 or folder.name.startswith(OWN)]
FORMS = {"records": lambda record: {"eventjson": record}, "Athena's rows": athena_row}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("folder", some_of(SAMPLE, 1), ids=lambda folder: folder.name)
def test_the_selection_holds_all_that_the_findings_rest_on(folder, form):
    truth = json.loads((folder / "truth.json").read_text())
    asked = {OPTIONS[name]: value for name, value in zip(truth["args"][::2], truth["args"][1::2], strict=True)}
    selected = by_duckdb(folder / "evidence" / "AWSLogs", Inquiry(**asked))
    rows = "".join(json.dumps(FORMS[form](record)) + "\n" for record in selected).encode()
    others = [str(path) for path in sorted((folder / "evidence").iterdir()) if path.name != "AWSLogs"]
    found = api.load_inputs([RawInput(source="athena://trails/logs", data=rows), *(read_inputs(others) if others else ())]).diagnose(**asked).document()
    assert judge(truth, found) == {part: [] for part in PARTS}
    assert told(found) == told(diagnosed(folder))


def told(document) -> dict:
    """The answer without where its records were read, and without counts of calls that play no part in it."""
    plain = json.loads(json.dumps({key: document[key] for key in ("outcome", "summary", "execution", "findings", "deltas")}))
    for finding in plain["findings"]:
        for record in finding["evidence"]:
            record.pop("source", None)
            record.pop("position", None)
    return plain
