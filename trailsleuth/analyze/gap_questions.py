"""Questions for records that are not in the evidence: gaps that a fetch named, Regions of which nothing was read, what an endpoint denied.

Sees:  gaps of records, of the execution and of data events; the accounts and the time of the chain; the records of each account; the calls of the chain that
       name a VPC endpoint.
Why:   what could not be fetched may hold the denial. IAM, Route 53, CloudFront and Organizations write to one Region of the partition, STS does where it is
       asked there; what any other service denied is recorded in the Region of the call. What an endpoint's policy stops is recorded only where a trail or
       event data store selects network activity events, one selector a service.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
Sure:  questions, never findings; of a Region only where all records were read: of a large trail the evidence holds a selection.
"""

from __future__ import annotations

import json
import re
import shlex
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from trailsleuth.analyze.wording import short
from trailsleuth.catalog.messages import code_row
from trailsleuth.catalog.reduction import unrecorded
from trailsleuth.catalog.services import is_global
from trailsleuth.catalog.things import READS
from trailsleuth.iam.applies import find_principal, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, ErrorText, Evidence, Gap, Inquiry, Question, Record, Scope, Verdict, account_of
from trailsleuth.model.arn import GLOBAL_REGIONS
from trailsleuth.model.names import name_of_caller
from trailsleuth.model.pattern import ArnPattern
from trailsleuth.patterns import late

_ENDPOINT = late(r"\.([a-z]{2}(?:-[a-z]{2,12}){1,2}-\d)\.(?:amazonaws\.com|api\.aws)")
HIDING = ("records", "execution", "data events")
DATA_EVENTS = "trailsleuth diagnose s3://<the trail's bucket>/<prefix> --since {since} --until {until} --profile <log account>"


def gap_questions(evidence: Evidence, scope: Scope, inquiry: Inquiry, *, region: str, exports: tuple[str, str]) -> Iterator[Question]:
    """One question a gap. `exports` are the commands that export records and executions, with since, until, region, account and pipeline to be filled in."""
    accounts = chain_accounts(scope, inquiry)
    for gap in evidence.coverage.gaps:
        if gap.wanted in HIDING and _touches(gap, accounts, scope):
            wanted = "execution" if gap.wanted == "execution" else "records"
            yield Question(account=gap.account, wanted=wanted, because=_because(gap), command=_command(gap, scope, region, exports))


def never_sent(said: ErrorText | None, account: str | None, evidence: Evidence) -> bool:
    """The text says that the call never came to AWS, and the evidence has the records of the account in the Region of the endpoint that it names."""
    if said is None or said.opaque is None or said.opaque.reached:
        return False
    meant = {found.group(1) for word in said.words if (found := _ENDPOINT.search(word)) is not None}
    held = {region for seen in evidence.coverage.accounts if seen.account == account for region in seen.regions}
    return bool(meant) and meant <= held


def works_unseen(scope: Scope, evidence: Evidence) -> bool:
    """The sessions that are asked about made no call that is recorded, and all that their roles may do leaves none."""
    asked = [session for session in scope.sessions if session.id in scope.focus]
    return bool(asked) and not any(session.calls for session in asked) and all(_leaves_no_record(session.principal, evidence) for session in asked)


def _leaves_no_record(role: str | None, evidence: Evidence) -> bool:
    """All that the role's own policies let it do is of kinds that no trail ever records, and the policies of the evidence allow it."""
    policies = evidence.policies
    found = find_principal(role, policies)
    if found is None or found.unknown_policies:
        return False
    never = {action.lower() for kind in unrecorded() if kind.never for action in kind.actions}
    held = policies_for(AccessRequest(principal=found.arn, action="", resource="*"), policies).identity
    allows = [s for policy in held for s in policy.document.statements if s.effect == "Allow"]
    if not allows or any(s.not_actions or s.not_resources or not {action.lower() for action in s.actions} <= never for s in allows):
        return False
    asked = (AccessRequest(principal=found.arn, action=a, resource=ArnPattern(r).member()) for s in allows for a in s.actions for r in s.resources)
    return all(decide(request, policies_for(request, policies)).verdict is Verdict.ALLOWED for request in asked)


def chain_accounts(scope: Scope, inquiry: Inquiry) -> frozenset[str]:
    """The accounts that the question leads through; empty where it names none and no chain was found."""
    roles = [inquiry.role]
    if scope.execution is not None:
        roles += [scope.execution.action_role, scope.execution.service_role]
    hops = (hop.account or account_of(hop.role) for chain in scope.chains for hop in chain.hops)
    return frozenset(filter(None, (*scope.entered, *map(account_of, roles), *hops)))


def _touches(gap: Gap, accounts: frozenset[str], scope: Scope) -> bool:
    if gap.account is not None and accounts and gap.account not in accounts:
        return False
    before = gap.end is not None and scope.since is not None and gap.end < scope.since
    after = gap.start is not None and scope.until is not None and gap.start > scope.until
    return not before and not after


def _because(gap: Gap) -> str:
    if gap.allow is None:
        return gap.why
    return f"{gap.why}; this statement in the collector's policy allows it"


