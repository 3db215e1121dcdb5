"""A large log file in parts, each a small log file of its own, cut between two records.

The sign at which it is cut cannot stand inside a string, where quotes are escaped; where it stands inside a record, the parts do not decode, and the
file is read the careful way.
"""

from __future__ import annotations

from collections.abc import Iterator

HEAD = b'{"Records":['
TAIL = b"]}"
START = b'{"eventVersion"'  # how CloudTrail starts a record
BETWEEN = b"," + START
MOST = 64 * 1024 * 1024  # a record is a megabyte at most: where nothing can be cut for so long, this is no plain log


def wrapped(records: bytes | memoryview) -> bytes:
    """Records with commas between them, as a log file."""
    return b"".join((HEAD, records, TAIL))


def parts_of(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The log file that the pieces are, in parts. Raises ValueError where it is no plain one."""
    held = b""
    started = False
    for piece in pieces:
        held += piece
        if not started:
            if len(held) < len(HEAD):
                continue
            if not held.startswith(HEAD):
                raise ValueError("no plain log file")
            held, started = held[len(HEAD) :], True
        at = held.rfind(BETWEEN)
        if at > 0:
            yield wrapped(held[:at])
            held = held[at + 1 :]
        elif len(held) > MOST:
            raise ValueError("nowhere to be cut")
    held = held.rstrip()
    if not started or not held.endswith(TAIL):
        raise ValueError("no plain log file")
    yield HEAD + held


def next_cut(data: bytes) -> int:
    """Where the next record starts after a comma, or -1."""
    at = data.find(BETWEEN)
    return at + 1 if at >= 0 else -1
