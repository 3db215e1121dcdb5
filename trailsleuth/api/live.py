"""The evidence of a failed execution out of live accounts, read-only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

from msgspec import Struct

from trailsleuth.api.cases import Case
from trailsleuth.catalog.pipeline_actions import call_places
from trailsleuth.errors import UsageError
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import ENTRIES, Inquiry, RawInput
from trailsleuth.sources.aws.live import WAYS_IN, open_live, settle
from trailsleuth.sources.aws.sessions import Surroundings
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.files.case_folder import CaseFolder, new_folder

__all__ = ["Asked", "fetch", "gather", "this_second"]


class Asked(Struct, frozen=True, kw_only=True):
    """What is asked and through whom; it lies in the manifest of a case folder, so that a resumed fetch asks the same."""

    inquiry: Inquiry
    ways: Ways
    now: datetime

    def document(self) -> dict[str, Any]:
        """For the manifest."""
        entries = {name: getattr(self.inquiry, name) for name in ENTRIES}
        ways = {"profiles": self.ways.profiles, "assume_roles": self.ways.assume_roles, "regions": self.ways.regions}
        return {**entries, **ways, "since": self.inquiry.since, "until": self.inquiry.until, "now": self.now}

    def new_folder(self, path: Path) -> CaseFolder:
        """A case folder for it. Raises UsageError where nothing is asked, or where the folder holds something."""
        if not any(getattr(self.inquiry, name) for name in ENTRIES):
            raise UsageError("no entry point given", next_step=WAYS_IN)
        return new_folder(path, version=version("trailsleuth"), inquiry=self.document())


def this_second() -> datetime:
    """The end of time for a question that is asked now."""
    return Surroundings().now().replace(microsecond=0)


def fetch(
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
    since: datetime | None = None,
    until: datetime | None = None,
    profiles: Sequence[str] = (),
    assume_roles: Sequence[str] = (),
    regions: Sequence[str] = (),
    folder: str | PathLike[str] | None = None,
    wait: timedelta | None = None,
) -> Case:
    """The case that live accounts tell: one AWS profile an account, or roles into further ones; nothing is changed there.

    `case.diagnose()` then answers what it was fetched for. With `folder` the evidence is kept there, too, for `load(folder)`; `wait`: how long to ask again for
    records that are still on their way. Raises UsageError where nothing is asked or the folder is not empty, AccountUnreachable where an account is.
    """
    inquiry = Inquiry(
        pipeline=pipeline, execution_id=execution_id, role=role, session=session, access_key=access_key, event_id=event_id, stack=stack, build=build,
        deployment=deployment, task=task, service=service, function=function, state_machine=state_machine, since=since, until=until,
    )  # fmt: skip
    ways = Ways(profiles=tuple(profiles), assume_roles=tuple(assume_roles), regions=tuple(regions))
    asked = Asked(inquiry=inquiry, ways=ways, now=this_second())
    pieces = gather(asked, asked.new_folder(Path(folder)) if folder is not None else None, wait=wait)
    return Case(read_evidence(pieces), inquiry)


def gather(asked: Asked, store: CaseFolder | None = None, *, around: Surroundings | None = None, wait: timedelta | None = None) -> tuple[RawInput, ...]:
    """Every piece that bears on the question, as exports have it, and what could not be fetched; put away in the case folder as they come."""
    live = open_live(asked.ways, around=around or Surroundings(), places=call_places, store=store, now=asked.now, wait=wait)
    if store is not None:
        store.collected_by({account.id: account.identity for account in live.accounts.values()})
    settle(live, asked.inquiry, lambda pieces: Case(read_evidence(pieces), asked.inquiry).diagnose().case_file)
    if store is not None:
        store.finish()
    return live.inputs()
