"""Which role a service acted with, where a message speaks of the role that it was handed and not of the caller.

Sees:  the role in the request itself, else the role that an earlier call gave to the function, project or group that the request names.
Why:   Lambda, CodeBuild, CodeDeploy and Glue check the role they are handed; the record is the caller's.
       Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from heapq import merge

from trailsleuth.catalog.passed_roles import passed_roles, passing_rows
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.names import RoleNames, role_of
from trailsleuth.model.texts import words_in

NAMING = ("functionName", "projectName", "deploymentGroupName", "serviceName", "name", "jobName", "stackName")


class Handed:
    """Roles that calls handed to a service, by service and by what the calls name. The records come in time order."""

    def __init__(self, records: Iterable[Record], names: RoleNames) -> None:
        self._names = names
        self._calls: dict[str, list[Record]] = defaultdict(list)
        self._named: dict[str, dict[str, list[int]]] = {}
        for record in records:
            if record.request and not record.failed and passing_rows(record.event_source, record.event_name):
                self._calls[record.event_source].append(record)

    def role(self, record: Record) -> str | None:
        """The role that the call hands over, or that an earlier call handed over for the same thing; None where the evidence shows none."""
        own = _role(record, record, self._names)
        if own is not None:
            return own
        calls, named = self._calls.get(record.event_source, []), self._naming(record.event_source)
        end = bisect_right(calls, record.event_time, key=lambda other: other.event_time)
        before = (places[: bisect_left(places, end)][::-1] for word in _words(record) if (places := named.get(word)))
        return next((role for at in merge(*before, reverse=True) if (role := _role(calls[at], record, self._names)) is not None), None)

    def _naming(self, event_source: str) -> dict[str, list[int]]:
        """Where in a service's calls that hand over a role each word stands; worked out when a refusal of that service asks for it."""
        if event_source not in self._named:
            named = self._named[event_source] = defaultdict(list)
            for at, record in enumerate(self._calls.get(event_source, ())):
                if passed_roles(record.event_source, record.event_name, record.request):
                    for word in _words(record):
                        named[word].append(at)
        return self._named[event_source]


def _words(record: Record) -> set[str]:
    return {word for key in NAMING for word in words_in(record.request.get(key))}


def _role(source: Record, record: Record, names: RoleNames) -> str | None:
    passed = passed_roles(source.event_source, source.event_name, source.request)
    if not passed:
        return None
    role = passed[0].role
    if role.startswith("arn:"):
        return names.full(role)
    caller = parse_arn(role_of(record))
    return names.full(f"arn:{caller.partition}:iam::{caller.account}:role/{role.lstrip('/')}") if caller else None
