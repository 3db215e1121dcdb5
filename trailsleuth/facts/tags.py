"""The tags of things, as the calls show that made or tagged them: who reads a denial of one of them knows aws:ResourceTag.

Only what is there is told: that a tag is not seen says nothing, and after a call that takes tags away nothing is known any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.things import changes_tags, is_making, is_untagging
from trailsleuth.facts.fact import Fact, Kind
from trailsleuth.facts.things import made_by, names_of
from trailsleuth.model import Record, parse_arn
from trailsleuth.model.tags import tags_in
from trailsleuth.model.texts import texts_in

# IAM's own things are tagged in snapshots, keys are looked at for themselves, and the tags of a bucket decide only where ABAC is on for it.
_OTHERWISE = ("iam", "sts", "kms", "s3")


class ResourceTags:
    """The calls that set or took away tags, looked through when the first thing is asked about."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._all = records

    def of(self, thing: str | None, denied: Record) -> tuple[Fact, ...]:
        """The tags that the thing had at the time of the denial, each with the call that shows it; () where none is shown."""
        arn = parse_arn(thing)
        if thing is None or arn is None or arn.service in _OTHERWISE or "*" in thing:
            return ()
        found: dict[str, Fact] = {}
        own = [name for name in names_of(thing) if name == thing or not name.startswith("arn:") or arn.service == "secretsmanager"]  # not what it is part of
        calls = {id(record): record for name in own for record in self._by_name.get(name, ())}
        for record in sorted(calls.values(), key=lambda record: (record.event_time, record.event_id)):
            if record.event_time > denied.event_time or prefix_of(record.event_source) != arn.service:
                continue
            if is_untagging(record.event_name):
                found.clear()
                continue
            for key, value in tags_in(record.request, of=arn.resource.partition("/")[0]):
                found[key] = Fact(kind=Kind.TAGGED, thing=thing, value=f"{key}={value}", at=record.event_time, record=record)
        return tuple(found.values())

    @cached_property
    def _by_name(self) -> Mapping[str, list[Record]]:
        """The calls by every name that they tell: a thing that one made, or names whole."""
        found: dict[str, list[Record]] = defaultdict(list)
        for record in self._all:
            if not record.failed and _sets_tags(record):
                for name in {*made_by(record), *texts_in(dict(record.request)), *texts_in(dict(record.response))}:
                    found[name].append(record)
        return found


def context_of(tags: Iterable[Fact]) -> Mapping[str, tuple[str, ...]]:
    """The tags as condition keys: AWS's own, and the service's."""
    return dict(_keys(tags))


def _keys(tags: Iterable[Fact]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for tag in tags:
        key, _, value = (tag.value or "").partition("=")
        yield f"aws:ResourceTag/{key}", (value,)
        yield f"{tag.thing.split(':')[2]}:ResourceTag/{key}", (value,)


def _sets_tags(record: Record) -> bool:
    if changes_tags(record.event_name):
        return True
    return is_making(record.event_name) and any("tag" in name.lower() for name in record.request)
