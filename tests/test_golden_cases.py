"""The whole document of the founding case and its kin, byte for byte. Refresh: `python -m tests.test_golden_cases` (prints the diff)."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_cases import CASES, OPTIONS
from trailsleuth import api

GOLDEN = Path(__file__).parent / "golden_cases"
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


def document(slug: str) -> str:
    folder = CASES / slug
    truth = json.loads((folder / "truth.json").read_text())
    asked = {OPTIONS[name]: value for name, value in zip(truth["args"][::2], truth["args"][1::2], strict=True)}
    with standing_in(folder):
        return json.dumps(api.load(["evidence"]).diagnose(**asked).document(), indent=1, ensure_ascii=True) + "\n"


@pytest.mark.parametrize("slug", SLUGS)
def test_the_document_is_the_one_that_was_agreed(slug: str) -> None:
    assert document(slug) == (GOLDEN / f"{slug}.json").read_text()


def test_the_founding_case_finds_both_permissions_and_nothing_more() -> None:
    found = json.loads(document("founding-first-no-snapshot"))
    standing = [f for f in found["findings"] if f["standing"] in ("cause", "also_needed")]
    role = "arn:aws:iam::310030040050:role/release/BlueGreen"
    passed = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert [(f["principal"], f["iam_action"], f["resource"], f["basis"], f["conditions"]) for f in standing] == [
        (role, "ecs:RegisterTaskDefinition", "*", "observed", {}),
        (role, "iam:PassRole", "arn:aws:iam::310030040050:role/app/BasketTask", "predicted", passed),
        (role, "iam:PassRole", "arn:aws:iam::310030040050:role/app/BasketTaskExecution", "predicted", passed),
    ]
    second = json.loads(document("founding-second-denial"))
    basis = {f["resource"]: f["basis"] for f in second["findings"] if f["iam_action"] == "iam:PassRole"}
    assert sorted(basis.values()) == ["observed", "predicted"]


def refresh() -> Iterator[str]:
    for slug in SLUGS:
        path, new = GOLDEN / f"{slug}.json", document(slug)
        old = path.read_text() if path.exists() else ""
        yield from difflib.unified_diff(old.splitlines(), new.splitlines(), f"{slug} before", f"{slug} after", lineterm="")
        path.write_text(new)


if __name__ == "__main__":
    for line in refresh():
        sys.stdout.write(line + "\n")
