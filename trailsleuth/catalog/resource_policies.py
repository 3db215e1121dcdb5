"""Which services' resources can carry a policy of their own."""

from __future__ import annotations

from functools import cache

from trailsleuth.catalog.load import Row, read_table, rows_of
from trailsleuth.model import parse_arn


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(map(str, read_table("resource_policies")["prefixes"]))


def shape_of(action: str) -> Row:
    """What the policy of the action's resource cannot say; an empty row where it takes all."""
    return next((row for row in rows_of("resource_policies", "shape") if action.lower().startswith(str(row["actions"]).lower())), {})


def can_carry_policy(action: str, resource: str | None = None) -> bool:
    """The resources that the action works on belong to a service with resource-based policies, and this one is not AWS's own."""
    return action.partition(":")[0].lower() in _prefixes() and not is_of_aws(resource)


def is_of_aws(resource: str | None) -> bool:
    """The ARN names what AWS itself owns, in every account: `arn:aws:ssm:REGION::document/…`, `arn:aws:imagebuilder:REGION:aws:image/…`.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
    """
    arn = parse_arn(resource)
    if arn is None:
        return False
    return arn.account == "aws" or bool(
        arn.region and not arn.account and arn.service not in {row["service"] for row in rows_of("resource_policies", "without_account")}
    )
