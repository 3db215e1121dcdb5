"""What a record shows that its call was made on: from `resources[]`, else from the request parameters and the catalogue."""

from __future__ import annotations

import re
from functools import lru_cache

from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.operations import resource_of
from trailsleuth.iam.match import resource_matches
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.names import RoleNames, role_of
from trailsleuth.model.texts import texts_in


def resource_in(record: Record, action: str, names: RoleNames) -> str | None:
    """The ARN that the record itself shows for this action: one of `resources[]` in a form that the action takes, else built from the request."""
    shown = [r.arn for r in record.resources if r.arn and takes_form(action, r.arn)]
    if shown:
        return names.whole(min(shown, key=lambda a: (-a.count("/"), a)) if action.lower().startswith("s3:") else shown[0])
    built = _built(record, action, *place_of(record))
    return built if built is not None and built in texts_in(record.request) else names.full(built)


class ShownResources:
    """`resource_in`, for many records: calls without parameters that look alike are worked out once."""

    def __init__(self, names: RoleNames) -> None:
        self._names = names
        self._bare: dict[tuple[str, ...], str | None] = {}

    def of(self, record: Record, action: str) -> str | None:
        if record.request or record.resources:
            return resource_in(record, action, self._names)
        place = place_of(record)
        key = (record.event_source, record.event_name, action, *place)
        if key not in self._bare:
            self._bare[key] = self._names.full(_built(record, action, *place))
        return self._bare[key]


def place_of(record: Record) -> tuple[str, str, str]:
    """Partition, region and account that the call was made in."""
    arn = parse_arn(role_of(record))
    return arn.partition if arn else "aws", record.region, record.identity.account or record.account or ""


def _built(record: Record, action: str, partition: str, region: str, account: str) -> str | None:
    return resource_of(record.event_source, record.event_name, action, record.request, partition=partition, region=region, account=account)


def takes_form(action: str, arn: str) -> bool:
    """The ARN has a form that the action takes."""
    return any(resource_matches(_pattern(form), arn) for kind in resource_types(action) for form in kind.arn_formats)


@lru_cache(maxsize=4096)
def _pattern(form: str) -> str:
    """`arn:${Partition}:s3:::${BucketName}` as a wildcard pattern."""
    return re.sub(r"\$\{[^}]*\}", "*", form)
