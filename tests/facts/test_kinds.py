"""Which kinds of denied calls are worked out where nothing is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trailsleuth.facts.kinds import Kind, enumerating, likeliest, times_of
from trailsleuth.model import Inquiry, Strangers

NINE = datetime(2026, 3, 4, 9, tzinfo=UTC)
BEGIN, END = Kind("x", "ec2.amazonaws.com:StartInstances", "AccessDenied"), Kind("x", "ec2.amazonaws.com:StopInstances", "AccessDenied")
EDGES = {BEGIN: [NINE - timedelta(days=2)], END: [NINE + timedelta(days=2)]}


def kind(service: str, name: str, caller: str = "arn:aws:iam::111111111111:role/Deploy") -> Kind:
    return Kind(caller, f"{service}.amazonaws.com:{name}", "AccessDenied")


def test_what_somebody_waits_for_comes_before_looks_side_calls_and_what_was_denied_all_along() -> None:
    wanted = kind("ecs", "RunTask")
    always = [NINE + timedelta(hours=hour) for hour in range(-47, 48, 5)]
    beside = {kind("ec2", "DescribeInstances"): [NINE], kind("logs", "PutLogEvents"): [NINE], kind("sqs", "SendMessage"): always}
    assert likeliest({**beside, **EDGES, wanted: [NINE]}, 3) == {BEGIN, wanted, END}
    assert likeliest({**beside, wanted: [NINE]}, 4) == {*beside, wanted}


def test_a_caller_that_tries_everything_comes_last() -> None:
    scanner, wanted = "arn:aws:iam::111111111111:user/scanner", kind("ecs", "RunTask")
    tried = {kind(service, name, scanner): [NINE - timedelta(hours=1)] for service in ("s3", "ec2", "iam", "kms") for name in ("GetX", "PutX")}
    assert enumerating({**tried, wanted: [NINE]}) == {scanner}
    assert likeliest({**tried, wanted: [NINE]}, 1) == {wanted}


def test_counted_denials_are_of_a_kind_like_those_that_were_read() -> None:
    wanted = kind("ecs", "RunTask")
    stranger = Strangers(principal=wanted.caller, call=wanted.call, error_code=wanted.code, times=(NINE,))
    assert times_of((), [stranger, stranger]) == {wanted: [NINE, NINE]}
    assert not Inquiry(since=NINE + timedelta(seconds=1)).covers(NINE)
