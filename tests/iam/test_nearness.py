"""The small things by which a statement misses a resource."""

from __future__ import annotations

import pytest

from trailsleuth.iam.nearness import difference, distance

HERE = "eu-west-1:111122223333"


@pytest.mark.parametrize(
    ("pattern", "resource", "said"),
    [
        ("arn:aws:s3:::charts", "arn:aws:s3:::charts/a.png", "the thing itself, not what is in it (/*)"),
        ("arn:aws:s3:::charts/*", "arn:aws:s3:::charts", "what is in it, not the thing itself"),
        ("arn:aws:sqs:us-east-1:111122223333:in", f"arn:aws:sqs:{HERE}:in", "another Region"),
        ("arn:aws:sqs:eu-west-1:444455556666:in", f"arn:aws:sqs:{HERE}:in", "another account"),
        ("arn:aws:sqs:us-east-1:444455556666:out", f"arn:aws:sqs:{HERE}:in", "another Region and another account and another name"),
        (f"arn:aws:logs:{HERE}:log-group:/app", f"arn:aws:logs:{HERE}:log-group:/app:*", "without the :* at its end"),
        (f"arn:aws:logs:{HERE}:log-group:/app:*", f"arn:aws:logs:{HERE}:log-group:/app", "with a :* at its end"),
        (f"arn:aws:secretsmanager:{HERE}:secret:db", f"arn:aws:secretsmanager:{HERE}:secret:db-a1B2c3", "without the random suffix of the secret (-??????)"),
        ("arn:aws:iam::111122223333:role/Task", "arn:aws:iam::111122223333:role/app/Task", "another path"),
        (f"arn:aws:sqs:{HERE}:In", f"arn:aws:sqs:{HERE}:in", "another letter case"),
        (f"arn:aws:lambda:{HERE}:function:f", f"arn:aws:lambda:{HERE}:function:f:live", "without the :live at its end"),
        ("arn:aws:sqs:*:*:out", f"arn:aws:sqs:{HERE}:in", "another name"),
        (f"arn:aws:sns:{HERE}:in", f"arn:aws:sqs:{HERE}:in", ""),
        (f"arn:aws:ssm:{HERE}:instance/i-1", f"arn:aws:ec2:{HERE}:instance/i-1", "another service"),
        ("*", f"arn:aws:sqs:{HERE}:in", ""),
    ],
)
def test_the_difference_is_said(pattern: str, resource: str, said: str) -> None:
    assert difference(pattern, resource) == said


def test_the_nearest_is_the_one_with_fewer_other_parts_then_the_likest_name() -> None:
    asked = f"arn:aws:sqs:{HERE}:orders-in"
    patterns = ["arn:aws:sqs:us-east-1:444455556666:orders-in", f"arn:aws:sqs:{HERE}:bills", f"arn:aws:sqs:{HERE}:orders-out", "*x"]
    assert sorted(patterns, key=lambda pattern: distance(pattern, asked)) == [patterns[2], patterns[1], patterns[0], patterns[3]]
