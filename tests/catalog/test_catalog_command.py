"""`trailsleuth catalog`, as it is called."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from trailsleuth.catalog.describe import describe
from trailsleuth.cli.catalog import catalog_app
from trailsleuth.errors import UsageError
from trailsleuth.sources.aws import service_reference


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRAILSLEUTH_CACHE", str(tmp_path))


def run(*arguments):
    return CliRunner().invoke(catalog_app, list(arguments), catch_exceptions=False)


def test_show_explains_an_action_for_people():
    answer = run("show", "ecs:registertaskdefinition")
    assert answer.exit_code == 0
    assert "takes none; only * is right" in answer.output
    assert "ecs:RegisterTaskDefinition taskRoleArn to ecs-tasks.amazonaws.com" in answer.output
    assert "pipeline action: CodeDeployToECS" in answer.output


def test_show_explains_an_action_for_programs():
    document = json.loads(run("show", "kms:Decrypt", "s3:GetObject", "--output", "json").output)
    assert document["schema"] == "trailsleuth.catalog/1"
    decrypt, read = document["actions"]
    assert decrypt["resource_types"][0]["required"] is True
    assert "ssm:GetParameters" in {call["call"] for call in decrypt["calls"]}
    assert "s3:HeadObject" in {call["call"] for call in read["calls"]}


def test_show_names_the_near_action():
    with pytest.raises(UsageError, match="IAM knows no action") as error:
        run("show", "ecs:RegisterTaskDefiniton")
    assert "ecs:RegisterTaskDefinition" in error.value.next_step
    assert error.value.exit_code == 2


def test_pass_role_lists_the_calls_that_pass_one():
    found = describe("iam:PassRole")
    assert found is not None
    assert len({place.call for place in found.passes}) >= 150
    assert all(use.call != "iam:PassRole" for use in found.calls)


def test_update_says_what_was_written(tmp_path, monkeypatch):
    def fetch(directory, *, services=()):
        return service_reference.ReferenceUpdate(directory=directory, written=("ecs",), skipped=())

    monkeypatch.setattr("trailsleuth.cli.catalog.fetch_service_reference", fetch)
    assert json.loads(run("update", "ecs", "--output", "json").output)["written"] == ["ecs"]
    assert run("update").output.startswith("1 services written to ")
