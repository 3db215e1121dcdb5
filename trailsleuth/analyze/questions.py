"""The evidence that would settle what is open, and the command that exports it."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator

from trailsleuth.analyze.gap_questions import endpoint_questions, gap_questions, iso_or_blank, never_sent, only_global, unsaid_failures, works_unseen
from trailsleuth.analyze.misasked import outside_window
from trailsleuth.analyze.open_questions import enrichment_questions, needs_question
from trailsleuth.analyze.own_word import kept_until, with_why_no_details
from trailsleuth.analyze.untied import came_to_nothing, is_untied, names_a_denial, speaks_of_denial
from trailsleuth.analyze.wording import short
from trailsleuth.catalog.messages import unrecorded
from trailsleuth.iam.applies import find_principal
from trailsleuth.model import ActionRun, Cause, ErrorText, Evidence, Finding, Inquiry, PolicyType, Question, Scope, Standing, account_of, parse_arn
from trailsleuth.patterns import late

LOOKUP = "aws cloudtrail lookup-events --start-time {since} --end-time {until} --region {region} --profile {account} --output json > {account}-{region}.json"
SNAPSHOT = "aws iam get-account-authorization-details --profile {account} --output json > iam-{account}.json"
EXECUTIONS = "aws codepipeline list-action-executions --pipeline-name {pipeline} --output json > action-executions.json"
DEFINITION = "aws codepipeline get-pipeline --name {pipeline} --output json > pipeline.json"
ROLE_OF = {  # the answer in which the role of a failed thing stands, by what its run names
    "build": "aws codebuild batch-get-builds --ids {name} --output json > build.json",
    "deployment": "aws deploy get-deployment-group --application-name {application} --deployment-group-name {group} --output json > deployment-group.json",
    "task": "aws ecs describe-task-definition --task-definition {of} --output json > task-definition.json",
    "service": "aws ecs describe-task-definition --task-definition {of} --output json > task-definition.json",
    "state_machine": "aws stepfunctions describe-state-machine --state-machine-arn {of} --output json > state-machine.json",
}
DECODE = "aws sts decode-authorization-message --profile {account} --encoded-message <the blob of record {event}> --output json > decoded-{event}.json"
DETAILS = "aws iam-toolbox get-request-authorization-details --authorization-id {id} --region {region} --profile {account} --output json > details-{event}.json"
DOCUMENT = (
    "aws iam-toolbox get-request-authorization-policy --authorization-id {id} --policy-uri {uri} --region {region} --profile {account} "
    "--output json > policy-{event}.json"
)
MOST = 5  # files that are named one by one
OBJECTS = late(r"artifact|object", re.IGNORECASE)
S3_ANSWERED = late(r"\bhost ?id\b|S3 Extended Request ID|Amazon ?S3\b|\bS3 error\b", re.IGNORECASE)  # only S3's answers have a host id beside the request id
DATA_EVENTS = "aws cloudtrail get-event-selectors --trail-name <trail> --profile {account} --region {region}"


def about_findings(standing: list[Finding], evidence: Evidence) -> Iterator[Question]:
    """What would make the findings surer: policies of the principals and owners, decoded messages, authorization details."""
    asked: set[tuple[str | None, str]] = set()
    for finding in standing:
        found = (*_policies_wanted(finding, evidence), *_documents_wanted(finding, evidence), *_decoding(finding, evidence))
        for question in (*with_why_no_details(found, finding, evidence), *enrichment_questions(finding, evidence)):
            if (question.account, question.command) not in asked:
                asked.add((question.account, question.command))
                yield question


def _policies_wanted(finding: Finding, evidence: Evidence) -> Iterator[Question]:
    if finding.cause in (Cause.NO_POLICY_FIX, Cause.NOT_A_PERMISSION):
        return
    if finding.requests and finding.requests[0].evaluated:
        return
    who = parse_arn(finding.principal)
    if who is not None and who.names_principal and find_principal(finding.principal, evidence.policies) is None:
        account = who.account
        because = f"the policies of {short(finding.principal)} would show what is allowed already and prove the change"
        yield Question(account=account, wanted="policies", because=because, command=SNAPSHOT.format(account=account))
    owner = finding.resource_account
    trust = PolicyType.TRUST in finding.policy_types
    if owner and trust and (owner not in evidence.policies.accounts or _not_looked_at(finding.resource, evidence)):
        because = f"the trust policy of {short(finding.resource)} would show whom it trusts"
        yield Question(account=owner, wanted="policies", because=because, command=SNAPSHOT.format(account=owner))


def _documents_wanted(finding: Finding, evidence: Evidence) -> Iterator[Question]:
    """The documents of the policies that AWS names, as they were when it evaluated them; kept for about a day."""
    if not any(ref.index < 0 for ref in finding.blocking):
        return
    cited = {e.event_id: e.region for e in finding.evidence}
    ids = (r.denial.authorization_id for r in evidence.records if r.event_id in cited and r.denial is not None and r.denial.authorization_id)
    name, (event, region) = next(ids, "<the id in the message>"), next(iter(cited.items()), ("", ""))
    kept = kept_until(finding.last_seen)
    account = account_of(finding.principal) or finding.principal_account or ""
    for ref in finding.blocking:
        uri = ref.policy_arn or ref.policy
        if ref.index < 0 and not uri.startswith("-"):
            because = f"the document of {uri} as it was evaluated would show statement {ref.statement} ({kept})"
            command = DOCUMENT.format(id=name, uri=shlex.quote(uri), region=region, account=account, event=event)
            yield Question(account=account or None, wanted="policies", because=because, command=command)


def _not_looked_at(role: str | None, evidence: Evidence) -> bool:
    """A role that a partial snapshot does not hold."""
    return account_of(role) in evidence.policies.partial_accounts and find_principal(role, evidence.policies) is None


def _decoding(finding: Finding, evidence: Evidence) -> Iterator[Question]:
    if finding.cause is not Cause.UNKNOWN and finding.iam_action is not None:
        return
    cited = {e.event_id for e in finding.evidence}
    for record in evidence.records:
        if record.event_id not in cited or record.denial is None:
            continue
        account = record.account or ""
        if record.denial.authorization_id:
            command = DETAILS.format(id=record.denial.authorization_id, region=record.region, account=account, event=record.event_id)
            because = f"the authorization details name policy and statement ({kept_until(record.event_time)})"
            yield Question(account=account, wanted="policies", because=because, command=command)
        if record.denial.encoded is not None:
            command = DECODE.format(account=account, event=record.event_id)
            yield Question(account=account, wanted="policies", because="the encoded message names action, resource and statements", command=command)
            return


def about_silence(findings: tuple[Finding, ...], evidence: Evidence, scope: Scope, inquiry: Inquiry) -> tuple[Question, ...]:
    """What stands against the verdict that nothing was denied: what the evidence lacks, what of it was not read, what was denied beside."""
    missing = (*_uncovered(evidence, scope, inquiry), *_unread(evidence), *unsaid_failures(evidence, scope), *_beside(findings, scope))
    missing = (*missing, *outside_window(evidence, scope, inquiry))
    missing = (*missing, *needs_question(evidence, scope, SNAPSHOT)) if missing else ()
    return _with_gaps(missing, evidence, scope, inquiry)


def _unread(evidence: Evidence) -> Iterator[Question]:
    """Files and records that could not be read: the denial may stand in them."""
    coverage = evidence.coverage
    for skipped in [s for s in coverage.skipped if s.lost][:MOST]:
        because = f"{skipped.source} was not read ({skipped.reason})"
        yield Question(account=None, wanted="records", because=because, command=f"trailsleuth info {shlex.quote(skipped.source)}")
    if coverage.unreadable:
        records = f"{coverage.unreadable:,} record{'s' if coverage.unreadable > 1 else ''}"
        yield Question(account=None, wanted="records", because=f"{records} could not be read", command="trailsleuth info <evidence>")


def _beside(findings: tuple[Finding, ...], scope: Scope) -> Iterator[Question]:
    """Denials that lasted, and that are not what was asked about: of other chains, and of services that act in their own name."""
    other = next((f for f in findings if f.group > 1 and f.standing is Standing.CAUSE and f.evidence), None)
    if other is not None:
        because = f"{other.iam_action or 'a call'} was denied to {short(other.principal)} in another chain"
        command = f"trailsleuth diagnose <evidence> --event-id {other.evidence[0].event_id}"
        yield Question(account=other.principal_account, wanted="records", because=because, command=command)
    own = next((r for r in scope.others if r.identity.type == "AWSService" and r.account in scope.entered), None)
    if own is not None:
        because = f"{own.identity.invoked_by or 'a service'} was denied {own.event_name} in its own name in account {own.account}"
        yield Question(account=own.account, wanted="records", because=because, command=f"trailsleuth diagnose <evidence> --event-id {own.event_id}")


def about_text(evidence: Evidence, scope: Scope, inquiry: Inquiry) -> tuple[Question, ...]:
    """What would show the denial that an error text tells of, where no record ties to it."""
    found = tuple(_by_text(evidence, scope, inquiry, _region(evidence, scope), missed=True))
    return _with_gaps(found, evidence, scope, inquiry)


def _with_gaps(asked: tuple[Question, ...], evidence: Evidence, scope: Scope, inquiry: Inquiry) -> tuple[Question, ...]:
    """With what closes the gaps that a fetch named; one statement, or one export of an account, is asked for once."""
    found = list(asked)
    for question in gap_questions(evidence, scope, inquiry, region=_region(evidence, scope), exports=(LOOKUP, EXECUTIONS)):
        by_export = question.command.startswith(LOOKUP[:30])
        if not any(q.account == question.account and (q.command == question.command or (by_export and q.wanted == "records")) for q in found):
            found.append(question)
    return tuple(sorted(found, key=lambda q: q.wanted != "execution" or q.account is None))


def _uncovered(evidence: Evidence, scope: Scope, inquiry: Inquiry) -> Iterator[Question]:
    """The records that would be needed to say that nothing was refused: accounts, regions, window, pipeline, data events."""
    covered = {a.account: a for a in evidence.coverage.accounts}
    since, until = iso_or_blank(scope.since), iso_or_blank(scope.until)
    accounts = set(scope.entered) | ({account_of(inquiry.role)} if inquiry.role else set())
    if scope.execution is not None:
        accounts |= {account_of(scope.execution.action_role), account_of(scope.execution.service_role)}
    region = _region(evidence, scope)
    for account in sorted(a for a in accounts if a and a not in covered):
        because = f"the chain leads into account {account}, whose records are not in the evidence"
        yield Question(account=account, wanted="records", because=because, command=LOOKUP.format(since=since, until=until, region=region, account=account))
    for account, where in sorted(_regions(scope) | {(entered, region) for entered in accounts if entered and _works_in(scope, region)}):
        held = covered.get(account)
        if held is not None and where and where not in held.regions:
            because = f"no record of account {account} in {where} is in the evidence"
            yield Question(account=account, wanted="records", because=because, command=LOOKUP.format(since=since, until=until, region=where, account=account))
    yield from only_global(evidence, scope, LOOKUP)
    yield from _window(evidence, scope, region)
    yield from _unseen(evidence, scope, inquiry, region)


def _regions(scope: Scope) -> set[tuple[str, str]]:
    """(account, region) pairs that the failed action ran in: its own Region, else its pipeline's."""
    execution = scope.execution
    if execution is None or execution.attempt is None:
        return set()
    pipeline = parse_arn(execution.definition.arn) if execution.definition else None
    where, account = execution.attempt.region or (pipeline.region if pipeline else ""), account_of(execution.action_role)
    return {(account, where)} if where and account else set()


