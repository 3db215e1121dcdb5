"""Cases: evidence that was read once and can be asked about many times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Unpack

from msgspec.structs import replace

from trailsleuth.api.cleaned import record_without_secrets, without_secrets
from trailsleuth.api.diagnosis import Diagnosis
from trailsleuth.api.paths import inquiry_in, read_paths
from trailsleuth.errors import UsageError
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import ENTRIES, FIRST, CaseFile, Evidence, Inquiry, RawInput, Skipped
from trailsleuth.report.document import coverage_document
from trailsleuth.scan.listing import SCAN_FROM, Listing, list_evidence
from trailsleuth.sources.engines.addresses import is_engine
from trailsleuth.sources.files.exports import read_inputs
from trailsleuth.sources.files.kinds import STDIN, is_index, is_more_than_files

if TYPE_CHECKING:
    import pandas as pd

    from trailsleuth.api.views import Conditions
    from trailsleuth.model.reduction import Reduction
    from trailsleuth.trail_index.store import IndexFile


class Case:
    """Evidence, read. `diagnose` answers a question about it; `records` is the trail as a DataFrame (UTC, CloudTrail's names).

    `fetched_for` is what a fetched case was fetched for: asked again where no other way in is given.
    """

    evidence: Evidence
    fetched_for: Inquiry | None = None

    def __init__(self, evidence: Evidence, fetched_for: Inquiry | None = None) -> None:
        self.evidence, self.fetched_for = evidence, fetched_for

    def __repr__(self) -> str:
        from trailsleuth.report import words

        return f"Case({words.coverage_line(coverage_document(self.evidence.coverage))})"

    def _repr_html_(self) -> str:
        from trailsleuth.report.embedded import embedded_coverage

        return embedded_coverage(self.evidence.coverage)

    def diagnose(
        self,
        *,
        pipeline: str | None = None,
        execution_id: str | None = None,
        role: str | None = None,
        session: str | None = None,
        access_key: str | None = None,
        event_id: str | None = None,
        stack: str | None = None,
        build: str | None = None,
        deployment: str | None = None,
        task: str | None = None,
        service: str | None = None,
        function: str | None = None,
        state_machine: str | None = None,
        error: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        everything: bool = False,
        limit: int = FIRST,
        second_opinion: bool = False,
    ) -> Diagnosis:
        """The failed execution or thing, role, session, credential or record asked about; without any, every denied chain, the likeliest cause first.

        `everything`: the denials of others are worked out as well, not only counted. `limit`: where nothing is asked, so many kinds of denials (one
        caller, call and error code) are worked out, the likeliest ones. `second_opinion`: each change comes with the command that asks AWS's
        policy simulator about it.
        """
        return self.ask(
            Inquiry(
                pipeline=pipeline,
                execution_id=execution_id,
                role=role,
                session=session,
                access_key=access_key,
                event_id=event_id,
                stack=stack,
                build=build,
                deployment=deployment,
                task=task,
                service=service,
                function=function,
                state_machine=state_machine,
                error=error,
                since=since,
                until=until,
                everything=everything,
                limit=limit,
                second_opinion=second_opinion,
            )
        )

    def ask(self, inquiry: Inquiry) -> Diagnosis:
        """The answer to a question that is packed already. Raises UsageError where a name in it is empty, since that would ask about everything."""
        empty = next((name for name in ENTRIES if (text := getattr(inquiry, name)) is not None and not text.strip()), None)
        if empty is not None:
            raise UsageError(f"--{empty.replace('_', '-')} is empty", next_step="name what is asked about, or leave it out")
        return Diagnosis(without_secrets(self._answer(_writable(inquiry).or_else(self.fetched_for))))

    def _answer(self, inquiry: Inquiry) -> CaseFile:
        return _investigated(self.evidence, inquiry)

    @cached_property
    def records(self) -> pd.DataFrame:
        """One row a record."""
        from trailsleuth.report import frames

        return frames.records_frame(map(record_without_secrets, self.evidence.records))

    def events(self, **conditions: Unpack[Conditions]) -> pd.DataFrame:
        """The records that meet the conditions: `case.events(denied=True, call="s3:*")`."""
        from trailsleuth.api import looks
        from trailsleuth.report import frames

        return frames.records_frame(looks.stream(self.evidence.records, **conditions))

    def sessions(self, **conditions: Unpack[Conditions]) -> pd.DataFrame:
        """One row a credential, with who issued it."""
        from trailsleuth.api import looks

        return looks.sessions(self.evidence.records, **conditions)

    def timeline(self, **conditions: Unpack[Conditions]) -> pd.DataFrame:
        """One row a call in the order of time, equal ones in a row as one."""
        from trailsleuth.api import looks

        return looks.timeline(self.evidence.records, **conditions)

    def denied(self, by: str | Sequence[str] = "principal,action") -> pd.DataFrame:
        """One row a group of denied calls, the largest first: by principal, action, service, code, day, account, region."""
        from trailsleuth.api import looks

        return looks.denied(self.evidence.records, by)

    def reduce(self, role: str, *, since: datetime | None = None, until: datetime | None = None, boundary: bool = False) -> Reduction:
        """The smallest policy that allows what the role was seen to do."""
        from trailsleuth.api.reducing import reduce_evidence

        return reduce_evidence(self.evidence, role=role, since=since, until=until, boundary=boundary)

    def simulate(self, *, principal: str, action: str, resource: str, context: Mapping[str, tuple[str, ...]] | None = None) -> list[dict[str, Any]]:
        """What IAM would decide on a request, by the policies in the evidence."""
        from trailsleuth.api.decisions import simulate_by

        return simulate_by(self.evidence.policies, principal=principal, action=action, resource=resource, context=context)


def _investigated(evidence: Evidence, inquiry: Inquiry) -> CaseFile:
    from trailsleuth.investigation import run_investigation  # a third of a second, which frames need not wait for

    return run_investigation(evidence, inquiry)


def _writable(inquiry: Inquiry) -> Inquiry:
    """Its texts without half surrogate pairs: a command line's bytes that are no UTF-8 become them, and no JSON can carry them."""
    texts = {name: text for name in (*ENTRIES, "error") if (text := getattr(inquiry, name)) is not None}
    return replace(inquiry, **{name: text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for name, text in texts.items()})


class LargeCase(Case):
    """Evidence on disk that is too large to be held. A question reads what it needs, `evidence` everything, `records` what a row shows."""

    def __init__(self, paths: Sequence[str], listing: Listing, *, stdin: bytes | None = None, indexes: Sequence[IndexFile] = ()) -> None:
        self.__dict__.update(paths=list(paths), listing=listing, stdin=stdin, indexes=list(indexes))

    def __repr__(self) -> str:
        return f"LargeCase({', '.join(self.__dict__['paths'])})"

    def __getattr__(self, name: str) -> Evidence:
        if name != "evidence":
            raise AttributeError(name)
        read = read_evidence(read_paths(self.__dict__["paths"], stdin=self.__dict__["stdin"]))
        self.__dict__["evidence"] = read
        return read

    @cached_property
    def records(self) -> pd.DataFrame:
        """One row a record."""
        held = self.__dict__
        if "evidence" in held or held["indexes"] or not {*held["listing"].other} <= {STDIN}:  # read already, or not to be read twice
            return super().records
        from trailsleuth.api.rows import evidence_frame

        return evidence_frame(lambda: read_paths(held["paths"], stdin=held["stdin"]))

    def calls_of(self, role: str) -> Evidence:
        """Every call of a role or user, those that say the same on one day counted together, with what is needed beside them."""
        needed = None if "evidence" in self.__dict__ else self._needed(Inquiry(role=role, calls=True))
        return self.evidence if needed is None else needed

    def _answer(self, inquiry: Inquiry) -> CaseFile:
        needed = None if "evidence" in self.__dict__ else self._needed(inquiry)
        return super()._answer(inquiry) if needed is None else _investigated(needed, inquiry)

    def _needed(self, inquiry: Inquiry) -> Evidence | None:
        """The evidence that the question needs, from the indexes and from what lies beside them; None where everything has to be read for it."""
        held = self.__dict__
        if held["indexes"]:
            from trailsleuth.trail_index.ask import ask_indexes

            return ask_indexes(held["indexes"], held["listing"], inquiry, stdin=held["stdin"])
        from trailsleuth.scan.two_passes import scan_evidence

        return scan_evidence(held["listing"], inquiry, stdin=held["stdin"])


def load(
    paths: str | PathLike[str] | Sequence[str | PathLike[str]],
    *,
    stdin: bytes | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    prune: bool = False,
) -> Case:
    """Reads exported evidence: files, directories, archives; an index of them; folders of `trailsleuth fetch`; `s3://` trail buckets; engines.

    "-" stands for `stdin`. `logs://LOG_GROUP`, `athena://DATABASE/TABLE`, `lake://ID` and `spark://HOST:PORT/PATH` bring what they select of the time
    from `since` to `until`, which otherwise only `prune` heeds: it leaves out log files that by their names lie 13 hours before it or 26 hours after it.
    Raises EvidenceUnreadable for a path that does not exist; odd content is part of the coverage instead.
    """
    listed = [fspath(p) for p in ([paths] if isinstance(paths, str | PathLike) else paths)]
    if engines := [path for path in listed if is_engine(path)]:
        from trailsleuth.api.engines import Asked, read_engines

        selected = read_engines(engines, Asked(inquiry=Inquiry(since=since, until=until)))
        files = [path for path in listed if path not in engines]
        return Case(read_evidence((*selected, *read_paths(files, stdin=stdin))), inquiry_in(files))
    if is_more_than_files(listed):
        return Case(read_evidence(read_paths(listed, stdin=stdin)), inquiry_in(listed))
    indexes = [path for path in dict.fromkeys(listed) if path != STDIN and is_index(path)]
    listing = list_evidence([path for path in listed if path not in indexes])
    if indexes:
        from trailsleuth.trail_index.store import IndexFile

        return LargeCase(listed, listing, stdin=stdin, indexes=[IndexFile(path) for path in indexes])
    if prune and (within := listing.within(since, until)) is not listing:
        return LargeCase(within.paths, within, stdin=stdin)
    if listing.size >= SCAN_FROM:
        return LargeCase(listed, listing, stdin=stdin)
    return load_inputs(read_inputs(listed, stdin=stdin))


def load_inputs(inputs: Iterable[RawInput | Skipped]) -> Case:
    """A case from inputs that were fetched already."""
    return Case(read_evidence(inputs))
