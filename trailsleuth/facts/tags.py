"""The tags of things, as the calls show that made or tagged them, and as saved answers of AWS do: who reads a denial of one of them knows aws:ResourceTag.

Only what is there is told: that a tag is not seen says nothing, and after a call that takes tags away nothing is known any more. A saved answer was made at
some time: what a call set before the denial goes before it, and it says nothing of a tag that a call set after the denial.
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
from trailsleuth.model.tags import ThingTags, tags_in
from trailsleuth.model.texts import texts_in

# IAM's own things are tagged in snapshots, keys are looked at for themselves, and the tags of a bucket decide only where ABAC is on for it.
UNTAGGED = ("iam", "sts", "kms", "s3")


class ResourceTags:
    """The calls that set or took away tags, looked through when the first thing is asked about, and the tags that were saved."""

    def __init__(self, records: Iterable[Record], saved: Iterable[ThingTags] = ()) -> None:
        self._all = records
        self._saved: dict[str, list[ThingTags]] = defaultdict(list)
        for one in saved:
            self._saved[one.thing].append(one)

    def of(self, thing: str | None, denied: Record) -> tuple[Fact, ...]:
        """The tags that the thing had at the time of the denial, each with the call that shows it; () where none is shown."""
        arn = parse_arn(thing)
        if thing is None or arn is None or arn.service in UNTAGGED or "*" in thing:
            return ()
        found = self._as_saved(thing)
        own = [name for name in names_of(thing) if name == thing or not name.startswith("arn:") or arn.service == "secretsmanager"]  # not what it is part of
        calls = {id(record): record for name in own for record in self._by_name.get(name, ())}
        for record in sorted(calls.values(), key=lambda record: (record.event_time, record.event_id)):
            if prefix_of(record.event_source) != arn.service:
                continue
            set_then = {} if is_untagging(record.event_name) else dict(tags_in(record.request, of=arn.resource.partition("/")[0]))
            if record.event_time > denied.event_time:
                found = {key: fact for key, fact in found.items() if fact.record is not None or key not in set_then}
            elif is_untagging(record.event_name):
                found.clear()
            else:
                for key, value in set_then.items():
                    found[key] = Fact(kind=Kind.TAGGED, thing=thing, value=f"{key}={value}", at=record.event_time, record=record)
        return tuple(found.values())

    def _as_saved(self, thing: str) -> dict[str, Fact]:
        """By saved answers; nothing of a tag of which two tell different values."""
        told: dict[str, dict[str, str]] = defaultdict(dict)
        for one in (*self._saved.get(thing, ()), *(self._saved.get(thing.rpartition("/")[2], ()) if thing.split(":")[2] == "ec2" else ())):
            for key, value in one.tags:
                told[key].setdefault(value, one.source)
        alone = {key: next(iter(values.items())) for key, values in told.items() if len(values) == 1}
        return {key: Fact(kind=Kind.TAGGED, thing=thing, value=f"{key}={value}", shown_by=source) for key, (value, source) in alone.items()}

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
