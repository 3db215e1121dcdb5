"""An index as the inputs that it was made from, for whoever reads all of the evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from msgspec.structs import replace

from trailsleuth.model import RawInput, Skipped
from trailsleuth.scan.index_shapes import RECORDS, FileSeen, LogSeen, Zone
from trailsleuth.sources.base import MIB
from trailsleuth.sources.files.archives import label
from trailsleuth.sources.files.exports import read_inputs
from trailsleuth.trail_index.fresh import check_fresh, places_of
from trailsleuth.trail_index.read import IndexFile, sound

AT_ONCE = 512 * MIB  # bytes of records that are held to be put in order
NOT_HERE = "the files that this index was made from are not here, so it could not be checked for changes"


def index_inputs(path: str) -> Iterator[RawInput | Skipped]:
    """The files themselves where they are here and unchanged, else what the index holds of them, and a remark. Raises EvidenceUnreadable where it is stale."""
    index = IndexFile(path)
    if check_fresh(path, index.catalogue):
        for root, place in (places_of(index.catalogue) or {}).items():
            for item in read_inputs([place]):
                yield _renamed(item, label(place), label(root))
        return
    yield not_here(path)
    with sound(path):
        yield from _out_of(index)


def not_here(path: str) -> Skipped:
    """The remark on an index whose files are not here."""
    return Skipped(source=label(path), reason=NOT_HERE, lost=False)


def _renamed(item: RawInput | Skipped, place: str, root: str) -> RawInput | Skipped:
    """The input under the name by which it was indexed."""
    source = root + item.source.removeprefix(place)
    return replace(item, source=source) if isinstance(item, Skipped) else replace(item, source=source, path=root + item.path.removeprefix(place))


def _out_of(index: IndexFile) -> Iterator[RawInput | Skipped]:
    for item in index.catalogue.skipped:
        yield Skipped(source=item.source, reason=item.reason, lost=item.lost)
    yield from careful_inputs(index)
    logs = index.catalogue.logs
    size = sum(file.size for file in index.catalogue.files) * 9  # about what they unpack to
    share = max(1, len(logs) * AT_ONCE // max(1, size))
    for start in range(0, len(logs), share):
        yield from _logs(index, logs[start : start + share])


def careful_inputs(index: IndexFile) -> Iterator[RawInput | Skipped]:
    """What is no plain log file, as it was handed over when the index was made."""
    groups = iter(index.zone(Zone.INPUT).groups)
    for item in index.catalogue.inputs:
        if item.row:
            yield RawInput(source=item.source, data=index.raw(next(groups))[0], sha256=item.sha256, path=item.path, size=item.size)
        else:
            yield Skipped(source=item.source, reason=item.reason, lost=item.lost)


def _logs(index: IndexFile, logs: tuple[LogSeen, ...]) -> Iterator[RawInput]:
    """Some log files with all their records, in their order."""
    records: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    wanted = {log.number for log in logs}
    for group in (group for zone in RECORDS for group in index.zone(zone).groups):
        told = index.columns(group, ("source", "position"))
        rows = [row for row, number in enumerate(told["source"]) if number in wanted]
        for row, raw in zip(rows, index.raw(group, rows) if rows else (), strict=True):
            records[told["source"][row]].append((told["position"][row], raw))
    for log in logs:
        data = b'{"Records":[' + b",".join(raw for _, raw in sorted(records[log.number])) + b"]}"
        for file in (log.file, *log.copies):
            yield _log_input(file, data)


def _log_input(file: FileSeen, data: bytes) -> RawInput:
    return RawInput(source=file.name, data=data, sha256=file.sha256, path=file.name, size=file.size)
