"""The failed execution as CodePipeline tells it: the definition it ran, its actions, which of them failed, when, with which role.

https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ListActionExecutions.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from trailsleuth.errors import AccountUnreachable, TrailsleuthError, UsageError
from trailsleuth.model import Inquiry, parse_arn
from trailsleuth.sources.aws.calls import Answer, Refusal, Why
from trailsleuth.sources.aws.gaps import NamedGap, gap_of, keep_gap
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, encoded, remembered

EXECUTION_PAGES, ACTION_PAGES = 5, 20


class Place(Struct, frozen=True, kw_only=True):
    """The pipeline where it was found; `answer` is that of GetPipeline, empty where the collector may not read it."""

    name: str
    account: Account
    region: str
    answer: Mapping[str, Any]

    @property
    def definition(self) -> Mapping[str, Any]:
        """The pipeline as its answer defines it."""
        found: Mapping[str, Any] = self.answer.get("pipeline", {})
        return found

    @property
    def piece(self) -> str:
        """The name under which its definition is kept."""
        return f"codepipeline/{self.account.id}/{self.region}/get-pipeline.json"

    @property
    def service_role(self) -> str | None:
        """The role of the pipeline itself."""
        return self.definition.get("roleArn")

    @property
    def artifact_stores(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """Every artifact store with its region."""
        stores = dict(self.definition.get("artifactStores") or {})
        if self.definition.get("artifactStore"):
            stores.setdefault(self.region, self.definition["artifactStore"])
        return tuple(sorted(stores.items()))


class FailedAction(Struct, frozen=True, kw_only=True):
    """One failed action execution. `role` None: it ran with the service role."""

    stage: str
    action: str
    provider: str
    role: str | None
    region: str
    start: datetime
    end: datetime
    external_id: str | None
    configuration: Mapping[str, Any]


class FailedExecution(Struct, frozen=True, kw_only=True):
    """The execution that is asked about and its failed actions; no id where nothing failed."""

    place: Place
    execution_id: str | None
    actions: tuple[FailedAction, ...]


def find_execution(inquiry: Inquiry, accounts: Mapping[str, Account], regions: Sequence[str], store: Store) -> FailedExecution:
    """The failed execution of the pipeline asked about. Raises UsageError where there is no such pipeline."""
    place = _find_pipeline(inquiry.pipeline or "", accounts, regions, store)
    execution_id = inquiry.execution_id or _newest_failed(place, inquiry, store)
    if execution_id is not None:
        place = _at_its_version(place, execution_id, store)
    if place.answer and store.kept(place.piece) is None:
        store.keep(place.piece, encoded(place.answer), Provenance(call="codepipeline:GetPipeline", account=place.account.id, region=place.region))
    details = list(_action_details(place, execution_id, store))
    if execution_id is None:
        execution_id = next((detail.get("pipelineExecutionId") for detail in details if detail.get("status") == "Failed"), None)
    failed = (detail for detail in details if detail.get("status") == "Failed" and detail.get("pipelineExecutionId") == execution_id)
    return FailedExecution(place=place, execution_id=execution_id, actions=tuple(_action(detail, place) for detail in failed))


def _find_pipeline(name: str, accounts: Mapping[str, Account], regions: Sequence[str], store: Store) -> Place:
    refused: list[tuple[Account, Refusal]] = []
    for account in accounts.values():
        for region in regions:
            place = Place(name=name, account=account, region=region, answer={})
            kept = store.kept(place.piece)
            answer = json.loads(kept) if kept is not None else account.ask("codepipeline", "GetPipeline", region, name=name)
            if not isinstance(answer, Refusal):
                account.around.progress.say(f"pipeline {name} is in account {account.id}, {region}")
                return replace(place, answer=answer)
            if answer.why is not Why.ABSENT:
                refused.append((account, answer))
    for account, refusal in refused:
        if not isinstance(account.ask("codepipeline", "ListActionExecutions", refusal.region, pipelineName=name, maxResults=1), Refusal):
            keep_gap(store, gap_of(refusal, lost=f"the definition of pipeline {name}", wanted="execution"))
            return Place(name=name, account=account, region=refusal.region, answer={})
    if refused:
        raise _unreadable(name, refused[0][1])
    raise _unknown(name, accounts, regions)


def _unreadable(name: str, refusal: Refusal) -> AccountUnreachable:
    return AccountUnreachable(
        f"cannot read pipeline {name} in account {refusal.account}, {refusal.region}",
        why=f"AWS answered {refusal.code} to {refusal.call}",
        next_step="allow the collector what `trailsleuth permissions --account pipeline` lists, or run `trailsleuth doctor`",
    )


def _unknown(name: str, accounts: Mapping[str, Account], regions: Sequence[str]) -> TrailsleuthError:
    places, names, unlisted = [], [], ""
    for account in accounts.values():
        for region in regions:
            places.append(f"{account.id} {region}")
            listed = account.ask("codepipeline", "ListPipelines", region, maxResults=100)
            if isinstance(listed, Refusal):
                unlisted = f"AWS answered {listed.code} to {listed.call}, so the names there are not known"
            else:
                names += [str(pipeline.get("name")) for pipeline in listed.get("pipelines", ())]
    known = f"pipelines there: {', '.join(sorted(set(names))[:10])}" if names else unlisted or "no pipeline is listed there"
    return UsageError(f"there is no pipeline {name} in {', '.join(places)}", why=known, next_step="check the name, or give --region and --profile")


def _at_its_version(place: Place, execution_id: str, store: Store) -> Place:
    """The definition at the version that the execution ran, where that is another than today's."""
    about = Provenance(call="codepipeline:GetPipelineExecution", account=place.account.id, region=place.region)
    piece = f"codepipeline/{place.account.id}/{place.region}/get-pipeline-execution.json"
    asked = {"pipelineName": place.name, "pipelineExecutionId": execution_id}
    answer = remembered(store, piece, about, lambda: place.account.ask("codepipeline", "GetPipelineExecution", place.region, **asked))
    if isinstance(answer, Refusal):
        if answer.why is Why.ABSENT:
            raise UsageError(f"pipeline {place.name} has no execution {execution_id}", next_step="leave --execution-id out for the newest failed one")
        keep_gap(store, gap_of(answer, lost="the version of the pipeline that the execution ran; today's definition is used", wanted="execution"))
        return place
    version = answer.get("pipelineExecution", {}).get("pipelineVersion")
    if version is None or not place.definition or version == place.definition.get("version"):
        return place
    then = place.account.ask("codepipeline", "GetPipeline", place.region, name=place.name, version=int(version))
    if isinstance(then, Refusal):
        keep_gap(store, gap_of(then, lost=f"version {version} of pipeline {place.name}", wanted="execution"))
        return place
    return replace(place, answer=then)


