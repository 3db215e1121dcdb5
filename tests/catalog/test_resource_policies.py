"""Which resources can carry a policy of their own."""

from __future__ import annotations

import pytest

from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.resource_policies import can_carry_policy, is_of_aws


@pytest.mark.parametrize(
    ("action", "resource", "carries"),
    [
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:jobs", True),
        ("s3:GetObject", "arn:aws:s3:::reports/a.csv", True),
        ("execute-api:Invoke", "arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/live/GET/", True),
        ("rds:CreateDBInstance", "arn:aws:rds:eu-west-1:111122223333:db:a", False),
        ("iam:PassRole", "arn:aws:iam::111122223333:role/Worker", False),
        ("ssm:GetDocument", "arn:aws-us-gov:ssm:us-gov-west-1::document/AWS-RunShellScript", False),
        ("glue:GetConnection", "arn:aws:glue:eu-west-1:aws:connectiontype/x", False),
    ],
)
def test_a_resource_carries_a_policy_where_its_service_knows_them_and_it_is_ours(action: str, resource: str, carries: bool) -> None:
    assert can_carry_policy(action, resource) is carries


def test_each_row_of_services_that_leave_out_the_account_holds() -> None:
    rows = rows_of("resource_policies", "without_account")
    assert [(is_of_aws(row["example"]), is_of_aws(row["counter_example"])) for row in rows] == [(False, True)] * len(rows)
    assert rows
