"""Which role a service acted with, where a message speaks of the role that it was handed and not of the caller.

Sees:  the role in the request itself, else the role that an earlier call gave to the function, project or group that the request names.
Why:   Lambda, CodeBuild, CodeDeploy and Glue check the role they are handed; the record is the caller's.
       Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from collections.abc import Iterable

from trailsleuth.catalog.passed_roles import passed_roles
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.names import RoleNames, role_of
from trailsleuth.model.texts import words_in

NAMING = ("functionName", "projectName", "deploymentGroupName", "serviceName", "name", "jobName", "stackName")


def handed_role(record: Record, records: Iterable[Record], names: RoleNames) -> str | None:
    """The role that the call hands over, or that an earlier call handed over for the same thing; None where the evidence shows none."""
    own = _role(record, record, names)
    if own is not None:
        return own
    wanted = {word for key in NAMING for word in words_in(record.request.get(key))}
    earlier = [
        role
        for other in records
        if wanted and not other.failed and other.event_source == record.event_source and other.event_time <= record.event_time
        if wanted & {word for key in NAMING for word in words_in(other.request.get(key))}
        if (role := _role(other, record, names)) is not None
    ]
    return earlier[-1] if earlier else None


def _role(source: Record, record: Record, names: RoleNames) -> str | None:
    passed = passed_roles(source.event_source, source.event_name, source.request)
    if not passed:
        return None
    role = passed[0].role
    if role.startswith("arn:"):
        return names.full(role)
    caller = parse_arn(role_of(record))
    return names.full(f"arn:{caller.partition}:iam::{caller.account}:role/{role.lstrip('/')}") if caller else None
