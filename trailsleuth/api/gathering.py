"""A diagnosis with accounts: live, from a trail's bucket, from an engine, or several of them. The answer is the same as from exports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.api.asking import Live
from trailsleuth.api.cases import load_inputs
from trailsleuth.api.engines import Asked, read_engines
from trailsleuth.api.paths import inquiry_in, read_paths
from trailsleuth.catalog.pipeline_actions import call_places
from trailsleuth.model import CaseFile, Inquiry, RawInput, Skipped
from trailsleuth.model.arn import GLOBAL_REGIONS
from trailsleuth.prove import agreed
from trailsleuth.sources.aws import simulator
from trailsleuth.sources.aws.live import LiveSource, open_live, settle
from trailsleuth.sources.aws.sessions import Account, Surroundings
from trailsleuth.sources.aws.trail_bucket import Wanted
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.engines.addresses import Settings, is_engine
from trailsleuth.sources.files.kinds import is_trail_bucket

MARGIN = timedelta(hours=1)  # a session lives that long by default, and its opening counts

Inputs = tuple[RawInput | Skipped, ...]


def gather_and_ask(paths: list[str], inquiry: Inquiry, through: Live, *, stdin: bytes | None = None) -> CaseFile:
    """The case that the accounts tell, together with the other evidence that is named.

    With a bucket or an engine among it the event history is asked only for a pipeline or a thing, whose failure no trail holds; then the trail is read for
    its time.
    """
    ways, wait, around = through.ways, through.wait, Surroundings(progress=through.progress)
    trails = _Trails(
        buckets=tuple(filter(is_trail_bucket, paths)), engines=tuple(filter(is_engine, paths)), settings=through.settings, ways=ways, around=around
    )
    files = [path for path in paths if path not in (*trails.buckets, *trails.engines)]
    asked = inquiry.or_else(inquiry_in(files))
    given = tuple(read_paths(files, stdin=stdin))
    if not trails.any:
        source = open_live(ways, around=around, places=call_places, wait=wait)
        return _with_opinion(settle(source, asked, lambda fetched: _diagnosed((*given, *fetched), asked)), source)
    if (asked.pipeline is None and asked.thing is None) or not (ways.profiles or ways.assume_roles or trails.buckets):
        return _diagnosed((*given, *trails.read(asked, _wanted(asked, ways.regions))), asked)
    source = open_live(ways, around=around, places=call_places, wait=wait)
    found = settle(source, asked, lambda fetched: _diagnosed((*given, *fetched), asked))
    return _with_opinion(_with_trails(found, source, given, asked, trails), source)


class _Trails(Struct, frozen=True, kw_only=True):
    """The evidence that is no file here: buckets and engines, and how they are asked."""

    buckets: tuple[str, ...]
    engines: tuple[str, ...]
    settings: Settings
    ways: Ways
    around: Surroundings

    @property
    def any(self) -> bool:
        return bool(self.buckets or self.engines)

    def read(self, asked: Inquiry, wanted: Wanted, *, roles: Iterable[str] = (), opened: Iterable[Account] = ()) -> Inputs:
        """The log files, and what the engines select."""
        accounts = tuple(opened)
        question = Asked(
            inquiry=replace(asked, since=wanted.since, until=wanted.until),
            regions=wanted.regions,  # accounts are not narrowed: AWS's table for one account has no such column
            roles=frozenset(roles),
            settings=self.settings,
        )
        selected = tuple(read_engines(self.engines, question, ways=self.ways, around=self.around, opened=accounts))
        return (*selected, *read_paths(self.buckets, ways=self.ways, wanted=wanted, around=self.around, opened=accounts))


def _with_trails(found: CaseFile, source: LiveSource, given: Inputs, asked: Inquiry, trails: _Trails) -> CaseFile:
    """Once more, with the records of the failed execution's time and of the accounts that its chain leads through."""
    ran = found.execution
    wanted = _wanted(
        asked,
        source.regions,
        since=ran.started - MARGIN if ran and ran.started else None,
        until=ran.ended + MARGIN if ran and ran.ended else None,
        accounts=(*source.accounts, *(hop.account for chain in found.chains for hop in chain.hops)),
    )
    roles = [hop.role for chain in found.chains for hop in chain.hops] + ([ran.service_role, ran.action_role] if ran else [])
    logs = trails.read(asked, wanted, roles=filter(None, roles), opened=source.accounts.values())
    return _diagnosed((*given, *source.inputs(), *logs), asked)


def _with_opinion(found: CaseFile, source: LiveSource) -> CaseFile:
    """The case with the word of AWS's policy simulator on its changes, where that was asked for."""
    if not any(delta.second_opinion for delta in found.deltas):
        return found
    return replace(found, deltas=tuple(agreed(simulator.asked(delta, source.accounts)) for delta in found.deltas))


def _wanted(
    asked: Inquiry,
    regions: Iterable[str],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    accounts: Iterable[str | None] = (),
) -> Wanted:
    """What to take out of a bucket: the window asked for or found, and where regions are given also those that global services write to."""
    places = frozenset(regions)
    return Wanted(
        accounts=frozenset(filter(None, accounts)),
        regions=places | frozenset(GLOBAL_REGIONS.values()) if places else places,
        since=asked.since or since,
        until=asked.until or until,
    )


def _diagnosed(inputs: Inputs, asked: Inquiry) -> CaseFile:
    return load_inputs(inputs).ask(asked).case_file
