"""The smallest policy of a role."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime

from trailsleuth.api.cases import load
from trailsleuth.api.reducing import reduce_evidence
from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.ingest.lean import read_lean
from trailsleuth.model import Evidence
from trailsleuth.model.reduction import Reduction, Reductions
from trailsleuth.remedy.reduce.together import permission_set, seen_principals
from trailsleuth.sources.engines.addresses import is_engine
from trailsleuth.sources.files.exports import read_inputs
from trailsleuth.sources.files.kinds import STDIN, is_index, is_more_than_files

__all__ = ["reduce", "reduce_all", "reduce_evidence"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
SHOWN = 8


def reduce(
    paths: Paths, *, role: str, since: datetime | None = None, until: datetime | None = None, stdin: bytes | None = None, boundary: bool = False
) -> Reduction:
    """The smallest policy that allows what the role was seen to do and what its standing findings need; what it holds unused; the proof.

    `role` may be a user, a group (its members together) or a role of a permission set (all its roles, in all accounts). `boundary`: the document is to
    be a permissions boundary, which is one managed policy. Raises EvidenceUnreadable where the evidence knows no such role.
    """
    return reduce_evidence(_read(paths, stdin), role=role, since=since, until=until, boundary=boundary)


def reduce_all(paths: Paths, *, since: datetime | None = None, until: datetime | None = None, stdin: bytes | None = None) -> Reductions:
    """The reduction of every role, user and permission set that made calls. Raises EvidenceUnreadable where none did."""
    evidence = _read(paths, stdin)
    wanted = dict.fromkeys(permission_set(arn) or arn for arn in seen_principals(evidence))
    if not wanted:
        raise EvidenceUnreadable("no role or user made a call in the evidence", why="it holds no such record", next_step="add the trail of its account")
    known = {arn for arn in seen_principals(evidence, also_silent=True) if (permission_set(arn) or arn) not in wanted}
    return Reductions(
        reductions=tuple(reduce_evidence(evidence, role=role, since=since, until=until) for role in wanted),
        silent=tuple(sorted(known)),
    )


def _read(paths: Paths, stdin: bytes | None) -> Evidence:
    """Plain files with as little memory as they need; an index, engines and folders of fetched evidence as every command reads them."""
    listed = [os.fspath(p) for p in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    if any(is_engine(path) or (path != STDIN and is_index(path)) for path in listed) or is_more_than_files(listed):
        return load(listed, stdin=stdin).evidence
    return read_lean(read_inputs(listed, stdin=stdin)) or load(listed, stdin=stdin).evidence
