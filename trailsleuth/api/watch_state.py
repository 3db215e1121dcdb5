"""What a watch has reported and up to when it has read, in one file: a line is there whole or not at all, so that a kill loses and doubles nothing.

Lines of JSON: a head, groups of denials with the ids of their records, and after each read how far it went. A group and how far the read went are one write.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from msgspec import Struct, field

from trailsleuth.errors import UsageError

SCHEMA = "trailsleuth.watch/1"


class WatchState(Struct):
    """`read` is how far each place was read, `seen` the ids of reported records with their times. Without a path it lasts as long as the run."""

    path: Path | None = None
    begin: datetime | None = None  # denials from then on are reported, however late they are delivered
    read: dict[str, datetime] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)
    _file: IO[bytes] | None = None

    def begin_at(self, moment: datetime) -> datetime:
        """The start of the whole watch: that of the first run on this state."""
        if self.begin is None:
            self.begin = moment
            self._write([{"begin": moment.isoformat()}])
        return self.begin

    def report(self, groups: Iterable[Mapping[str, Any]], place: str, until: datetime) -> None:
        """Keep groups, and that the place was read up to a time. On return they are on the disk."""
        listed = list(groups)
        for group in listed:
            self.seen.update(dict.fromkeys(group["ids"], datetime.fromisoformat(group["last_seen"])))
        self.read[place] = until
        self._write([*listed, {"read": place, "until": until.isoformat()}])

    def forget_before(self, moment: datetime) -> None:
        """Let go of ids that no read can meet again."""
        for name in [name for name, time in self.seen.items() if time < moment]:
            del self.seen[name]

    def _write(self, lines: Iterable[Mapping[str, Any]]) -> None:
        if self._file is not None:
            self._file.write("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines).encode())
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Let another watch have the file."""
        if self._file is not None:
            self._file.close()


def open_state(path: Path | None) -> WatchState:
    """The state in the file, or a new one. A last line that a kill cut off is taken back; its records are found again. UsageError for any other file, and for
    one that another watch writes to."""
    if path is None:
        return WatchState()
    state = WatchState(path)
    try:
        file = path.open("a+b")
    except OSError as failure:
        raise UsageError(f"cannot write to {path}", why=str(failure.strerror), next_step="choose a file that can be written to") from failure
    _lock(file, path)
    file.seek(0)
    data = file.read()
    whole = data[: data.rfind(b"\n") + 1]
    lines = whole.splitlines()
    if data and (not lines or _line(lines[0]).get("schema") != SCHEMA):
        file.close()
        raise UsageError(f"{path} is not the state of a watch", next_step="choose another file for --state")
    _take(state, map(_line, lines[1:]))
    os.ftruncate(file.fileno(), len(whole))
    if not lines:
        file.write(f"{json.dumps({'schema': SCHEMA})}\n".encode())
        file.flush()
    state._file = file
    return state


def _take(state: WatchState, lines: Iterable[Mapping[str, Any]]) -> None:
    """Groups count once the read that found them is there: both were one write."""
    for line in lines:
        if isinstance(line.get("ids"), list):
            state.seen.update(dict.fromkeys(map(str, line["ids"]), datetime.fromisoformat(str(line["last_seen"]))))
        elif "begin" in line:
            state.begin = datetime.fromisoformat(str(line["begin"]))
        elif "read" in line:
            state.read[str(line["read"])] = datetime.fromisoformat(str(line["until"]))


def _line(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _lock(file: IO[bytes], path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # a system without it: nothing keeps a second watch off
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as taken:
        file.close()
        raise UsageError(f"another watch writes to {path}", next_step="stop it, or choose another file for --state") from taken