def _works_in(scope: Scope, region: str) -> bool:
    """The failed action ran there, or the chain made calls: every account that it leads into has to have records of the Region, or no denial could be seen."""
    ran = scope.execution is not None and scope.execution.attempt is not None
    return ran or any(call.region == region for session in scope.sessions if session.id in scope.focus for call in session.calls)


def _region(evidence: Evidence, scope: Scope) -> str:
    attempt = scope.execution.attempt if scope.execution else None
    if attempt is not None and attempt.region:
        return attempt.region
    calls = [call for session in scope.sessions if session.id in scope.focus for call in session.calls] or evidence.records
    counted: Counter[str] = Counter()
    for call in calls:
        counted[call.region] += call.counts_for
    return max(sorted(counted), key=counted.__getitem__) if counted else "us-east-1"


def _window(evidence: Evidence, scope: Scope, region: str) -> Iterator[Question]:
    execution = scope.execution
    if execution is None or execution.started is None:
        return
    role_account = account_of(execution.action_role)
    for held in evidence.coverage.accounts:
        late = execution.ended is not None and held.last_event is not None and held.last_event < execution.ended
        early = held.first_event is not None and held.first_event > execution.started
        if held.account == role_account and (late or early):
            because = f"the records of account {held.account} do not span the failed action"
            command = LOOKUP.format(since=iso_or_blank(scope.since), until=iso_or_blank(scope.until), region=region, account=held.account)
            yield Question(account=held.account, wanted="records", because=because, command=command)


