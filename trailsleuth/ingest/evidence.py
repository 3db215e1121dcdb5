"""Unread inputs in, evidence out: the same whatever the order of the inputs and the split of their files."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from msgspec.structs import replace

from trailsleuth.ingest.acting_roles import ActingRoles, acting_roles, with_inner_failures, with_roles
from trailsleuth.ingest.collected import CollectedTree
from trailsleuth.ingest.contents import pieces_of
from trailsleuth.ingest.coverage import Ledger, account_coverage
from trailsleuth.ingest.decoded import parse_decoded
from trailsleuth.ingest.evaluated import SavedPolicy, join_saved, parse_saved
from trailsleuth.ingest.failed_things import failed_things
from trailsleuth.ingest.gaps import parse_gap, sorted_gaps
from trailsleuth.ingest.once import RecordsOnce, once
from trailsleuth.ingest.pieces import COUNTED, Form, Piece
from trailsleuth.ingest.pipelines import parse_actions, parse_notice, parse_pipeline, parse_runs, parse_state
from trailsleuth.ingest.policies import is_endpoint, parse_org_policy, parse_resource_policy, placed_in_region
from trailsleuth.ingest.record import parse_record
from trailsleuth.ingest.resource_answers import parse_tags
from trailsleuth.ingest.row_coverage import Rows
from trailsleuth.ingest.snapshot import SnapshotPages, managed_policies, principals_of
from trailsleuth.model import (
    ActionRun,
    Coverage,
    DecodedAuthorization,
    Evidence,
    Gap,
    OrgPolicy,
    Origin,
    Pipeline,
    PipelineRun,
    PolicyEvidence,
    RawInput,
    Record,
    ResourcePolicy,
    Skipped,
)
from trailsleuth.model.tags import ThingTags

T = TypeVar("T")

_MANY_OBJECTS = 200_000
_NOWHERE = Origin(source="")


def read_evidence(inputs: Iterable[RawInput | Skipped]) -> Evidence:
    """Everything in the inputs, each record once, with what was skipped and why. Never raises on odd content."""
    reader = Reader()
    with no_collector():
        for item in inputs:
            reader.take(item)
        return reader.evidence()


@contextmanager
def no_collector() -> Iterator[None]:
    """JSON makes no cycles, but its many objects set the cycle collector off again and again: half the time of a large trail.

    After a small one the collector goes on as usual: what is moved to the oldest generation uncounted would never be looked through.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_count()[0] > _MANY_OBJECTS and not gc.get_freeze_count():
            gc.freeze()  # moves what was made to the oldest generation, so that enabling does not walk through all of it
            gc.unfreeze()
        if enabled:
            gc.enable()


