"""The smallest policy of a role."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime

from trailsleuth.api.cases import LargeCase, load
from trailsleuth.api.engines import Asked, read_engines
from trailsleuth.api.paths import read_paths
from trailsleuth.api.reducing import reduce_evidence
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.ingest.lean import read_lean
from trailsleuth.model import Evidence, Inquiry, RawInput, Skipped
from trailsleuth.model.reduction import Reduction, Reductions
from trailsleuth.remedy.reduce.together import permission_set, seen_principals, stands_for_several
from trailsleuth.scan.listing import SCAN_FROM, list_evidence
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
    evidence = _read(paths, stdin, role, since=since, until=until)
    return reduce_evidence(evidence, role=role, since=since, until=until, boundary=boundary)


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


def _read(paths: Paths, stdin: bytes | None, role: str | None = None, *, since: datetime | None = None, until: datetime | None = None) -> Evidence:
    """Plain files with as little memory as they need; of a large trail, an index or an engine only what a role called and what is needed beside it."""
    listed = [os.fspath(p) for p in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    if engines := [path for path in listed if is_engine(path)]:
        files = [path for path in listed if path not in engines]
        return read_evidence((*_selected(engines, role, since, until), *read_paths(files, stdin=stdin)))
    if is_more_than_files(listed):
        return load(listed, stdin=stdin).evidence
    alone = role is not None and not stands_for_several(role)
    indexed = any(path != STDIN and is_index(path) for path in listed)
    if indexed or (alone and list_evidence(listed).size >= SCAN_FROM):
        case = load(listed, stdin=stdin)
        return case.calls_of(role) if alone and role and isinstance(case, LargeCase) else case.evidence
    return read_lean(read_inputs(listed, stdin=stdin)) or load(listed, stdin=stdin).evidence


def _selected(engines: Sequence[str], role: str | None, since: datetime | None, until: datetime | None) -> Iterator[RawInput | Skipped]:
    """What engines hold of a role's calls, or of those of a permission set's roles. UsageError where the roles are not told by their name."""
    name = permission_set(role) if role else None
    if role is None or (name is None and stands_for_several(role) and not role.startswith("AWSReservedSSO_")):
        raise UsageError("an engine is asked for one role's calls", next_step="name the role, the user or the permission set with --role")
    wanted = f"{name or role}_*" if stands_for_several(role) else role
    return read_engines(engines, Asked(inquiry=Inquiry(role=wanted, calls=True, since=since, until=until)))
