"""The files that an index was made from, where they are; where they are not, what it holds of them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from trailsleuth.model import RawInput, Skipped
from trailsleuth.scan.second_look import LightCall
from trailsleuth.sources.files.archives import label
from trailsleuth.sources.files.exports import read_file, read_inputs
from trailsleuth.trail_index.fresh import check_fresh
from trailsleuth.trail_index.store import NO_LOG, FileKnown, IndexFile, sound
from trailsleuth.trail_index.wanted import Rows

NOT_HERE = (
    "the files that this index was made from are not here, so it could not be checked for changes: only the denied records and those beside them are whole,"
    " of other calls the caller, time, name and error are known"
)


class Sources:
    """The files of an index. Raises EvidenceUnreadable where they are here and are no longer what they were. `here`: they can be read."""

    def __init__(self, index: IndexFile) -> None:
        self._places = check_fresh(index)
        self.here = self._places is not None
        self.files: dict[int, list[FileKnown]] = defaultdict(list)  # by log; equal ones together, the first gives its name to the records
        for file in index.files:
            self.files[file.log].append(file)
        self._odd = self.files.pop(NO_LOG, [])
        self.skipped = [Skipped(source=source, reason=reason, lost=lost) for source, reason, lost in index.skipped]

    def path(self, log: int) -> str:
        """Where the log file is now."""
        return self._now(os.fsdecode(self.files[log][0].path))

    def _now(self, path: str) -> str:
        roots = (root for root in self._places or {} if path == root or path.startswith(f"{root.rstrip('/')}/"))
        root = max(roots, key=len, default="")
        return (self._places or {}).get(root, "") + path.removeprefix(root)

    def odd(self) -> Iterator[RawInput | Skipped]:
        """What is no plain log file, read as it is."""
        for file in self._odd if self.here else ():
            path = os.fsdecode(file.path)
            now = self._now(path)
            for item in read_inputs([now]) if path in (self._places or {}) else read_file(now):
                yield _renamed(item, label(now), label(path))

    def inputs(self) -> Iterator[RawInput | Skipped]:
        """Everything under the roots, under the names by which it was indexed."""
        for root, place in (self._places or {}).items():
            for item in read_inputs([place]):
                yield _renamed(item, label(place), label(root))


def _renamed(item: RawInput | Skipped, place: str, root: str) -> RawInput | Skipped:
    source = root + item.source.removeprefix(place)
    return replace(item, source=source) if isinstance(item, Skipped) else replace(item, source=source, path=root + item.path.removeprefix(place))


def not_here(path: str) -> Skipped:
    """The remark on an index whose files are not here."""
    return Skipped(source=label(path), reason=NOT_HERE, lost=True)


def index_inputs(path: str) -> Iterator[RawInput | Skipped]:
    """The files themselves where they are here and unchanged, else what the index holds of them, and a remark. Raises EvidenceUnreadable where it is stale."""
    index = IndexFile(path)
    with sound(path):
        sources = Sources(index)
    if sources.here:
        yield from sources.inputs()
        return
    yield from [not_here(path), *sources.skipped]
    with sound(path):
        rows = Rows(index)
        for log, files in sources.files.items():
            data = b'{"Records":[' + b",".join(_records(rows, log)) + b"]}"
            for file in files:
                yield RawInput(source=file.name, data=data, sha256=file.sha256, path=file.name, size=file.size)


def _records(rows: Rows, log: int) -> Iterator[bytes]:
    """The records of a log file: whole where they are kept, else what their rows tell."""
    kept = dict(rows.index.ask("SELECT position, record FROM kept WHERE log = ?", log))
    told = rows.of_log(log)
    identities = rows.identities(sorted({row.caller for row in told}))
    for row in told:
        yield bytes(kept.get(row.position) or _bare(row.light(identities[row.caller])))


def _bare(call: LightCall) -> bytes:
    """A record without its request and its answer."""
    told = {
        "eventVersion": "1.0",
        "userIdentity": msgspec.Raw(call.caller),
        "eventTime": call.time,
        "eventSource": call.source,
        "eventName": call.name,
        "awsRegion": call.region,
        "errorCode": call.code,
        "errorMessage": call.message,
        "eventID": call.event_id,
        "vpcEndpointId": call.endpoint,
        "recipientAccountId": call.account,
    }
    return msgspec.json.encode({name: value for name, value in told.items() if value is not None})
