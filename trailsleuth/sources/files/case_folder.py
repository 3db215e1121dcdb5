"""A case folder: everything fetched as files, with a manifest, so that the case can be answered again offline and gone on with.

A finished page is a file that appears by rename, so a kill at any moment leaves whole files only; the window is frozen in the manifest, so a
resumed run asks the same questions and finds the kept answers.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.model import ENTRIES, Inquiry, RawInput, Skipped
from trailsleuth.sources.aws import gaps
from trailsleuth.sources.aws.store import Provenance, json_bytes, raw_input
from trailsleuth.sources.files.kinds import MANIFEST, SCHEMA

UNFINISHED = ".unfinished"


class CaseFolder(Struct, kw_only=True):
    """A store on disk. `inquiry` is what was asked, with its frozen window; `collectors` who fetched, by account."""

    path: Path
    version: str
    inquiry: Mapping[str, Any]
    collectors: dict[str, str] = field(default_factory=dict)
    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, name: str) -> bytes | None:
        """The piece under that name; None where it is not whole, or not what was fetched, so that it is fetched anew."""
        try:
            data = (self.path / name).read_bytes()
        except OSError:
            return None
        entry = self._entries.get(name)
        return data if (_is_json(data) if entry is None else entry.get("sha256") == hashlib.sha256(data).hexdigest()) else None

    def keep(self, name: str, data: bytes, provenance: Provenance) -> None:
        """Write the piece beside its name, then rename: whole or not at all."""
        with self._lock:
            write_whole(self.path / name, data)
            self._entries[name] = self._entry(data, provenance)
            self._write_manifest()

    def forget(self, names: Iterable[str]) -> None:
        """Remove pieces that are to be fetched anew."""
        with self._lock:
            for name in names:
                (self.path / name).unlink(missing_ok=True)
                self._entries.pop(name, None)
            self._write_manifest()

    def inputs(self) -> tuple[RawInput, ...]:
        """Every piece on disk, by name."""
        return tuple(raw_input(name, (self.path / name).read_bytes()) for name in self._names())

    def collected_by(self, identities: Mapping[str, str]) -> None:
        """Note who fetched, by account."""
        with self._lock:
            self.collectors.update(identities)
            self._write_manifest()

    def finish(self) -> None:
        """Make the manifest name every piece, and say that the fetch came to its end."""
        with self._lock:
            for name in self._names():
                self._entries.setdefault(name, _entry_of_unlisted((self.path / name).read_bytes(), name))
            self._write_manifest(complete=True)

    def _names(self) -> list[str]:
        files = (path for path in self.path.rglob("*.json") if path.is_file() and not path.is_symlink())
        names = (path.relative_to(self.path).as_posix() for path in files)
        return sorted(name for name in names if name != MANIFEST)

    def _entry(self, data: bytes, provenance: Provenance) -> dict[str, Any]:
        return {
            "source": provenance.call,
            "account": provenance.account,
            "region": provenance.region,
            "from": provenance.start,
            "to": provenance.end,
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "collector": self.collectors.get(provenance.account),
        }

    def _write_manifest(self, *, complete: bool = False) -> None:
        document = {
            "schema": SCHEMA,
            "tool": "trailsleuth",
            "version": self.version,
            "complete": complete,
            "inquiry": self.inquiry,
            "collectors": self.collectors,
            "pieces": self._entries,
        }
        write_whole(self.path / MANIFEST, json_bytes(document))


def new_folder(path: Path, *, version: str, inquiry: Mapping[str, Any]) -> CaseFolder:
    """An empty case folder. One that holds something already is not written over."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(f"{path} is not empty", next_step=f"choose another folder, or go on with `trailsleuth fetch --resume {path}`")
    try:
        path.mkdir(parents=True, exist_ok=True)
        folder = CaseFolder(path=path, version=version, inquiry=inquiry)
        folder.collected_by({})
    except OSError as failure:
        raise UsageError(f"cannot write to {path}", why=str(failure.strerror), next_step="choose a folder that can be written to") from failure
    return folder


def resume_folder(path: Path, *, version: str) -> CaseFolder:
    """The case folder of an earlier run, with its frozen inquiry. What was a gap then is asked for again."""
    document = read_manifest(path)
    folder = CaseFolder(path=path, version=version, inquiry=document["inquiry"], collectors=dict(document.get("collectors", {})))
    folder._entries.update({name: entry for name, entry in document.get("pieces", {}).items() if not name.startswith(f"{gaps.FOLDER}/")})
    for leftover in path.rglob(f"*{UNFINISHED}"):
        leftover.unlink(missing_ok=True)
    for gap in (path / gaps.FOLDER).glob("*.json"):
        gap.unlink(missing_ok=True)
    return folder


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a case folder; EvidenceUnreadable where there is none."""
    try:
        document = json.loads((path / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError) as failure:
        raise EvidenceUnreadable(
            f"{path} is not a case folder",
            why=f"its {MANIFEST} is missing or not readable",
            next_step="start one with `trailsleuth fetch --pipeline NAME --to FOLDER`",
        ) from failure
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or not isinstance(document.get("inquiry"), dict):
        raise EvidenceUnreadable(f"{path} is not a case folder", why=f"its {MANIFEST} is not of schema {SCHEMA}", next_step="start a new one with --to FOLDER")
    return document


def read_case_folder(path: Path) -> tuple[RawInput | Skipped, ...]:
    """The pieces of a fetched case, named as they were when they were fetched, so that the answer has the same bytes as then."""
    document = read_manifest(path)
    folder = CaseFolder(path=path, version=str(document.get("version")), inquiry=document["inquiry"])
    pieces, listed = folder.inputs(), document.get("pieces")
    return (*pieces, *_departures(listed if isinstance(listed, dict) else {}, pieces))


def _departures(listed: Mapping[str, Any], pieces: Iterable[RawInput]) -> Iterator[Skipped]:
    """Where the folder is not as it was fetched: pieces that were changed or taken away since."""
    found = {piece.source: piece.sha256 for piece in pieces}
    for name in sorted({*listed, *found}):
        if name not in found:
            yield Skipped(source=name, reason="the manifest lists it, and it is not in the case folder any more")
        elif name in listed and (not isinstance(listed[name], dict) or listed[name].get("sha256") != found[name]):
            yield Skipped(source=name, reason="changed since it was fetched: its hash is not the manifest's")


def inquiry_of(path: Path) -> Inquiry:
    """What the case was fetched for: the question that `trailsleuth diagnose FOLDER` answers where no other is asked."""
    asked = read_manifest(path)["inquiry"]
    entries: dict[str, Any] = {name: _text(asked.get(name)) for name in ENTRIES}
    return Inquiry(**entries, since=_moment(asked.get("since")), until=_moment(asked.get("until")))


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + UNFINISHED)
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _entry_of_unlisted(data: bytes, name: str) -> dict[str, Any]:
    """A piece that was renamed into place just before a kill: its name tells what a manifest line would."""
    service, _, rest = name.partition("/")
    account = rest.split("/", 1)[0] if rest[:12].isdigit() else None
    return {"source": service, "account": account, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _text(value: object) -> str | None:
    """The text, fit for any encoding; None for what is none."""
    return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if isinstance(value, str) else None


def _moment(value: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