class Reader:
    """What has been read so far."""

    def __init__(self, records: RecordsOnce | None = None) -> None:
        self.ledger = Ledger()
        self.records = records or RecordsOnce()
        self.pages = SnapshotPages()
        self.collected = CollectedTree()
        self.pipelines: list[Pipeline] = []
        self.runs: list[PipelineRun] = []
        self.actions: list[ActionRun] = []
        self.acting: list[ActingRoles] = []
        self.resources: list[ResourcePolicy] = []
        self.organization: list[OrgPolicy] = []
        self.decoded: list[DecodedAuthorization] = []
        self.evaluated: list[SavedPolicy] = []
        self.tags: list[ThingTags] = []
        self.gaps: list[Gap] = []
        self._lacks: list[tuple[Skipped, frozenset[tuple[Any, Any]]]] = []  # what rows lack, unless fuller copies of all of them are there

    def take(self, item: RawInput | Skipped) -> None:
        """Reads one input to its end."""
        if isinstance(item, Skipped):
            self.ledger.add_reason(item)
            return
        self.ledger.add_input(item)
        if item.data and not self.collected.take(item):
            self._take_content(item)

    def join_collected(self) -> None:
        """Puts together what lies in the folders of a tree, once all of it is there."""
        for told in self.collected.take_out():
            if isinstance(told, RawInput):
                self._take_content(told)
            else:
                folder, found = told
                for piece in found:
                    self._take_piece(piece, Origin(source=folder))

    def _take_content(self, item: RawInput) -> None:
        position, rows = 0, Rows(item.source)
        for piece in pieces_of(item.data):
            origin = Origin(source=item.source, position=position)
            if piece.told is None:
                self._take_piece(piece, origin)
            else:
                rows.add(piece, origin)
            position += piece.form in COUNTED
        self._take_rows(rows)

    def _take_rows(self, rows: Rows) -> None:
        """The rows of an input, once it is known which members all of them tell."""
        for lack in rows.lacks():
            if lack.lost and (ids := rows.ids()) is not None:
                self._lacks.append((lack, ids))
            else:
                self.ledger.add_reason(lack)
        for piece, origin in rows.usable():
            self._take_piece(piece, origin)

    def _take_piece(self, piece: Piece, origin: Origin) -> None:
        if piece.form is Form.RECORD:
            found = parse_record(piece.value, origin)
            if isinstance(found, Record):
                self.add(found)
            else:
                self.ledger.add_unreadable(origin.source, found.reason)
        elif piece.form is Form.BROKEN:
            self.ledger.add_unreadable(origin.source, piece.reason)
        elif piece.form in (Form.FOREIGN, Form.UNKNOWN, Form.NOTE, Form.CUT):
            self.ledger.add_reason(Skipped(source=origin.source, reason=piece.reason, lost=piece.form is Form.CUT))
        else:
            self._take_answer(piece, origin)

    def add(self, record: Record) -> None:
        """Takes a record that was read."""
        self.records.add(record)

    def _take_answer(self, piece: Piece, origin: Origin) -> None:
        """An answer of CodePipeline, IAM, Organizations or STS."""
        kept: dict[Form, tuple[list[Any], Iterable[Any]]] = {
            Form.PIPELINE: (self.pipelines, parse_pipeline(piece.value, origin)),
            Form.RUNS: (self.runs, parse_runs(piece.value, origin)),
            Form.ACTIONS: (self.actions, parse_actions(piece.value, origin)),
            Form.STATE: (self.actions, parse_state(piece.value, origin)),
            Form.NOTICE: (self.actions, parse_notice(piece.value, origin)),
            Form.DECODED: (self.decoded, parse_decoded(piece.value)),
        }
        if piece.form in kept:
            self._keep(*kept[piece.form], piece, origin)
            return
        match piece.form:
            case Form.FAILED:
                self.actions.extend(failed_things(piece.value, origin))
                self.acting.extend(acting_roles(piece.value))
            case Form.IAM_PART:
                self.pages.add_part(piece.value, origin.source)
            case Form.TAGS:
                self.tags.append(parse_tags(piece.value, origin.source))
            case Form.GAP:
                self.gaps.append(parse_gap(piece.value))
            case Form.SNAPSHOT:
                self.pages.add(piece.value, origin.source)
            case _:
                self._take_policy(piece, origin)

    def _keep(self, kept: list[T], found: Iterable[T], piece: Piece, origin: Origin) -> None:
        """Keeps what was found; an answer that should hold something and does not is named."""
        before = len(kept)
        kept.extend(found)
        if len(kept) == before and not any(value == [] for value in piece.value.values()):
            self.ledger.add_reason(Skipped(source=origin.source, reason=f"looks like {piece.form.name.lower()} and holds nothing usable"))

    def _take_policy(self, piece: Piece, origin: Origin) -> None:
        found: ResourcePolicy | OrgPolicy | SavedPolicy | str
        match piece.form:
            case Form.RESOURCE_POLICY:
                found = parse_resource_policy(piece.value)
            case Form.EVALUATED:
                found = parse_saved(piece.value, origin.source)
            case _:
                found = parse_org_policy(piece.value)
        match found:
            case SavedPolicy():
                self.evaluated.append(found)
            case str():
                self.ledger.add_reason(Skipped(source=origin.source, reason=found, lost=False))
            case ResourcePolicy():
                self.resources.append(found)
            case OrgPolicy():
                self.organization.append(found)

    def evidence(self) -> Evidence:
        """All of it, sorted."""
        self.join_collected()
        records = self.records.sorted()
        self.pages.join_parts()
        for note in (*self.records.notes, *self.pages.all_notes(), *self._lacking()):
            self.ledger.add_reason(note)
        decoded, evaluated, left = join_saved(_sorted_once(self.decoded), self.evaluated)
        for saved in left:
            reason = "a policy as it was evaluated, and the authorization details that list it are not in the evidence: save its policyUri with it"
            self.ledger.add_reason(Skipped(source=saved.source, reason=reason, lost=False))
        coverage = self.coverage(records)
        return Evidence(
            records=records,
            pipelines=once(self.pipelines, lambda one: repr(replace(one, origin=_NOWHERE))),
            runs=once(self.runs, lambda one: one.execution_id),
            actions=with_inner_failures(once(with_roles(self.actions, self.acting), _run_id)),
            policies=replace(self._policies(coverage), evaluated=evaluated),
            decoded=decoded,
            tags=tuple(_sorted_once(self.tags)),
            coverage=coverage,
        )

    def _lacking(self) -> Iterator[Skipped]:
        """What rows lack. Nothing is lost where another input holds each of their records: of copies the fuller one stands."""
        if not self._lacks:
            return
        elsewhere = {
            (key, lack.source)
            for record in self.records.all()
            for lack, _ in self._lacks
            if record.origin.source != lack.source
            for key in ((record.event_id, record.recipient_account), (record.event_id, None))
        }
        for lack, ids in self._lacks:
            yield replace(lack, lost=not all((key, lack.source) in elsewhere for key in ids))

    def coverage(self, records: tuple[Record, ...]) -> Coverage:
        """What was read and what was not."""
        return Coverage(
            accounts=account_coverage(records),
            records_read=len(records),
            duplicates=self.records.duplicates,
            denied=sum(record.denial is not None and record.denial.of_the_call for record in records),
            unreadable=self.ledger.unreadable,
            skipped=self.ledger.skipped(),
            gaps=sorted_gaps(self.gaps),
            inputs=self.ledger.inputs(),
        )

    def _policies(self, coverage: Coverage) -> PolicyEvidence:
        resources = _sorted_once(placed_in_region(self.resources, {one.account: one.regions for one in coverage.accounts}))
        return PolicyEvidence(
            accounts=self.pages.accounts(),
            partial_accounts=self.pages.partial_accounts(),
            principals=principals_of(self.pages),
            managed=managed_policies(self.pages),
            resources=tuple(policy for policy in resources if not is_endpoint(policy)),
            organization=tuple(_sorted_once(self.organization)),
            endpoints=tuple(policy for policy in resources if is_endpoint(policy)),
        )


def _sorted_once(items: Iterable[T]) -> list[T]:
    """Equal items once, in an order of their content."""
    by_content = {repr(item): item for item in items}
    return [by_content[content] for content in sorted(by_content)]


def _run_id(run: ActionRun) -> str:
    return run.action_execution_id or repr(replace(run, origin=_NOWHERE))
