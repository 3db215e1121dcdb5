"""The share of the API that the catalogue maps, by the script that measures it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


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


def test_nearly_every_operation_of_the_installed_sdk_has_its_iam_action(measured):
    share, _ = measured
    assert share >= 0.957


def test_every_operation_of_a_deployment_has_its_iam_action(measured):
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
    missing = [f"{source}:{name}" for source, name in measured[1] if source.partition(".")[0] in deployment]
    assert len(missing) <= 3, missing


def test_the_role_of_many_operations_is_known_with_its_service(mapping):
    assert len(mapping.passing()) >= 150
