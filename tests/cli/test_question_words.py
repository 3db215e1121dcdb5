"""Two entries that do not go together, and a role by the wrong path: said, and never answered for another."""

from __future__ import annotations

import pytest

from tests.cli.test_mistakes import EVIDENCE
from trailsleuth.cli.app import main

BLUE_GREEN = "arn:aws:iam::310030040050:role/release/BlueGreen"


@pytest.mark.parametrize("role", ["arn:aws:iam::310030040050:role/wrong/BlueGreen", "arn:aws:iam::310030040050:role/release/x/BlueGreen"])
def test_a_role_by_a_wrong_path_is_not_in_the_evidence(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", EVIDENCE, "--role", role]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert f"No role {role} is in the evidence" in said
    assert f"the nearest is {BLUE_GREEN}" in said


@pytest.mark.parametrize("role", [BLUE_GREEN, "arn:aws:iam::310030040050:role/BlueGreen", "BlueGreen", "release/*"])
def test_a_role_by_its_arn_with_or_without_its_path_by_name_or_pattern(role: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diagnose", EVIDENCE, "--role", role]) == 0
    assert capsys.readouterr().out.startswith("CAUSE FOUND")


@pytest.mark.parametrize(
    ("option", "name"), [("--session", "1770113102217"), ("--event-id", None)], ids=["a session of another role", "a record of another role"]
)
def test_a_role_beside_a_narrower_entry_of_another_is_asked_about(option: str, name: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    if name is None:
        main(["events", EVIDENCE, "--denied", "--call", "ecs:RegisterTaskDefinition", "--select", "eventID", "-o", "csv"])
        name = capsys.readouterr().out.splitlines()[1]
    assert main(["diagnose", EVIDENCE, "--role", "StoreFrontPipeline", option, name]) == 3
    assert f"is not of role StoreFrontPipeline: it is of {BLUE_GREEN}" in " ".join(capsys.readouterr().out.split())
    assert main(["diagnose", EVIDENCE, "--role", "BlueGreen", option, name]) == 0
