"""Refusals that settled: the same call by the same principal succeeded later.

Sees:  a refused call, and after it the same operation with the same resource, region and VPC endpoint without an error.
Why:   IAM changes reach all endpoints with a delay; a role just made is refused for seconds.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html
Sure:  observed; where neither call shows its resource, nothing is taken for recovered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.refusals import resource_in
from trailsleuth.catalog.actions import takes_resource
from trailsleuth.catalog.passed_roles import passed_roles
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.names import RoleNames, role_of
from trailsleuth.model.texts import texts_in


class Successes:
    """Calls that succeeded, by principal, operation and region."""

    def __init__(self, records: Iterable[Record], names: RoleNames) -> None:
        self._names = names
        self._by_call: dict[tuple[str | None, str, str], list[Record]] = defaultdict(list)
        for record in records:
            if not record.failed:
                self._by_call[names.full(role_of(record)), record.call, record.region].append(record)

    def after(self, refusal: Refusal) -> Record | None:
        """The first success of the very same call after the last of the equal refusals; None where it never came."""
        return next(iter(self._same(refusal, since=refusal.last.event_time)), None)

    def ever(self, refusal: Refusal) -> Record | None:
        """A success of the same call at any time."""
        return next(iter(self._same(refusal)), None)

    def of(self, principal: str | None, call: str) -> list[Record]:
        """Successful calls of one operation by one principal, any region, in time order."""
        return [r for (who, what, _), found in self._by_call.items() if who == principal and what == call for r in found]

    def _same(self, refusal: Refusal, *, since: datetime | None = None) -> Iterable[Record]:
        last = refusal.last
        caller = self._names.full(role_of(last))
        for record in self._by_call.get((caller, last.call, last.region), ()):
            if since is not None and record.event_time < since:
                continue
            if record.vpc_endpoint_id == last.vpc_endpoint_id and self._same_resource(refusal, record):
                yield record

    def _same_resource(self, refusal: Refusal, success: Record) -> bool:
        action, wanted = refusal.iam_action, refusal.resource
        if action is None:
            return bool(success.request) and success.request == refusal.last.request
        if action == "iam:PassRole":
            return any(self._names.full(p.role) == wanted for p in passed_roles(success.event_source, success.event_name, success.request))
        if wanted is None or wanted == "*":
            if takes_resource(action) is False or not refusal.last.request:
                return wanted == "*"
            return success.request == refusal.last.request
        got = resource_in(success, action, self._names)
        return got == wanted if got is not None else _mentions(success.request, wanted)


def _mentions(request: object, resource: str) -> bool:
    """The request names the resource, whole or by its last part."""
    arn = parse_arn(resource)
    names = {resource, arn.name if arn else resource, (arn.resource if arn else resource).rpartition(":")[2]}
    return any(text in names for text in texts_in(request))
