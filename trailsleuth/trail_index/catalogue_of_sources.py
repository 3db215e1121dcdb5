"""Between what a scan knows of its inputs and what an index says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trailsleuth.model import Skipped
from trailsleuth.scan.first_look import Glimpse
from trailsleuth.scan.index_shapes import FileSeen, InputSeen, LogSeen, PartSeen
from trailsleuth.scan.quick import FileFacts
from trailsleuth.sources.files.archives import label


def as_input_seen(skipped: Skipped) -> InputSeen:
    """What was skipped, for the catalogue."""
    return InputSeen(source=skipped.source, reason=skipped.reason, lost=skipped.lost)


def as_log_seen(path: str, number: int, facts: FileFacts, parts: Iterable[Glimpse]) -> LogSeen:
    """A scanned log file, for the catalogue."""
    name = label(path)
    return LogSeen(number=number, source=name, file=FileSeen(name=name, sha256=facts.sha256, size=facts.size), parts=tuple(map(_as_part, parts)))


def _as_part(glimpse: Glimpse) -> PartSeen:
    return PartSeen(
        records=glimpse.records,
        spans=glimpse.spans,
        callers=glimpse.callers,
        openings=glimpse.openings,
        calls=tuple(sorted(glimpse.calls)),
        buckets=glimpse.buckets,
    )


def glimpses_of(log: LogSeen) -> Iterator[Glimpse]:
    """A log file out of the catalogue, as the first look would see it; what it keeps is in the rows."""
    for part in log.parts:
        yield Glimpse(
            records=part.records,
            spans=part.spans,
            numbers=b"",
            kept=(),
            callers=part.callers,
            openings=part.openings,
            calls=frozenset(part.calls),
            buckets=part.buckets,
        )
