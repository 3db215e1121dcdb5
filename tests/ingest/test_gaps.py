"""What a fetch could not get is part of the coverage, and gives nobody the idea to allow more than reading."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import Gap, RawInput

GAP = {
    "schema": "trailsleuth.gap/1",
    "account": "222222222222",
    "region": "eu-west-1",
    "from": "2026-03-04T09:00:00+00:00",
    "to": "2026-03-04T10:00:00+00:00",
    "wanted": "records",
    "why": "records of AccessKeyId=ASIA1: the collector is not allowed to call cloudtrail:LookupEvents",
    "allow": {"Effect": "Allow", "Action": ["cloudtrail:LookupEvents"], "Resource": "*"},
}


def gaps_of(*documents: Any) -> tuple[Gap, ...]:
    inputs = [RawInput(source=f"gaps/{i}.json", data=json.dumps(document).encode()) for i, document in enumerate(documents)]
    coverage = read_evidence(inputs).coverage
    assert coverage.skipped == ()
    return coverage.gaps


def test_a_gap_is_read_with_all_it_tells() -> None:
    (gap,) = gaps_of(GAP)
    assert (gap.account, gap.region, gap.wanted) == ("222222222222", "eu-west-1", "records")
    assert (gap.start, gap.end) == (datetime(2026, 3, 4, 9, tzinfo=UTC), datetime(2026, 3, 4, 10, tzinfo=UTC))
    assert gap.allow == GAP["allow"]


def test_equal_gaps_are_one_and_the_order_of_the_files_plays_no_part() -> None:
    other = {**GAP, "account": None, "why": "no data events", "wanted": "data events", "allow": None}
    assert gaps_of(GAP, other, GAP) == gaps_of(other, GAP)
    assert len(gaps_of(GAP, other, GAP)) == 2


@pytest.mark.parametrize(
    "allow",
    [
        {"Effect": "Allow", "Action": ["*"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["iam:PutRolePolicy"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["iam:Get*"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["iam:GetRole", "iam:PassRole"], "Resource": "*"},
        {"Effect": "Allow", "Action": [], "Resource": "*"},
        {"Effect": "Deny", "Action": ["iam:GetRole"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["iam:GetRole"]},
        "Allow",
        7,
    ],
)
def test_a_statement_that_allows_more_than_reading_is_not_passed_on(allow: object) -> None:
    (gap,) = gaps_of({**GAP, "allow": allow})
    assert gap.allow is None


@pytest.mark.parametrize("name", ["account", "region", "from", "to", "wanted", "why"])
@pytest.mark.parametrize("value", [None, [], {}, 7, "?" * 50])
def test_odd_members_stop_nothing(name: str, value: object) -> None:
    (gap,) = gaps_of({**GAP, name: value})
    assert gap.why
    assert gap.wanted in ("records", "")
