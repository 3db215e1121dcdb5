"""What an index keeps of a trail: a row for every record of a plain log file, in zones, and a catalogue of where all of it came from."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct, field


class Zone(StrEnum):
    """Parts of an index that are read apart from each other. A record stands in the first one that fits.

    `kept`: looked at for every question (refused, changes of policies, copies); `owner`: the last one that tells a bucket's owner; `opening`: handed out
    credentials; `failed`: any other failure. `input` is no record: an input that has to be read the careful way, whole.
    """

    KEPT = "kept"
    OWNER = "owner"
    OPENING = "opening"
    FAILED = "failed"
    CALL = "call"
    INPUT = "input"


RECORDS = (Zone.KEPT, Zone.OWNER, Zone.OPENING, Zone.FAILED, Zone.CALL)
SEARCHED = RECORDS[1:]  # zones that are looked through for what a question needs


class IndexRow(NamedTuple):
    """A record: where it stands, what is asked of all records, and its bytes. `offset` is the byte in the unpacked file at which it starts."""

    source: int
    position: int
    offset: int
    event_id: str
    event_time: str
    account: str | None
    region: str | None
    event_source: str
    event_name: str
    error_code: str | None
    error_message: str | None
    vpc_endpoint: str | None
    category: str | None
    caller: bytes
    opened_key: int
    opened_owner: int
    raw: bytes


class Run(NamedTuple):
    """Rows of one caller that stand together in a row group, with the caller's checksums."""

    group: int
    start: int
    rows: int
    key: int
    owner: int
    role: int
    session: int


class Span(Struct, frozen=True, kw_only=True):
    """What a part of a file holds of one account."""

    account: str
    regions: tuple[str, ...]
    first: str
    last: str
    records: int


class PartSeen(Struct, frozen=True, kw_only=True):
    """A log file, or a part of a large one, as the first look saw it. `callers` and `openings` are packed checksums."""

    records: int
    spans: tuple[Span, ...]
    callers: bytes
    openings: bytes
    calls: tuple[tuple[str, str], ...]
    buckets: bool


class FileSeen(Struct, frozen=True, kw_only=True):
    """A file by its name in reports, its SHA-256 and its size on disk."""

    name: str
    sha256: str
    size: int


class LogSeen(Struct, frozen=True, kw_only=True):
    """A log file that is in the index record by record. `number` is its place in the list of files; `copies` have the very same bytes."""

    number: int
    source: str
    file: FileSeen
    parts: tuple[PartSeen, ...]
    copies: tuple[FileSeen, ...] = ()


class InputSeen(Struct, frozen=True, kw_only=True):
    """An input that is read the careful way: a row of the zone `input` holds its bytes; or what was skipped, with the reason."""

    source: str
    path: str = ""
    sha256: str = ""
    size: int = 0
    reason: str = ""
    lost: bool = True
    row: bool = False


class FileOnDisk(Struct, frozen=True, kw_only=True):
    """A file as it lay on disk when it was indexed; the path as bytes, since it need be no text."""

    path: bytes
    size: int
    modified: int
    sha256: str = ""


class ZoneSeen(Struct, frozen=True, kw_only=True):
    """The row groups of a zone, and its rows by caller as packed runs."""

    groups: tuple[int, ...] = ()
    rows: int = 0
    runs: bytes = b""


class IndexCatalogue(Struct, frozen=True, kw_only=True):
    """All of an index but its rows. `roots` are the paths as they were given, relative ones from `base`. `crowded`: so many records stand there more than
    once that everything has to be read."""

    rules: str
    base: bytes
    roots: tuple[bytes, ...]
    files: tuple[FileOnDisk, ...]
    skipped: tuple[InputSeen, ...] = ()
    logs: tuple[LogSeen, ...] = ()
    inputs: tuple[InputSeen, ...] = ()
    zones: dict[str, ZoneSeen] = field(default_factory=dict)
    records: int = 0
    crowded: bool = False
