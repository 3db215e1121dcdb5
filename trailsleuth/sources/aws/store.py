"""Where fetched evidence is kept: in memory for a direct diagnosis, in a case folder to answer again later."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct, field

from trailsleuth.model import RawInput
from trailsleuth.sources.aws.calls import Refusal
from trailsleuth.sources.secrets import without_secrets


class Provenance(Struct, frozen=True, kw_only=True):
    """How a piece of evidence was come by: the call, where it was made, which time it covers."""

    call: str
    account: str
    region: str | None = None
    start: datetime | None = None
    end: datetime | None = None


class Store(Protocol):
    """Keeps pieces of evidence by name. A name is made from what was asked, so the same question is asked once."""

    def kept(self, name: str) -> bytes | None:
        """The piece under that name, None where it was never finished."""

    def keep(self, name: str, data: bytes, provenance: Provenance) -> None:
        """Keep a finished piece, whole or not at all."""

    def forget(self, names: Iterable[str]) -> None:
        """Give up pieces that are to be fetched anew."""

    def inputs(self) -> tuple[RawInput, ...]:
        """Everything kept, by name."""


class MemoryStore(Struct):
    """Keeps the evidence of one run in memory."""

    _pieces: dict[str, bytes] = field(default_factory=dict)
    _sources: dict[str, Provenance] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kept(self, name: str) -> bytes | None:
        """The piece under that name."""
        return self._pieces.get(name)

    def keep(self, name: str, data: bytes, provenance: Provenance) -> None:
        """Keep a piece and where it came from."""
        with self._lock:
            self._pieces[name] = data
            self._sources[name] = provenance

    def forget(self, names: Iterable[str]) -> None:
        """Give up pieces."""
        with self._lock:
            for name in names:
                self._pieces.pop(name, None)

    def inputs(self) -> tuple[RawInput, ...]:
        """Everything kept, by name."""
        with self._lock:
            return tuple(raw_input(name, data) for name, data in sorted(self._pieces.items()))


def remembered(store: Store, name: str, provenance: Provenance, ask: Callable[[], Mapping[str, Any] | Refusal]) -> Mapping[str, Any] | Refusal:
    """The piece under that name as JSON; asked for, and kept without its secrets, where it is not there yet."""
    data = store.kept(name)
    if data is None:
        answer = ask()
        if isinstance(answer, Refusal):
            return answer
        data = encoded(answer)
        store.keep(name, data, provenance)
    document: Mapping[str, Any] = json.loads(data)
    return document


def raw_input(name: str, data: bytes) -> RawInput:
    """A piece as the core takes it."""
    return RawInput(source=name, data=data, sha256=hashlib.sha256(data).hexdigest(), path=name, size=len(data))


def encoded(value: object) -> bytes:
    """The JSON bytes of an answer without its secrets."""
    return json_bytes(without_secrets(value))


def json_bytes(value: object) -> bytes:
    """A value as JSON, times as text: the same answer gives the same bytes."""
    return (json.dumps(value, indent=1, sort_keys=True, default=_as_text) + "\n").encode()


def piece_name(*parts: str, suffix: str = ".json") -> str:
    """A file name from what was asked: readable, safe on every file system, and unlike any other question's."""
    *folders, last = parts
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", last)
    if safe != last or len(safe) > 80:
        safe = f"{safe[:80]}-{hashlib.sha256(last.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    return "/".join([*folders, safe + suffix])


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
