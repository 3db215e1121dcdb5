"""The whole check of one tree: digests, then logs, then what is missing between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trailsleuth.digests.chains import Judged, judge_digests
from trailsleuth.digests.keys import KeyRing
from trailsleuth.digests.logs import LogBook
from trailsleuth.digests.places import METADATA_SUFFIX, is_digest_name
from trailsleuth.digests.reading import DigestSet
from trailsleuth.digests.spans import Spans, TimeRange, covered_spans, find_gaps, missing_digests
from trailsleuth.model.coverage import Skipped
from trailsleuth.model.record import RawInput
from trailsleuth.model.verification import CheckedFile, Integrity, Verification

__all__ = ["TimeRange", "verify_tree"]


def verify_tree(found: DigestSet, files: Iterable[RawInput | Skipped], *, keys: KeyRing, asked: TimeRange) -> Verification:
    """A state for every digest and log file; `files` are read once, one at a time."""
    judged = judge_digests(found, keys)
    spans = Spans.of(covered_spans(judged))
    report = LogBook(judged, spans=spans, asked=asked).check(files)
    unread = {item.source: item.reason for item in (*found.unread, *report.skipped)}
    no_keys = (Skipped(source="list of public keys", reason=fault) for fault in keys.faults)
    # A digest that is there and invalid is told once; the one that another names is not missing besides.
    broken = {path for path, _ in found.malformed} | {member.digest.path for member in judged if member.state is Integrity.INVALID}
    missing = tuple(file for file in missing_digests(judged, asked=asked, spans=spans, unread=unread) if file.path not in broken)
    digests = (*_shown(judged, found, asked), *missing, *report.misplaced, *_unreadable(found, missing))
    return Verification(
        digests=tuple(sorted(set(digests), key=lambda file: (file.path, file.state))),
        logs=tuple(sorted(report.logs, key=lambda file: (file.path, file.state))),
        coverage=spans.covered,
        gaps=find_gaps(judged, asked=asked, spans=spans),
        skipped=tuple(sorted((*found.unread, *report.skipped, *no_keys), key=lambda item: (item.source, item.reason))),
    )


def _shown(judged: Iterable[Judged], found: DigestSet, asked: TimeRange) -> Iterator[CheckedFile]:
    for member in judged:
        inside = asked.overlaps(member.digest.start, member.digest.end)
        yield CheckedFile(path=member.digest.path, state=member.state, reason=member.reason, asked=inside)
    for path, reason in found.malformed:
        yield CheckedFile(path=path, state=Integrity.INVALID, reason=f"no digest that CloudTrail delivered: {reason}")


def _unreadable(found: DigestSet, missing: Iterable[CheckedFile]) -> Iterator[CheckedFile]:
    """Digest files that are there and cannot be read, where no other digest already says that they are missing."""
    told = {file.path for file in missing}
    for item in found.unread:
        if is_digest_name(item.source) and not item.source.endswith(METADATA_SUFFIX) and item.source not in told:
            yield CheckedFile(path=item.source, state=Integrity.MISSING, reason=f"it cannot be read: {item.reason}")
