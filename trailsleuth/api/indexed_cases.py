"""Cases of indexes: a question reads the rows that bear on it; all of the evidence is read only when asked for."""

from __future__ import annotations

from collections.abc import Sequence

from trailsleuth.api.cases import LargeCase
from trailsleuth.api.indexed import ask_indexes
from trailsleuth.api.listing import Listing, list_evidence
from trailsleuth.fetch.exports import STDIN
from trailsleuth.fetch.index_format import is_index
from trailsleuth.fetch.index_read import IndexFile
from trailsleuth.fetch.paths import read_paths
from trailsleuth.ingest import read_evidence
from trailsleuth.investigation import run_investigation
from trailsleuth.model import CaseFile, Evidence, Inquiry


class IndexedCase(LargeCase):
    """Indexes, and what is named beside them."""

    def __init__(self, paths: Sequence[str], indexes: Sequence[IndexFile], listing: Listing, *, stdin: bytes | None = None) -> None:
        super().__init__(listing, stdin=stdin)
        self.__dict__.update(paths=list(paths), indexes=list(indexes))

    def __repr__(self) -> str:
        return f"IndexedCase({', '.join(self.__dict__['paths'])})"

    def __getattr__(self, name: str) -> Evidence:
        if name != "evidence":
            raise AttributeError(name)
        self.__dict__["evidence"] = read = read_evidence(read_paths(self.__dict__["paths"], stdin=self.__dict__["stdin"]))
        return read

    def _answer(self, inquiry: Inquiry) -> CaseFile:
        held = self.__dict__
        needed = held.get("evidence") or ask_indexes(held["indexes"], held["listing"], inquiry, stdin=held["stdin"])
        return run_investigation(self.evidence if needed is None else needed, inquiry)


def indexed_case(paths: Sequence[str], *, stdin: bytes | None = None) -> IndexedCase:
    """The case of these paths, among them an index at least; each index once."""
    named = list(dict.fromkeys(path for path in paths if path != STDIN and is_index(path)))
    others = [path for path in paths if path not in named]
    return IndexedCase(paths, [IndexFile(path) for path in named], list_evidence(others), stdin=stdin)
