"""Chain of custody: which findings rest on log files that CloudTrail's digests prove, and what a case consists of."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.api.digests import verify
from trailsleuth.api.paths import read_paths
from trailsleuth.errors import UsageError
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import CaseFile, Evidence, Evidenced, Finding, Gap, Inquiry, Outcome, Skipped
from trailsleuth.model.verification import CheckedFile, Integrity, Verification
from trailsleuth.sources.files.case_folder import read_manifest
from trailsleuth.sources.files.kinds import is_case_folder

__all__ = ["Summary", "info", "mark_unverified"]

_HARM = {Integrity.INVALID: "not as CloudTrail delivered it", Integrity.MISSING: "a log file that a digest names is not there"}


class Summary(Struct, frozen=True, kw_only=True):
    """What a case consists of. `manifest` is that of a fetched case folder, `departures` what is not as it was fetched; both empty for other evidence."""

    evidence: Evidence
    manifest: Mapping[str, object]
    departures: tuple[Skipped, ...]

    @property
    def exit_code(self) -> int:
        """0: all of it could be read, as it was fetched; 3: not all."""
        coverage = self.evidence.coverage
        return 3 if self.departures or coverage.unreadable or any(skipped.lost for skipped in coverage.skipped) else 0


def info(paths: Sequence[str | os.PathLike[str]], *, stdin: bytes | None = None) -> Summary:
    """The inputs with their hashes, what they cover, and for a case folder its manifest and where the folder departs from it."""
    listed = [os.fspath(path) for path in paths]
    folders = [path for path in listed if is_case_folder(Path(path))]
    inputs = list(read_paths(listed, stdin=stdin))
    manifest = read_manifest(Path(folders[0])) if len(folders) == 1 else {}
    pieces = manifest.get("pieces")
    names = pieces.keys() if isinstance(pieces, dict) else ()
    departures = tuple(item for item in inputs if isinstance(item, Skipped) and item.source in names)
    return Summary(evidence=read_evidence(inputs), manifest=manifest, departures=departures)


def mark_unverified(
    case: CaseFile, paths: Iterable[str | os.PathLike[str]], *, inquiry: Inquiry, keys: str | None = None, profile: str | None = None
) -> CaseFile:
    """The case with each cited record marked: does it come from a log file that digests in the given directories prove?

    Files that were changed or taken away are gaps of the coverage, and where nothing was found they leave the case inconclusive.
    """
    directories = [os.fspath(path) for path in paths if os.fspath(path) != "-" and Path(path).is_dir()]
    if not directories:
        raise UsageError("--verify checks directories with digest files, and no directory was given", next_step="give the directory that `aws s3 sync` filled")
    checked = {path: verify(path, keys, inquiry.since, inquiry.until, profile=profile) for path in directories}
    states = {Path(root) / file.path: file for root, found in checked.items() for file in found.logs}
    gaps = tuple(gap for root, found in checked.items() for gap in _gaps(root, found))
    harmed = any(found.exit_code == 1 for found in checked.values())
    marked = replace(
        case,
        findings=tuple(_marked(finding, states) for finding in case.findings),
        coverage=replace(case.coverage, gaps=(*case.coverage.gaps, *gaps)),
    )
    if case.outcome is not Outcome.NO_DENIAL_FOUND or not (gaps or harmed):
        return marked
    summary = f"{case.summary} But log files were changed or are missing, so a denial may have been there."
    return replace(marked, outcome=Outcome.INCONCLUSIVE, summary=summary)


def _gaps(root: str, found: Verification) -> Iterator[Gap]:
    """Holes in the chain of digests, and files that were changed or taken away."""
    yield from found.gaps
    for file in (*found.digests, *found.logs):
        if file.asked and file.state in _HARM:
            yield Gap(account=None, region=None, start=None, end=None, why=f"{Path(root) / file.path}: {_HARM[file.state]} ({file.reason})")


def _marked(finding: Finding, states: Mapping[Path, CheckedFile]) -> Finding:
    if not finding.evidence:
        return finding
    evidence = tuple(replace(record, verified=_is_verified(record, states)) for record in finding.evidence)
    unproven = [record for record in evidence if not record.verified]
    if not unproven:
        return replace(finding, evidence=evidence)
    first = states.get(Path(unproven[0].source))
    why = f"{unproven[0].source}: {first.state}, {first.reason}" if first else f"{unproven[0].source}: no digest names it"
    told = f"Not proven: {len(unproven)} of {len(evidence)} cited records come from files that are not verified ({why})."
    return replace(finding, evidence=evidence, explanation=f"{finding.explanation} {told}")


def _is_verified(record: Evidenced, states: Mapping[Path, CheckedFile]) -> bool:
    file = states.get(Path(record.source))
    return file is not None and file.state is Integrity.VERIFIED
