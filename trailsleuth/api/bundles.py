"""Evidence packed to be handed on: as it is, or under other names with the same verdict."""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from msgspec import Struct, field

from trailsleuth.api.paths import inquiry_in, read_paths
from trailsleuth.catalog.actions import prefixes
from trailsleuth.catalog.arn_words import arn_words, plain_words, prose_words
from trailsleuth.ingest.collected import CollectedTree, path_in_tree
from trailsleuth.ingest.contents import pieces_of
from trailsleuth.ingest.pieces import Form, Piece
from trailsleuth.model import ENTRIES, RawInput, Skipped
from trailsleuth.patterns import late
from trailsleuth.report.redact_evidence import EvidenceVeil

__all__ = ["Bundle", "bundle"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold: equal evidence gives equal bytes
_UNREADABLE = {"eventVersion": "1.0", "eventName": "Unreadable"}  # stands for a record that could not be read
_SERVICE = late(rb"(?:arn:aws[a-z-]*:|\b)([a-z0-9-]+)(?::|\.amazonaws\.com)")
_CUT = b'{"Records": ['


class Bundle(Struct, frozen=True, kw_only=True):
    """Files by name, what was left out and why, and the question (`pipeline`, `role` …) in the words of the bundle."""

    files: tuple[tuple[str, bytes], ...]
    left_out: tuple[Skipped, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)

    def zipped(self) -> bytes:
        """The zip file."""
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in self.files:
                packed.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
        return out.getvalue()


def bundle(paths: Paths, *, redact: bool = False, asked: Mapping[str, str] | None = None, stdin: bytes | None = None) -> Bundle:
    """Everything under the paths that is evidence. `redact`: identifiers are replaced throughout, and so that the diagnosis stays the same."""
    listed = [os.fspath(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    asked = asked or _fetched_for(listed)
    found = list(read_paths(listed, stdin=stdin))
    left_out = tuple(item for item in found if isinstance(item, Skipped))
    inputs = sorted((item for item in found if isinstance(item, RawInput) and item.data), key=lambda item: (item.source, item.data))
    if not redact:
        return Bundle(files=tuple(_as_it_is(inputs)), left_out=left_out, asked=dict(asked))
    secret = hashlib.sha256(b"".join(hashlib.sha256(item.data).digest() for item in inputs)).digest()
    held = list(_held(inputs))
    services = _services(inputs)
    prose = prose_words() | plain_words(services)
    veil = EvidenceVeil(prefixes(), arn_words(services) | services, secret=secret, prose=prose)
    veil.learn_all(piece.value for pieces in held for piece in pieces)
    files = tuple(file for number, pieces in enumerate(held, 1) for file in _redacted(number, pieces, veil))
    return Bundle(files=files, left_out=left_out, asked={name: veil.text(text) if name == "error" else veil.leaf(text) for name, text in asked.items()})


def _fetched_for(paths: Sequence[str]) -> dict[str, str]:
    """The question that a fetched case among the paths was fetched for."""
    inquiry = inquiry_in(paths)
    return {name: text for name in (*ENTRIES, "error") if (text := getattr(inquiry, name, None))}


def _services(inputs: Iterable[RawInput]) -> frozenset[str]:
    """The services that occur in the evidence."""
    return prefixes() & {found.decode() for item in inputs for found in _SERVICE.findall(item.data)} | {"iam"}


def _as_it_is(inputs: Iterable[RawInput]) -> Iterator[tuple[str, bytes]]:
    for number, item in enumerate(inputs, 1):
        name = PurePath(item.source).name[-80:] or "stdin"
        yield f"evidence/{path_in_tree(item) or f'{number:04d}-{name}'}", item.data


def _held(inputs: Iterable[RawInput]) -> Iterator[list[Piece]]:
    """What each input holds; files of one folder of a tree together, since none says alone whose it is."""
    tree = CollectedTree()
    alone = [item for item in inputs if not tree.take(item)]
    for told in tree.take_out():
        if isinstance(told, RawInput):
            alone.append(told)
        else:
            yield told[1]
    yield from (list(pieces_of(item.data)) for item in alone)


def _redacted(number: int, pieces: Sequence[Piece], veil: EvidenceVeil) -> Iterator[tuple[str, bytes]]:
    """The records of an input in one file, its other answers in a second; parts that could not be read leave a mark, since they are gaps."""
    records = [_UNREADABLE if piece.form is Form.BROKEN else veil.value(piece.value) for piece in pieces if piece.form in (Form.RECORD, Form.BROKEN)]
    answers = [veil.value(piece.value) for piece in pieces if piece.value is not None and piece.form is not Form.RECORD]
    if records:
        yield f"evidence/{number:04d}-records.json", (json.dumps({"Records": records}) + "\n").encode()
    if answers:
        yield f"evidence/{number:04d}-answers.jsonl", "".join(f"{json.dumps(answer)}\n" for answer in answers).encode()
    if any(piece.form is Form.CUT for piece in pieces):
        yield f"evidence/{number:04d}-cut.json", _CUT
