"""Which log files are as CloudTrail delivered them: each file's hash against the digests that name it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from trailsleuth.digests.chains import Judged
from trailsleuth.digests.inflate import Unsound, content_sha256, head_of
from trailsleuth.digests.places import METADATA_SUFFIX, base_name, expected_path, is_digest_name, parse_log_name, same_place
from trailsleuth.digests.reading import NamedLog
from trailsleuth.digests.spans import Spans, TimeRange
from trailsleuth.model.coverage import Skipped
from trailsleuth.model.record import RawInput
from trailsleuth.model.verification import CheckedFile, Integrity


class Entry(Struct):
    """A log that a digest names, and what became of it."""

    log: NamedLog
    by: Judged
    seen: bool = False
    unread: str | None = None


class LogReport(Struct, frozen=True, kw_only=True):
    """`logs` are all that were named or found, `misplaced` are digests under a log's name, `skipped` is no log."""

    logs: tuple[CheckedFile, ...]
    misplaced: tuple[CheckedFile, ...]
    skipped: tuple[Skipped, ...]


class LogBook:
    """All logs that the digests name; files are checked one by one against it, then what never came is missing."""

    def __init__(self, judged: Iterable[Judged], *, spans: Spans, asked: TimeRange) -> None:
        self._by_name: dict[str, list[Entry]] = {}
        self._spans, self._asked = spans, asked
        for verdict in judged:
            for log in verdict.digest.logs:
                self._by_name.setdefault(base_name(log.key), []).append(Entry(log, verdict))

    def check(self, files: Iterable[RawInput | Skipped]) -> LogReport:
        """A state for each file and for each log that no file is."""
        logs: list[CheckedFile] = []
        misplaced: list[CheckedFile] = []
        skipped: list[Skipped] = []
        for file in files:
            entries = [entry for entry in self._by_name.get(base_name(file.source), ()) if same_place(file.source, entry.log.key)]
            if isinstance(file, Skipped):
                skipped.append(file)
                for entry in entries:
                    entry.unread = file.reason
                if not entries and parse_log_name(file.source) is not None:
                    logs.append(CheckedFile(path=file.source, state=Integrity.UNREFERENCED, reason=f"no digest names it, and it cannot be read: {file.reason}"))
            elif entries:
                logs.append(self._named(file, entries))
            else:
                self._stray(file, logs, misplaced, skipped)
        logs.extend(self._missing())
        return LogReport(logs=tuple(logs), misplaced=tuple(misplaced), skipped=tuple(skipped))

    def _named(self, file: RawInput, entries: list[Entry]) -> CheckedFile:
        for entry in entries:
            entry.seen = True
        asked = any(self._is_asked(entry) for entry in entries)
        state, reason = _compare(file.data, entries)
        return CheckedFile(path=file.source, state=state, reason=reason, asked=asked)

    def _stray(self, file: RawInput, logs: list[CheckedFile], misplaced: list[CheckedFile], skipped: list[Skipped]) -> None:
        name = parse_log_name(file.source)
        head = head_of(file.data)
        if is_digest_name(file.source) or b'"digestS3Object"' in head:
            misplaced.append(CheckedFile(path=file.source, state=Integrity.INVALID, reason="a digest under a name that CloudTrail does not give it"))
        elif name is not None:
            state, reason = self._spans.place_stray(name)
            logs.append(CheckedFile(path=file.source, state=state, reason=reason, asked=self._asked.holds(name.time, name.time)))
        elif b'"Records"' in head:
            reason = "no digest names it, and its name is not one that CloudTrail gives"
            logs.append(CheckedFile(path=file.source, state=Integrity.UNREFERENCED, reason=reason))
        elif not file.source.endswith(METADATA_SUFFIX):
            skipped.append(Skipped(source=file.source, reason="neither a log nor a digest"))

    def _is_asked(self, entry: Entry) -> bool:
        oldest, newest = entry.log.oldest, entry.log.newest
        if oldest is None or newest is None:
            return self._asked.holds(entry.by.digest.start, entry.by.digest.end)
        return self._asked.holds(oldest, newest)

    def _missing(self) -> Iterator[CheckedFile]:
        absent: dict[str, Entry] = {}
        for entries in self._by_name.values():
            for entry in entries:
                digest = entry.by.digest
                if not entry.seen and not digest.moved:
                    absent.setdefault(expected_path(entry.log.key, beside=digest.path, beside_key=digest.place[1]), entry)
        for path, entry in absent.items():
            if not self._is_asked(entry):
                yield CheckedFile(path=path, state=Integrity.OUTSIDE_COVERAGE, reason="named by a digest, outside the asked time range", asked=False)
                continue
            reason = "a digest names it, and it is not here"
            if entry.unread is not None:
                reason = f"it cannot be read: {entry.unread}"
            if entry.by.state is Integrity.INVALID:
                reason += "; that digest is invalid"
            yield CheckedFile(path=path, state=Integrity.MISSING, reason=reason)


def _compare(data: bytes, entries: list[Entry]) -> tuple[Integrity, str | None]:
    """The word of a verified digest decides, then that of one whose signature is unknown; an invalid one has no say."""
    try:
        sha256 = content_sha256(data)
    except Unsound as fault:
        return Integrity.INVALID, str(fault)
    for standing in (Integrity.VERIFIED, Integrity.HASH_OK_SIGNATURE_UNKNOWN):
        speaking = [entry for entry in entries if entry.by.state is standing]
        if any(entry.log.sha256 == sha256 for entry in speaking):
            return standing, speaking[0].by.reason and f"its digest: {speaking[0].by.reason}"
        if speaking:
            return Integrity.INVALID, f"its content is not what the digest {speaking[0].by.digest.path} records"
    return Integrity.UNREFERENCED, f"only an invalid digest names it: {entries[0].by.digest.path}"
