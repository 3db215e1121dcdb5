"""Live evidence: from the failed pipeline or thing, a role, a session, a key or an event to the pieces that answer, as the core asks for them.

`start` fetches what the question itself tells; the core then names what it lacks, and `answer` fetches that, until nothing new comes.
Every piece has the form of an export that the readers know, so the answer is the same as from exported files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from msgspec import Struct, field

from trailsleuth.errors import UsageError
from trailsleuth.model import Basis, CallPlaces, CaseFile, Execution, Inquiry, Question, RawInput, Standing, account_of, parse_arn
from trailsleuth.sources.aws.chase import Chase, Target, missing_account, regions_of
from trailsleuth.sources.aws.codepipeline import FailedAction, FailedExecution, find_execution
from trailsleuth.sources.aws.deployments import service_role_of_deployment
from trailsleuth.sources.aws.endpoints import fetch_endpoints
from trailsleuth.sources.aws.entry import RECENT, follow_entry
from trailsleuth.sources.aws.explanations import fetch_explanations
from trailsleuth.sources.aws.gaps import NamedGap, keep_gap
from trailsleuth.sources.aws.organization import fetch_organization_policies
from trailsleuth.sources.aws.principals import fetch_principal, is_principal
from trailsleuth.sources.aws.resource_policies import fetch_artifact_policies, fetch_resource_policy
from trailsleuth.sources.aws.sessions import Account, Surroundings, home_regions, open_accounts
from trailsleuth.sources.aws.store import MemoryStore, Store
from trailsleuth.sources.aws.things import Found, find_thing
from trailsleuth.sources.aws.ways import Ways

DELIVERY = timedelta(minutes=15)  # CloudTrail promises no time; most records are there by then
BEGUN = timedelta(minutes=1)  # before the first event of a thing, whoever began it had called
POLL = 30.0
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
NO_DATA_EVENTS = "the event history holds no data events (S3 objects, Lambda calls, …): denials of these are only in a trail's bucket, s3://BUCKET/PREFIX"
WAYS_IN = "give --pipeline, --stack, --build, --deployment, --service, --task, --function, --state-machine, --role, --session, --access-key or --event-id"
ROUNDS = 4
ACTIONS = 3


class LiveSource(Struct, kw_only=True):
    """The accounts behind the profiles as a source of evidence. `now` is the frozen end of time for every question."""

    accounts: Mapping[str, Account]
    around: Surroundings
    store: Store
    now: datetime
    regions: tuple[str, ...] = ()
    wait: timedelta | None = None
    places: Callable[[str], CallPlaces]
    chase: Chase
    _given: dict[str, str] = field(default_factory=dict)
    _policies_of: set[str] = field(default_factory=set)
    _explained: set[str] = field(default_factory=set)
    _asked: Inquiry = field(default_factory=Inquiry)
    _thing: Found | None = None  # whose calls are still to be fetched, once its answers are read

    def start(self, inquiry: Inquiry) -> Iterator[RawInput]:
        """The first pieces: the pipeline and its failed execution, or the entry asked about; the chain's records; its roles' policies."""
        if inquiry.pipeline is not None:
            self._from_pipeline(inquiry)
        elif inquiry.thing is not None:
            self._thing = find_thing(*inquiry.thing, self.accounts, home_regions(self.accounts, self.regions), self.store)
            self._asked = inquiry
        elif any((inquiry.role, inquiry.session, inquiry.access_key, inquiry.event_id)):
            follow_entry(inquiry, self.chase, self._regions())
        else:
            raise UsageError("no entry point given", next_step=WAYS_IN)
        yield from self._looked()

    def answer(self, questions: tuple[Question, ...], case_file: CaseFile) -> Iterator[RawInput]:
        """The pieces that settle what is open: records that are asked for, and the policies that the findings hang on."""
        if self._thing is not None:
            self._calls_of_thing(self._thing, case_file.execution)
        elif not any(one.standing is Standing.CAUSE and one.basis is Basis.OBSERVED for one in case_file.findings):
            self.chase.go_on()
        for question in questions:
            if question.account is None:
                continue
            if question.account not in self.accounts and question.account not in self.chase.missing:
                keep_gap(self.store, missing_account(question.account, role="a part of the chain"))
            elif question.account in self.accounts and question.wanted == "records":
                self._records_for(question.account, case_file)
        self._policies_for(case_file)
        yield from self._looked()

    def inputs(self) -> tuple[RawInput, ...]:
        """Everything fetched so far, by name; what could not be fetched is a piece, too."""
        return self.store.inputs()

    def _looked(self) -> Iterator[RawInput]:
        """What AWS itself says of the denials found, and what the event history cannot tell; then everything new."""
        fetch_explanations(self.chase.records, self.accounts, self.store, now=self.now, asked=self._explained)
        fetch_endpoints(self.chase.records, self.accounts, self.store, asked=self._explained)
        if self.chase.looked:
            keep_gap(self.store, NamedGap(account=None, why=NO_DATA_EVENTS, wanted="data events"))
        yield from self._new()

    def _new(self) -> Iterator[RawInput]:
        for piece in self.store.inputs():
            if self._given.get(piece.source) != piece.sha256:
                self._given[piece.source] = piece.sha256
                yield piece

    def _from_pipeline(self, inquiry: Inquiry) -> None:
        execution = find_execution(inquiry, self.accounts, home_regions(self.accounts, self.regions), self.store)
        if not execution.actions:
            self._nothing_failed(inquiry, execution)
        roles: list[str] = [execution.place.service_role] if execution.place.service_role else []
        for action in execution.actions[:ACTIONS]:
            target = self._target(action, execution)
            if target is not None:
                self._follow(target, f"action {action.action}", action.region)
                roles += [target.role, *target.also]
        if execution.actions:
            fetch_artifact_policies(execution.place, self.store)
        self._fetch_policies(roles)

    def _nothing_failed(self, inquiry: Inquiry, execution: FailedExecution) -> None:
        place = execution.place
        window = " in the time asked for" if inquiry.since or inquiry.until else ""
        which = f"execution {inquiry.execution_id} of pipeline {place.name} has no failed action" if inquiry.execution_id else ""
        why = which or f"pipeline {place.name} has no failed execution{window}: there is nothing to explain; --execution-id names another"
        self.around.progress.say(why)
        keep_gap(self.store, NamedGap(account=place.account.id, region=place.region, why=why, wanted="execution"))

    def _calls_of_thing(self, found: Found, execution: Execution | None) -> None:
        """The calls made for the thing, once its answers are read: by its roles in its time, else by whoever began the work on it."""
        self._thing = None
        run = execution.attempt if execution is not None else None
        if run is None:
            why = f"{found.entry.spoken} {found.name} shows no failure: there is nothing to explain"
            self.around.progress.say(why)
            keep_gap(self.store, NamedGap(account=found.account.id, region=found.region, why=why, wanted="execution"))
            return
        start, end = run.started or run.updated, run.updated or run.started
        regions, what = self._regions(found.region), f"{found.entry.spoken} {found.name}"
        if run.roles and start is not None and end is not None:
            role, *also = run.roles
            target = Target(role=role, also=tuple(also), regions=regions, start=start, end=end, places=self.places(run.provider or ""))
            self._follow(target, what, found.region)
            return
        if run.roles:
            for role in run.roles:
                follow_entry(Inquiry(role=role, since=self._asked.since, until=self._asked.until), self.chase, regions)
            return
        until = min(end + DELIVERY if end else self._asked.until or self.now, self.now)
        since = start - BEGUN if start else self._asked.since or until - RECENT
        self.chase.by_starter(found.entry.started, run.names, account=found.account.id, region=found.region, window=(since, until))
        if not self.chase.records:
            why = f"{what}: neither its role nor the call that began its work is known, so its calls cannot be told from others"
            keep_gap(self.store, NamedGap(account=found.account.id, region=found.region, start=since, end=until, why=why, wanted="records"))

    def _target(self, action: FailedAction, execution: FailedExecution) -> Target | None:
        role = action.role or execution.place.service_role
        if role is None:
            why = f"action {action.action}: neither its role nor the pipeline's is known, so its calls cannot be told from others"
            keep_gap(
                self.store, NamedGap(account=execution.place.account.id, region=action.region, start=action.start, end=action.end, why=why, wanted="records")
            )
            return None
        holder = self.accounts.get(account_of(role) or "")
        deploying = service_role_of_deployment(action, holder, self.store) if holder is not None else None
        configured = [value for value in action.configuration.values() if isinstance(value, str) and (arn := parse_arn(value)) and arn.is_role]
        self.around.progress.say(f"{action.stage}/{action.action} ({action.provider}) failed at {action.end:%Y-%m-%d %H:%M:%S}Z with {role}")
        return Target(
            role=role,
            caller=execution.place.service_role if action.role else None,
            also=tuple(dict.fromkeys([*configured, *([deploying] if deploying else [])])),
            regions=regions_of(action.region, execution.place.region, *self.regions, globally=execution.place.account.global_region),
            start=action.start,
            end=action.end,
            places=self.places(action.provider),
        )

    def _follow(self, target: Target, what: str, region: str) -> None:
        """Fetch the chain; where it does not close and records may still be on their way, wait for them if that was asked for."""
        age = self.now - target.end
        if age < DELIVERY:
            self.around.progress.say(f"the failure was {max(int(age.total_seconds() // 60), 0)} minutes old; CloudTrail delivers within about 15: --wait polls")
        closed = self.chase.follow(target)
        waited = timedelta()
        while not closed and self.wait is not None and waited < self.wait:
            self.around.progress.say("the chain does not close yet: asking again in 30 s")
            self.around.sleep(POLL)
            waited += timedelta(seconds=POLL)
            self.chase.ask_again()
            closed = self.chase.follow(target)
        if not closed:
            late = ", which may still be on their way" if age < DELIVERY else ""
            why = f"{what}: no call of {target.role} was found in its time{late}"
            keep_gap(self.store, NamedGap(account=account_of(target.role), region=region, start=target.start, end=target.end, why=why, wanted="records"))

    def _records_for(self, account: str, case_file: CaseFile) -> None:
        window = self._window(case_file)
        regions = self._regions(*_regions_in(case_file))
        for hop in (hop for chain in case_file.chains for hop in chain.hops if hop.account == account):
            if hop.access_key_id:
                self.chase.by_key(hop.access_key_id, account, regions, window)
            elif hop.session_name:
                self.chase.records += self.chase.by_attribute("Username", hop.session_name, accounts=[account], regions=regions, window=window)

    def _regions(self, *more: str) -> tuple[str, ...]:
        globally = next((account.global_region for account in self.accounts.values()), "us-east-1")
        return regions_of(*self.regions, *(account.region for account in self.accounts.values()), *more, globally=globally)

    def _window(self, case_file: CaseFile) -> tuple[datetime, datetime]:
        seen = [item.event_time for finding in case_file.findings for item in finding.evidence]
        ran = case_file.execution
        times = [time for time in (ran.started if ran else None, ran.ended if ran else None, *seen) if time is not None] or [self.now]
        return min(times) - timedelta(minutes=5), min(max(times) + timedelta(minutes=10), self.now)

    def _policies_for(self, case_file: CaseFile) -> None:
        ran = case_file.execution
        roles = [ran.service_role, ran.action_role] if ran else []
        roles += [hop.role for chain in case_file.chains for hop in chain.hops]
        asked_about = [finding for finding in case_file.findings if finding.standing in (Standing.CAUSE, Standing.ALSO_NEEDED)]
        roles += [role for finding in asked_about for role in (finding.principal, finding.resource)]
        self._fetch_policies([role for role in roles if role])
        for finding in asked_about:
            owner = self.accounts.get(finding.resource_account or account_of(finding.resource) or "")
            if finding.resource and owner is not None and finding.resource not in self._policies_of:
                self._policies_of.add(finding.resource)
                fetch_resource_policy(finding.resource, owner, self.store)

    def _fetch_policies(self, roles: list[str]) -> None:
        """The policies of the roles that live in opened accounts, several at a time, and the organization's over those accounts."""
        wanted = [role for role in dict.fromkeys(roles) if role not in self._policies_of and is_principal(role)]
        self._policies_of.update(wanted)
        own = [(role, self.accounts[account]) for role in wanted if (account := account_of(role)) in self.accounts and account]
        new_accounts = {account.id for _, account in own} - self._policies_of
        self._policies_of.update(new_accounts)
        if own:
            self.around.progress.say(f"reading the policies of {', '.join(role.rpartition('/')[2] for role, _ in own)}")
            with ThreadPoolExecutor(max_workers=4) as pool:
                list(pool.map(lambda pair: fetch_principal(pair[0], pair[1], self.store), own))
        if new_accounts:
            fetch_organization_policies(new_accounts, self.accounts, self.store)