def _unseen(evidence: Evidence, scope: Scope, inquiry: Inquiry, region: str) -> Iterator[Question]:
    if (inquiry.pipeline or inquiry.execution_id) and scope.execution is not None and scope.execution.attempt is None:
        pipeline = scope.execution.pipeline or "<pipeline>"
        because = "no failed action of the pipeline is in the evidence"
        yield Question(account=None, wanted="execution", because=because, command=EXECUTIONS.format(pipeline=pipeline))
    attempt = scope.execution.attempt if scope.execution else None
    if attempt is not None and not scope.asked:
        yield from _its_role(attempt)
    if scope.execution is not None and attempt is not None and not attempt.kind and scope.execution.definition is None:
        because = "the pipeline's definition is not in the evidence: it names the roles that the action ran with"
        yield Question(account=None, wanted="execution", because=because, command=DEFINITION.format(pipeline=scope.execution.pipeline or "<pipeline>"))
    named = inquiry.role or inquiry.session or inquiry.access_key
    if named and not scope.focus and not any(named in (s.principal, s.session_name, s.access_key_id) for s in scope.sessions):
        account = account_of(inquiry.role) or evidence.coverage.named_account
        because = f"no call of {named} is in the evidence"
        command = LOOKUP.format(since=iso_or_blank(scope.since), until=iso_or_blank(scope.until), region=region, account=account or "<profile>")
        if not never_sent(scope.said, account, evidence):
            yield Question(account=account, wanted="records", because=because, command=command)
    elif named and inquiry.said is None and scope.focus and not _made_calls(scope) and not works_unseen(scope, evidence):
        account = next((session.account for session in scope.sessions if session.id in scope.focus), None)
        because = f"{named} has sessions in the evidence and not one call: its calls may be recorded in another Region, or later than this evidence ends"
        command = LOOKUP.format(since=iso_or_blank(scope.since), until=iso_or_blank(scope.until), region="<region>", account=account or "<profile>")
        yield Question(account=account, wanted="records", because=because, command=command)
    yield from _by_text(evidence, scope, inquiry, region, missed=_is_missed(scope, inquiry))


