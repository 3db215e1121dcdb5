"""Which roles were handed to services: which one a thing runs as, and what an earlier registration of the same family passed.

Sees:  the role in the request itself, else the role that an earlier call gave to the function, project or group that the request names.
Why:   Lambda, CodeBuild, CodeDeploy and Glue check the role they are handed; the record is the caller's. iam:PassRole has no record of its own.
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

FAMILY_KEYS = ("family", "functionName", "stackName", "projectName", "name", "jobName", "jobDefinitionName")
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
        return role
    caller = parse_arn(role_of(record))
    return names.full(f"arn:{caller.partition}:iam::{caller.account}:role/{role.lstrip('/')}") if caller else None


class Registrations:
    """Successful calls that hand over roles, by operation, Region, account and family. The records come in time order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._families: dict[tuple[str, str, str, str | None], dict[str, list[Record]]] = {}
        for record in records:
            if passing_rows(record.event_source, record.event_name) and not record.failed:
                families = self._families.setdefault(_kind(record), defaultdict(list))
                families[_family(record)].append(record)

    def template(self, record: Record, hints: frozenset[str]) -> Record | None:
        """The latest earlier success of the same operation in the same account and Region: of a family that the chain names, else of the only family."""
        families = self._families.get(_kind(record), {})
        latest = [found for family in hints & families.keys() if family and (found := _before(record, families[family]))]
        if len(latest) == 1:
            return latest[0]
        begun = [found for found in families.values() if found[0].event_time <= record.event_time]
        return _before(record, begun[0]) if len(begun) == 1 and not latest else None

    def of_role(self, record: Record, role: str) -> Record | None:
        """The only family's latest earlier call of the same service, account and Region that handed over this role; of several nobody knows which is meant."""
        found = []
        for (source, _, region, account), families in self._families.items():
            if (source, region, account) == (record.event_source, record.region, record.account):
                latest = (_before(record, registered) for registered in families.values())
                found += [one for one in latest if one is not None and _hands_over(one, role)]
        return found[0] if len(found) == 1 else None


def _hands_over(record: Record, role: str) -> bool:
    return role in {passed.role for passed in passed_roles(record.event_source, record.event_name, record.request)}


def _kind(record: Record) -> tuple[str, str, str, str | None]:
    return record.event_source, record.event_name, record.region, record.account


def _before(record: Record, registered: list[Record]) -> Record | None:
    """The last of a family's registrations up to the record's time."""
    count = bisect_right(registered, record.event_time, key=lambda other: other.event_time)
    return registered[count - 1] if count else None


def _family(record: Record) -> str:
    return next((str(record.request[k]) for k in FAMILY_KEYS if isinstance(record.request.get(k), str)), "")
