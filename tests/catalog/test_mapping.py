"""The share of the API that the catalogue maps, by the script that measures it, and the table that `bench/unlisted.py` writes from the API models."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from trailsleuth.catalog.unlisted import models


@pytest.fixture(scope="module")
def mapping():
    path = Path(__file__).parents[2] / "bench" / "mapping.py"
    spec = importlib.util.spec_from_file_location("mapping", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def measured(mapping):
    return mapping.measure()


@pytest.fixture(scope="module")
def every(measured):
    """As many operations as the botocore had that the table of unlisted actions was made from: what a newer one adds must not fail a test."""
    return min(sum(map(len, measured.values())), models()["operations"])


def test_nearly_every_operation_of_the_installed_sdk_yields_an_iam_action(mapping, measured, every):
    assert sum(len(measured[kind]) for kind in mapping.YIELDING) >= 0.985 * every


def test_most_of_them_rest_on_a_reference(mapping, measured, every):
    assert len(measured[mapping.LISTED]) >= 0.957 * every


def test_what_iam_does_not_decide_on_is_counted_by_itself(mapping, measured):
    assert ("codecatalyst.amazonaws.com", "GetSpace") in measured[mapping.NO_ACTION]
    assert mapping.NO_ACTION not in mapping.YIELDING
    assert mapping.share(measured) < 1


def test_every_operation_of_a_deployment_has_its_iam_action(mapping, measured):
    deployment = {
        "ecs",
        "codedeploy",
        "codepipeline",
        "codebuild",
        "codecommit",
        "kms",
        "ecr",
        "elasticloadbalancing",
        "autoscaling",
        "apigateway",
        "events",
        "states",
        "servicecatalog",
        "appconfig",
        "sqs",
        "sns",
    }
    missing = [f"{source}:{name}" for source, name in measured[mapping.NOT_MAPPED] if source.partition(".")[0] in deployment]
    assert len(missing) <= 3, missing


def test_the_role_of_many_operations_is_known_with_its_service(mapping):
    assert len(mapping.passing()) >= 150


# --- the table of unlisted actions


KINDS = ("documented", "presumed", "unsigned")


def names(kind):
    return [f"{prefix}:{name}" for prefix, listed in models()[kind].items() for name in listed]


def test_it_says_what_it_was_made_from():
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", models()["catalogue"])
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", models()[key]) for key in ("botocore", "botocore_of_the_catalogue"))
    assert models()["operations"] > 15_000


def test_every_name_is_in_it_once():
    listed = [name.lower() for kind in KINDS for name in names(kind)]
    assert len(listed) == len(set(listed))
    assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+", name) for kind in KINDS for name in names(kind))


def test_nothing_is_presumed_of_an_operation_on_many_things_at_once():
    assert not [name for name in names("presumed") if ":Batch" in name or name in ("batch:CancelJobs", "batch:TerminateJobs")]