def _newest_failed(place: Place, inquiry: Inquiry, store: Store) -> str | None:
    for page in _pages(place, "ListPipelineExecutions", "list-pipeline-executions", {"pipelineName": place.name, "maxResults": 100}, store):
        if isinstance(page, Refusal):
            keep_gap(store, gap_of(page, lost=f"the executions of pipeline {place.name}; the newest failed action is taken instead", wanted="execution"))
            return None
        for run in page.get("pipelineExecutionSummaries", ()):
            if run.get("status") == "Failed" and _within(run, inquiry):
                return str(run["pipelineExecutionId"])
    return None


def _action_details(place: Place, execution_id: str | None, store: Store) -> Iterator[Mapping[str, Any]]:
    asked: dict[str, Any] = {"pipelineName": place.name, "maxResults": 100}
    if execution_id is not None:
        asked["filter"] = {"pipelineExecutionId": execution_id}
    for page in _pages(place, "ListActionExecutions", "list-action-executions", asked, store):
        if isinstance(page, Refusal):
            if page.why is Why.ABSENT:
                raise UsageError(f"pipeline {place.name} has no execution {execution_id}", next_step="leave --execution-id out for the newest failed one")
            raise _unreadable(place.name, page)
        yield from page.get("actionExecutionDetails", ())
        if execution_id is None:
            return  # the newest page tells the newest failure


def _pages(place: Place, operation: str, piece: str, asked: Mapping[str, Any], store: Store) -> Iterator[Answer | Refusal]:
    """The pages of a list, each kept; ends after a refusal."""
    token: str | None = None
    about = Provenance(call=f"codepipeline:{operation}", account=place.account.id, region=place.region)
    for number in range(1, (EXECUTION_PAGES if operation == "ListPipelineExecutions" else ACTION_PAGES) + 1):
        more = {"nextToken": token} if token else {}
        name = f"codepipeline/{place.account.id}/{place.region}/{piece}-{number:03d}.json"
        page = remembered(store, name, about, partial(place.account.ask, "codepipeline", operation, place.region, **asked, **more))
        yield page
        token = None if isinstance(page, Refusal) else page.get("nextToken")
        if not token:
            return
    why = f"{operation} of pipeline {place.name}: only the newest {number} pages were fetched"
    keep_gap(store, NamedGap(account=place.account.id, region=place.region, why=why, wanted="execution"))


def _within(run: Mapping[str, Any], inquiry: Inquiry) -> bool:
    started, updated = moment(run.get("startTime")), moment(run.get("lastUpdateTime"))
    if inquiry.since is not None and updated is not None and updated < inquiry.since:
        return False
    return not (inquiry.until is not None and started is not None and started > inquiry.until)


def _action(detail: Mapping[str, Any], place: Place) -> FailedAction:
    given = detail.get("input", {})
    start = moment(detail.get("startTime")) or moment(detail.get("lastUpdateTime")) or place.account.around.now()
    return FailedAction(
        stage=str(detail.get("stageName", "")),
        action=str(detail.get("actionName", "")),
        provider=str(given.get("actionTypeId", {}).get("provider", "")),
        role=given.get("roleArn") if parse_arn(given.get("roleArn")) else None,
        region=str(given.get("region") or place.region),
        start=start,
        end=moment(detail.get("lastUpdateTime")) or start,
        external_id=detail.get("output", {}).get("executionResult", {}).get("externalExecutionId"),
        configuration=given.get("resolvedConfiguration") or given.get("configuration") or {},
    )


def moment(text: object) -> datetime | None:
    """A time as it stands in a kept answer; None where there is none."""
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
