"""Tables of knowledge: TOML files beside the modules that read them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.util import cache_from_source, source_hash
from pathlib import Path
from typing import Any

from msgspec import MsgspecError, msgpack, to_builtins


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a file, as it stands there; days as text.

    TOML is slow to read: a table that was read is kept where Python keeps compiled modules, thirty times as fast, under a hash of the whole file, so that
    a table that was edited is read anew. Nothing is kept where Python may keep nothing either.
    """
    text = path.read_bytes()
    stamp, kept = source_hash(text), Path(cache_from_source(str(path))).with_suffix(".msgpack")
    with suppress(OSError, MsgspecError):
        packed = kept.read_bytes()
        if packed.startswith(stamp):
            return msgpack.decode(packed[len(stamp) :], type=dict[str, Any])
    from tomllib import loads  # needed once a table

    table: dict[str, Any] = to_builtins(loads(text.decode("utf-8")))
    if not sys.dont_write_bytecode:
        _keep(kept, stamp + msgpack.encode(table))
    return table


def _keep(path: Path, packed: bytes) -> None:
    """Whole or not at all: another run may be reading, or writing the same."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(exist_ok=True, parents=True)
        draft.write_bytes(packed)
        draft.replace(path)
