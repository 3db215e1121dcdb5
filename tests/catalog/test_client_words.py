"""Every client's wording of the call that failed."""

from __future__ import annotations

import time

import pytest

from trailsleuth.catalog.client_words import ClientWords, client_words, service_prefix
from trailsleuth.catalog.load import rows_of

ROWS = rows_of("client_words", "words")


@pytest.mark.parametrize(("row", "example"), [pytest.param(row, one, id=row["id"]) for row in ROWS for one in row["examples"]])
def test_every_wording_reads_its_examples(row, example):
    found = client_words(example["text"])
    assert {name: getattr(found, name) for name in example if name != "text"} == {name: value for name, value in example.items() if name != "text"}
    assert row["anchor"] in example["text"].lower()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_no_wording_reads_its_counter_example(row):
    assert client_words(row["counter"]) == ClientWords()
    assert row["source"].startswith("https://")
    assert row["anchor"] == row["anchor"].lower()


@pytest.mark.parametrize(
    ("words", "prefix"),
    [
        ("Amazon S3", "s3"),
        ("AmazonDynamoDBv2", "dynamodb"),
        ("AWSSecurityTokenService", "sts"),
        ("AWSLambdaInternal", "lambda"),
        ("AWSSimpleSystemsManagement", "ssm"),
        ("CloudWatch Logs", "logs"),
        ("Elastic Load Balancing v2", "elasticloadbalancing"),
        ("Cognito Identity Provider", "cognito-idp"),
        ("Sfn", "states"),
        ("AmazonDataCatalog", "glue"),
        ("AmazonCloudWatch", "cloudwatch"),
        ("ECR", "ecr"),
        ("Acme Widgets", None),
        ("", None),
    ],
)
def test_a_service_is_known_by_the_names_of_its_sdks(words, prefix):
    assert service_prefix(words) == prefix


def test_the_time_is_linear_in_the_text():
    text = " ".join(row["anchor"] + " " + "x" * 40 for row in ROWS) * 400
    start = time.process_time()
    client_words(text)
    assert time.process_time() - start < 0.2