def _command(gap: Gap, scope: Scope, region: str, exports: tuple[str, str]) -> str:
    since, until = iso_or_blank(gap.start or scope.since), iso_or_blank(gap.end or scope.until)
    if gap.allow is not None:
        return json.dumps(gap.allow)
    if gap.wanted == "data events":
        return DATA_EVENTS.format(since=since, until=until)
    if gap.wanted == "execution":
        pipeline = scope.execution.pipeline if scope.execution else None
        return exports[1].format(pipeline=pipeline or "<pipeline>")
    return exports[0].format(since=since, until=until, region=gap.region or region, account=gap.account or "<profile>")


def iso_or_blank(moment: datetime | None) -> str:
    """A time as commands take it; a blank to be filled in where it is not known."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else "<time>"


def only_global(evidence: Evidence, scope: Scope, lookup: str) -> Iterator[Question]:
    """One question an account; `lookup` is the command that exports records, with since, until, region and account to be filled in."""
    if evidence.coverage.records_read != len(evidence.records):
        return
    asked = set(scope.entered) or {held.account for held in evidence.coverage.accounts}
    places = set(GLOBAL_REGIONS.values())
    regional = {record.account for record in evidence.records if record.region not in places or not is_global(record.event_source)}
    for held in evidence.coverage.accounts:
        if held.account.isdecimal() and held.account in asked - regional:
            because = f"of account {held.account} the evidence holds records of global services alone, and all others are recorded in the Region of the call"
            command = lookup.format(since=iso_or_blank(scope.since), until=iso_or_blank(scope.until), region="<region>", account=held.account)
            yield Question(account=held.account, wanted="records", because=because, command=command)


WHOLE = (
    "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventId,AttributeValue={event} --region {region} --profile {account} "
    "--output json > record.json"
)
_READS = (*READS, "Search", "Lookup", "Select", "Query", "Scan")
_TELLING = late(r"Already|Exists|InUse|Conflict|ConditionalCheck|Mismatch|Quota", re.IGNORECASE)


def unsaid_failures(evidence: Evidence, scope: Scope) -> Iterator[Question]:
    """One question a caller whose writes failed to the end, where neither message nor code says why: it may have been denied. Where nothing is in focus and
    nothing was denied at all, of anybody."""
    everybody = not (scope.focus or scope.asked or scope.others or scope.strangers)
    calls = evidence.records if everybody else (call for session in scope.sessions if session.id in scope.focus for call in session.calls)
    ended: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for call in calls:
        failed = ended[name_of_caller(call) or "", call.call]
        if not call.failed:
            failed.clear()
        elif _is_unsaid(call):
            failed.append(call)
    for who in sorted({who for who, _ in ended}):
        failed = [call for (caller, _), failed in ended.items() if caller == who for call in failed]
        if failed:
            first, names = failed[0], ", ".join(sorted({call.event_name for call in failed})[:MOST])
            because = f"{sum(call.counts_for for call in failed)} calls of {short(who)} failed ({names}: {first.error_code}), and no message says why"
            command = WHOLE.format(event=shlex.quote(first.event_id), region=first.region, account=first.account or "<profile>")
            yield Question(account=first.account, wanted="records", because=because, command=command)


def _is_unsaid(call: Record) -> bool:
    code = call.error_code or ""
    write = call.denial is None and not call.event_name.startswith(_READS)
    return write and not (call.error_message or "").strip() and code_row(code) is None and not _TELLING.search(code)


SELECTORS = "aws cloudtrail get-event-selectors --trail-name <trail> --region {region} --profile {account}"
ADD = (
    "aws cloudtrail put-event-selectors --trail-name <trail> --region {region} --profile {account} "
    "--advanced-event-selectors '[<those that it shows>, {selectors}]'"
)
MOST = 3


def endpoint_questions(evidence: Evidence, scope: Scope) -> Iterator[Question]:
    """The selector to turn on, for the services that the chain called through the endpoint."""
    calls = [call for session in scope.sessions if session.id in scope.focus for call in session.calls] or list(evidence.records)
    through = [call for call in calls if call.vpc_endpoint_id]
    if not through or any(record.category == "NetworkActivity" for record in evidence.records):
        return
    last = through[-1]
    owner, account = last.vpc_endpoint_account or last.account, last.account or last.vpc_endpoint_account
    because = (
        f"calls went through the VPC endpoint {last.vpc_endpoint_id}{f' of account {owner}' if owner else ''}: what an endpoint's policy denies is recorded "
        "only where a trail selects network activity events, and no such record is in the evidence; select them, and let it fail once more"
    )
    named = {"region": last.region, "account": account or "<profile>"}
    command = f"{SELECTORS.format(**named)}; then {ADD.format(**named, selectors=', '.join(_selectors(through)))}"
    yield Question(account=account, wanted="records", because=because, command=command)


def _selectors(calls: list[Record]) -> Iterator[str]:
    """Each service has a selector of its own; only denials, for every allowed call would be billed, too."""
    for source in sorted({call.event_source for call in calls})[:MOST]:
        fields = [("eventCategory", "NetworkActivity"), ("eventSource", source), ("errorCode", "VpceAccessDenied")]
        selector = {"Name": f"denied by VPC endpoints: {source}", "FieldSelectors": [{"Field": name, "Equals": [value]} for name, value in fields]}
        yield json.dumps(selector, separators=(",", ":"))