def _made_calls(scope: Scope) -> bool:
    return any(session.calls for session in scope.sessions if session.id in scope.focus)


def _its_role(thing: ActionRun) -> Iterator[Question]:
    """The answer that tells which role a failed build, deployment, task, service or execution worked with."""
    if thing.role_arn is not None or thing.kind not in ROLE_OF:
        return
    application, _, group = (thing.role_of or "").partition("/")
    names = {"name": thing.action, "of": thing.role_of, "application": application, "group": group}
    command = ROLE_OF[thing.kind].format(**{name: shlex.quote(text) if text else "<name>" for name, text in names.items()})
    because = f"the role that the {thing.kind.replace('_', ' ')} {thing.action} worked with is not in the evidence"
    yield Question(account=None, wanted="execution", because=because, command=command)


def _by_text(evidence: Evidence, scope: Scope, inquiry: Inquiry, region: str, *, missed: bool) -> Iterator[Question]:
    """An error text that speaks of a denial which no record shows; S3 object calls are recorded only where data events are on."""
    said = scope.said
    account = (account_of(scope.execution.action_role) if scope.execution else None) or evidence.coverage.named_account
    if said is not None and _is_about_objects(said) and not _has_data_events(evidence) and account:
        because = (
            "the text is about S3 objects, and no S3 data event is in the evidence: reads and writes of objects are recorded only where data events are on"
        )
        yield Question(account=account, wanted="records", because=because, command=DATA_EVENTS.format(account=account, region=region))
    elif inquiry.said is not None and inquiry.said.denial is not None and inquiry.said.denial.pattern_id in unrecorded() and missed:
        because = f"no trail records what the text tells of: the policies of who was denied decide {inquiry.said.denial.iam_action or 'it'}"
        yield Question(account=account, wanted="policies", because=because, command=SNAPSHOT.format(account=account or "<profile>"))
    elif inquiry.said is not None and missed:
        because = "no denied record fits the error text"
        command = LOOKUP.format(since=iso_or_blank(scope.since), until=iso_or_blank(scope.until), region=region, account=account or "<profile>")
        yield Question(account=account, wanted="records", because=because, command=command)
    if said is not None and not scope.asked:
        yield from endpoint_questions(evidence, scope)


def _is_about_objects(said: ErrorText) -> bool:
    """The text is one that a service puts before a denial of S3, or S3's own answer."""
    wrapped = said.opaque is not None and said.opaque.permission and OBJECTS.search(said.opaque.text) is not None
    return wrapped or (said.denial is not None and S3_ANSWERED.search(said.text) is not None)


def _is_missed(scope: Scope, inquiry: Inquiry) -> bool:
    """The text tells of a denial, and no record is that one; where a role or session narrows the question, only where the text itself names it."""
    if came_to_nothing(inquiry) and not inquiry.names_more_than_the_error:
        return False
    told = names_a_denial(inquiry) or (speaks_of_denial(inquiry) and not inquiry.names_more_than_the_error)
    return (told and (not scope.asked or is_untied(scope, inquiry))) or (is_untied(scope, inquiry) and not scope.asked)


def _has_data_events(evidence: Evidence) -> bool:
    return any(r.category == "Data" or (r.event_source == "s3.amazonaws.com" and "Object" in r.event_name) for r in evidence.records)
