"""The whole document of the founding case and its kin, byte for byte. Refresh: `python -m tests.test_golden_cases` (prints the diff)."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_cases import CASES, OPTIONS
from trailsleuth import api

GOLDEN = Path(__file__).with_name("golden_cases.json")
SLUGS = (
    "founding-first-no-snapshot",
    "founding-first-snapshot",
    "founding-second-denial",
    "founding-workload-trail-only",
    "founding-bad-image",
    "cp-key-both-sides",
    "org-scp-allow-list",
    "sts-oidc-audience",
)


@contextlib.contextmanager
def standing_in(folder: Path) -> Iterator[None]:
    """Paths in the document are those that were given: relative ones are the same on every machine."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def document(slug: str) -> dict[str, Any]:
    folder = CASES / slug
    truth = json.loads((folder / "truth.json").read_text())
    asked = {OPTIONS[name]: value for name, value in zip(truth["args"][::2], truth["args"][1::2], strict=True)}
    with standing_in(folder):
        return json.loads(json.dumps(api.load(["evidence"]).diagnose(**asked).document()))


@pytest.mark.parametrize("slug", SLUGS)
def test_the_document_is_the_one_that_was_agreed(slug: str) -> None:
    assert json.dumps(document(slug), indent=1) == json.dumps(json.loads(GOLDEN.read_text())[slug], indent=1)


def test_the_founding_case_finds_both_permissions_and_nothing_more() -> None:
    found = document("founding-first-no-snapshot")
    standing = [f for f in found["findings"] if f["standing"] in ("cause", "also_needed")]
    role = "arn:aws:iam::310030040050:role/release/BlueGreen"
    passed = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert [(f["principal"], f["iam_action"], f["resource"], f["basis"], f["conditions"]) for f in standing] == [
        (role, "ecs:RegisterTaskDefinition", "*", "observed", {}),
        (role, "iam:PassRole", "arn:aws:iam::310030040050:role/app/BasketTask", "predicted", passed),
        (role, "iam:PassRole", "arn:aws:iam::310030040050:role/app/BasketTaskExecution", "predicted", passed),
    ]
    second = document("founding-second-denial")
    basis = {f["resource"]: f["basis"] for f in second["findings"] if f["iam_action"] == "iam:PassRole"}
    assert sorted(basis.values()) == ["observed", "predicted"]


def refresh() -> Iterator[str]:
    new = json.dumps({slug: document(slug) for slug in SLUGS}, indent=1) + "\n"
    old = GOLDEN.read_text() if GOLDEN.exists() else ""
    yield from difflib.unified_diff(old.splitlines(), new.splitlines(), "before", "after", lineterm="")
    GOLDEN.write_text(new)


if __name__ == "__main__":
    for line in refresh():
        sys.stdout.write(line + "\n")