def open_live(
    ways: Ways,
    *,
    around: Surroundings,
    places: Callable[[str], CallPlaces],
    store: Store | None = None,
    now: datetime | None = None,
    wait: timedelta | None = None,
) -> LiveSource:
    """A live source over the profiles and roles given. `places` tells where the calls of an action's provider stand.

    Raises AccountUnreachable where an account does not answer.
    """
    accounts = open_accounts(ways, around)
    kept, end = store if store is not None else MemoryStore(), now or around.now()
    return LiveSource(
        accounts=accounts,
        around=around,
        store=kept,
        now=end,
        chase=Chase(accounts=accounts, store=kept, now=end),
        regions=ways.regions,
        wait=wait,
        places=places,
    )


def settle(source: LiveSource, inquiry: Inquiry, diagnose: Callable[[tuple[RawInput, ...]], CaseFile]) -> CaseFile:
    """Diagnose, fetch what the case still asks for, and diagnose again, until nothing new comes."""
    list(source.start(inquiry))
    case_file = diagnose(source.inputs())
    for _ in range(ROUNDS):
        if not list(source.answer(case_file.questions, case_file)):
            break
        case_file = diagnose(source.inputs())
    return case_file


def _regions_in(case_file: CaseFile) -> Iterator[str]:
    return (item.region for finding in case_file.findings for item in finding.evidence)
