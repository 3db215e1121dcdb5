"""`trailsleuth diagnose` with accounts: live, from a trail's bucket, or both. The answer is the same as from exports."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from trailsleuth import api
from trailsleuth.cli.inquiry import ask
from trailsleuth.cli.live_progress import ConsoleProgress
from trailsleuth.fetch.live import LiveSource, open_live, settle
from trailsleuth.fetch.paths import inquiry_in, read_paths
from trailsleuth.fetch.sessions import GLOBAL_REGIONS, Surroundings, Ways
from trailsleuth.fetch.trail_bucket import Wanted, is_trail_bucket
from trailsleuth.model import CaseFile, Inquiry, RawInput, Skipped

MARGIN = timedelta(hours=1)  # a session lives that long by default, and its opening counts

Inputs = tuple[RawInput | Skipped, ...]


def diagnose_live(paths: list[str], inquiry: Inquiry, *, ways: Ways, wait: timedelta | None = None, stdin: bytes | None = None) -> CaseFile:
    """The case that the accounts tell, together with the other evidence that is named.

    With a bucket among it the event history is asked only for a pipeline, whose execution no trail holds; then the bucket is read for its time.
    """
    progress = ConsoleProgress()
    around = Surroundings(progress=progress)
    buckets = [path for path in paths if is_trail_bucket(path)]
    files = [path for path in paths if path not in buckets]
    asked = inquiry.or_else(inquiry_in(files))
    try:
        given = tuple(read_paths(files, stdin=stdin))
        if buckets and asked.pipeline is None:
            logs = tuple(read_paths(buckets, ways=ways, wanted=_wanted(asked, ways.regions), around=around))
            return _diagnosed((*given, *logs), asked)
        source = open_live(ways, around=around, wait=wait)
        found = settle(source, asked, lambda fetched: _diagnosed((*given, *fetched), asked))
        return _with_buckets(found, source, given, asked, buckets) if buckets else found
    finally:
        progress.finish()


def _with_buckets(found: CaseFile, source: LiveSource, given: Inputs, asked: Inquiry, buckets: list[str]) -> CaseFile:
    """Once more, with the log files of the failed execution's time and of the accounts that its chain leads through."""
    ran = found.execution
    wanted = _wanted(
        asked,
        source.regions,
        since=ran.started - MARGIN if ran and ran.started else None,
        until=ran.ended + MARGIN if ran and ran.ended else None,
        accounts=(*source.accounts, *(hop.account for chain in found.chains for hop in chain.hops)),
    )
    logs = tuple(read_paths(buckets, wanted=wanted, opened=source.accounts.values()))
    return _diagnosed((*given, *source.inputs(), *logs), asked)


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
    return ask(api.load_inputs(inputs), asked).case_file
