"""The share of the API that the catalogue maps, by the script that measures it."""

from __future__ import annotations

import importlib.util
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
