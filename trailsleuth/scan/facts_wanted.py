"""From what facts look at (`facts.wants`) to the records of a large trail that tell it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from msgspec.structs import replace

from trailsleuth.catalog.agents import is_mcp_server
from trailsleuth.catalog.demands import sets_up, target_services
from trailsleuth.catalog.keys import key_services, key_use
from trailsleuth.catalog.operations import primary_action
from trailsleuth.catalog.passed_roles import passing_rows
from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.things import is_making
from trailsleuth.facts.owners import UPLOADS
from trailsleuth.facts.wants import CalledAs, Handed, HandingOver, Made, Owned, SetUp, ThingNamed, ToolCall, Uploaded, Want
from trailsleuth.model import Record
from trailsleuth.scan.pursuits import Pursuits
from trailsleuth.scan.selection import S3, Wanted
from trailsleuth.scan.things_named import KMS, Call, Named, may_tell


class FactsWanted:
    """What is wanted, by operation of the trail. `seen`: the operations that it holds; `told` and `absent`: marks of what they tell of things;
    `pursue_makings`: who made a thing of a denied one's name matters though nobody was told that it is not there, for policies may let the caller use it."""

    def __init__(self, seen: frozenset[Call], told: frozenset[int], absent: frozenset[int], *, pursue_makings: bool) -> None:
        self.buckets: set[str] = set()
        self.called_as: set[bytes] = set()
        self.pursuits = Pursuits()
        self._seen = seen
        self._told, self._absent, self._pursue_makings = told, absent, pursue_makings
        self._handed: dict[Call, set[str]] = defaultdict(set)
        self._uploads: set[tuple[str, str]] = set()
        self._read: set[Call] = set()
        self._of_anybody: set[Call] = set()
        self._things: dict[tuple[str, str, bool], set[str]] = defaultdict(set)

    def take_of(self, record: Record, wants: Iterable[Want]) -> None:
        """What is looked at for a denied call."""
        for want in wants:
            self.pursuits.take(record, want)
            self.take((want,), record.event_time)

    def take(self, wants: Iterable[Want], moment: datetime | None) -> None:
        """What facts look at for what was denied, or failed, at the moment."""
        for want in wants:
            match want:
                case Handed(source, names):
                    for call in (call for call in self._seen if names and call[0] == source and passing_rows(*call)):
                        self._handed[call] |= names
                case Owned(bucket):
                    self.buckets.add(bucket)
                case Uploaded(bucket, key):
                    self._uploads.add((bucket, key))
                case CalledAs(unique):
                    self.called_as.add(unique.encode())
                case Made() | ToolCall():
                    self._read |= {call for call in self._seen if _is_wanted(call, want)}
                case SetUp() | HandingOver():
                    self._of_anybody |= {call for call in self._seen if (_sets_up(call) if isinstance(want, SetUp) else passing_rows(*call))}
                case ThingNamed(thing, service, keyed) if moment is not None:
                    self._things[thing, service, keyed].add(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))

    @cached_property
    def named(self) -> tuple[Named, ...]:
        """The things that the denied calls are about, and other calls tell of."""
        by_service: dict[str, set[str]] = defaultdict(set)
        for source, _ in self._seen:
            by_service[prefix_of(source)].add(source)
        named = []
        for (thing, service, keyed), times in sorted(self._things.items()):
            one = Named(thing=thing, times=tuple(sorted(times)), sources=frozenset({*by_service[service], *({KMS} if keyed else ())}))
            absent = self._pursue_makings or one.is_among(self._absent)
            named += [replace(one, absent=absent)] if absent or one.is_among(self._told) else []
        return tuple(named)

    @cached_property
    def missing(self) -> frozenset[str]:
        """The event sources whose failed calls may say that a thing is not there: one that was denied, or one that was made under a key and vanished."""
        services = {service for _, service, _ in self._things}
        return frozenset({source for source, _ in self._seen if prefix_of(source) in services} | {source for source, _ in self._keyed})

    @cached_property
    def _keyed(self) -> frozenset[Call]:
        """Calls that make a thing under a key that the service uses later."""
        made = (call for call in self._seen if is_making(call[1]) and call[0] != S3)
        return frozenset(call for call in made if key_use(primary_action(*call, {}) or "", call[1]) is not None)

    def wanted(self) -> dict[Call, Wanted]:
        """By operation."""
        sources = {source for thing in self.named for source in thing.sources}
        told = {call for call in self._seen if call[0] in sources and may_tell(call)}
        uploads = {(S3, name) for name in UPLOADS} if self._uploads else set()
        return {
            call: Wanted(
                uploads=frozenset(self._uploads) if call in uploads else frozenset(),
                things=frozenset(self._handed.get(call, ())),
                told=call in told,
                read=call in self._read or call in self._keyed,
                anybody=call in self._of_anybody,
                successes=self.pursuits.successes(call),
                templates=self.pursuits.templates(call),
            )
            for call in {*self._handed, *uploads, *self._read, *self._keyed, *self._of_anybody, *told, *self.pursuits.calls}
        }


def _sets_up(call: Call) -> bool:
    """What makes a thing that services deliver to shows its key."""
    return sets_up(f"{call[0]}:{call[1]}") or (is_making(call[1]) and prefix_of(call[0]) in key_services() & target_services())


def _is_wanted(call: Call, want: Made | ToolCall) -> bool:
    return is_making(call[1]) if isinstance(want, Made) else is_mcp_server(call[0])
