"""What a call works on that names it by an id alone: the things of the call that gave the id in its answer (a query of a workgroup, a mount target of a
file system, an attachment of an interface)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.arns import Place, fits
from trailsleuth.catalog.operations import needs_of_each
from trailsleuth.catalog.paths import texts_in
from trailsleuth.model import Record

_SHORTEST = 8  # signs of an id
_Place = tuple[str, str | None, str]  # event source, account, Region


class Answers:
    """The calls of the evidence by the ids in their answers, looked through when first asked for."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = records
        self._by_id: dict[_Place, dict[str, Record]] = {}

    def things_of(self, record: Record, action: str, place: Place) -> Iterator[str]:
        """What the call that gave an id in this request was made on, as far as the action takes it."""
        known = self._ids((record.event_source, record.account, record.region))
        makers = {id(made): made for text in texts_in(record.request) if (made := known.get(text)) is not None}
        forms = [form for kind in resource_types(action) for form in kind.arn_formats]
        for made in makers.values():
            for need in needs_of_each(made.event_source, made.event_name, made.request, **place):
                if need.own and need.resource and any(fits(need.resource, form) for form in forms):
                    yield need.resource

    def _ids(self, place: _Place) -> dict[str, Record]:
        if place not in self._by_id:
            found = self._by_id[place] = {}
            for record in self._records:
                if not record.failed and record.response and (record.event_source, record.account, record.region) == place:
                    named = set(texts_in(record.request))
                    found.update({text: record for text in texts_in(record.response) if _is_id(text) and text not in named})
        return self._by_id[place]


def _is_id(text: str) -> bool:
    return len(text) >= _SHORTEST and " " not in text and any(sign.isdigit() for sign in text)
