"""What a trail cannot tell of a role, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from trailsleuth.catalog.actions import unlisted
from trailsleuth.catalog.operations import decided_elsewhere, primary_action
from trailsleuth.catalog.reduction import unrecorded
from trailsleuth.model import Delta, Evidence, Record, account_of
from trailsleuth.model.reduction import NamedDocument, Use
from trailsleuth.remedy.reduce.names import Names
from trailsleuth.remedy.reduce.present import Present
from trailsleuth.remedy.reduce.propose import Draft, Lack
from trailsleuth.remedy.reduce.recorded import Recorded
from trailsleuth.remedy.reduce.split import ATTACHED, INLINE, MANAGED, size_of
from trailsleuth.remedy.reduce.trail import RoleTrail
from trailsleuth.remedy.reduce.unused import granted_unseen, grants_everything, never_reached

MONTH = timedelta(days=28)
FEW = 3  # VPC endpoints
SHOWN = 12
LONG_ENOUGH = timedelta(days=90)  # as far back as the event history goes
S3_KEY = "aws:s3:arn"


def trail_gaps(evidence: Evidence, trail: RoleTrail, *, since: datetime | None, until: datetime | None) -> Iterator[str]:
    """How far the trail reaches, and what of it could not be read."""
    if not trail.calls:
        yield f"No successful call of {trail.role} is in the evidence: the document holds only what its standing findings need."
    account = account_of(trail.role)
    held = next((a for a in evidence.coverage.accounts if a.account == account), None)
    if held is None:
        yield f"No trail of the role's own account {account or '(unknown)'} is in the evidence: most of what the role does cannot be seen."
    elif held.first_event and held.last_event:
        first, last = max(since or held.first_event, held.first_event), min(until or held.last_event, held.last_event)
        if last - first < LONG_ENOUGH:
            where = ", ".join(held.regions)
            yield (
                f"The trail of account {account} covers {_span(last - first)} ({_time(first)} to {_time(last)}) in {where}: "
                "what the role does more rarely or in other regions is not seen."
            )
    for gap in evidence.coverage.gaps:
        if gap.account in (None, account):
            span = f" from {_time(gap.start)} to {_time(gap.end)}" if gap.start and gap.end else ""
            yield f"A part of the trail{f' in {gap.region}' if gap.region else ''}{span} is missing: {gap.why}."
    if evidence.coverage.unreadable:
        yield f"{evidence.coverage.unreadable:,} records could not be read."
    if trail.limited:
        yield f"{len(trail.limited)} sessions were opened with a session policy, which may have kept calls from being made ({', '.join(trail.limited[:3])})."


def offers(trail: RoleTrail) -> Iterator[str]:
    """Conditions that every call of the role would have met and that its document does without."""
    endpoints = {record.vpc_endpoint_id for record in trail.calls}
    if trail.calls and None not in endpoints and len(endpoints) <= FEW:
        named = ", ".join(sorted(one for one in endpoints if one))
        yield f"Every call came through {named}: a condition on aws:SourceVpce would hold the role to that, and would stop it everywhere else."


def call_gaps(trail: RoleTrail, unmapped: Counter[str], draft: Draft) -> Iterator[str]:
    """Calls that could not be turned into a grant, or only with today's resource."""
    for call, count in sorted(unmapped.items()):
        why = decided_elsewhere(*call.split(":", 1)) or "no IAM action is known for them"
        yield f"{count:,} calls of {call} are not in the document: {why}."
    yield from (found.why for action in _granted(draft) if (found := unlisted(action)) is not None)
    yield from _untold(draft)
    if draft.unknown_roles:
        calls = ", ".join(sorted(draft.unknown_roles))
        yield (
            f"{calls} passed a role that the evidence does not name (it stands in the definition or the instance profile that the call names): "
            "the document lets it pass any role of the account to that service. Name the role there."
        )
    for named, text in (
        (
            draft.not_allowed_now,
            "The present policies do not allow it, and it worked (they were changed, or another way was open); in the document",
        ),
        (draft.allowed_elsewhere, "Allowed by the policy of the resource, and so not in the document"),
        (draft.not_checked, "Checked as a rule, but the call worked without it; not in the document"),
        (draft.not_reached, "Calls that failed, and that the present policies do not allow; not in the document"),
        (draft.kept, "Kept as it is granted today, since no trail shows its calls"),
    ):
        if named:
            yield f"{text}: {'; '.join(sorted(named))}."
    failed = Counter(f"{_action(r)} ({r.error_code or 'error'})" for r in trail.failed)
    if failed:
        shown = ", ".join(f"{name} {count:,} times" if count > 1 else name for name, count in sorted(failed.items()))
        yield f"Calls that failed for another reason than permissions do not count as used: {shown}."


def _granted(draft: Draft) -> list[str]:
    """The actions that the document allows, in order."""
    listed = (s.get("Action", ()) for s in draft.statements if s.get("Effect") == "Allow")
    return sorted({action for actions in listed for action in ([actions] if isinstance(actions, str) else actions)})


def _untold(draft: Draft) -> Iterator[str]:
    """Uses on an unknown resource, those of one statement together."""
    by_place: dict[str, set[str]] = {}
    for action, kept in draft.untold.items():
        for place in kept:
            by_place.setdefault(place, set()).add(action)
    for place, actions in sorted(by_place.items()):
        how = f"the Resource of {place} is kept" if place else "any of their kind in the account is allowed"
        yield f"The trail does not show on what these were used, and {how}: {', '.join(sorted(actions))}."


def time_gaps(trail: RoleTrail, uses: Iterable[Use], names: Names) -> Iterator[str]:
    """What was seen on one day alone of a long window, and what only calls outside of it used."""
    seen = tuple(uses)
    moments = [m for use in seen for m in (use.first_seen, use.last_seen)]
    if moments and max(moments) - min(moments) >= MONTH:
        alike: dict[tuple[str, str | None], list[Use]] = {}
        for use in seen:
            alike.setdefault((use.iam_action, use.resource and names.pattern_of(use.resource)), []).append(use)
        once = sorted({f"{use.iam_action} ({use.first_seen:%Y-%m-%d})" for use, *more in alike.values() if not more and use.count == 1})
        if once:
            more = f" and {len(once) - SHOWN} more" if len(once) > SHOWN else ""
            yield f"Used once in the whole window, as a yearly or monthly job would: {', '.join(once[:SHOWN])}{more}."
    inside = {use.iam_action.lower() for use in seen}
    outside = sorted({action for r in trail.outside if (action := _action(r)).lower() not in inside})
    if outside:
        more = f" and {len(outside) - SHOWN} more" if len(outside) > SHOWN else ""
        yield f"Left out, since only calls outside of --since and --until used it: {', '.join(outside[:SHOWN])}{more}."


def policy_gaps(evidence: Evidence, present: Present, trail: RoleTrail, recorded: Recorded, *, used: set[str]) -> Iterator[str]:
    """Policies that are not known, and grants whose use leaves no record."""
    if not present.known:
        yield f"The policies of {trail.role} are not in the evidence: what is unused cannot be told, and nothing is proven."
    for arn in present.missing:
        yield f"The document of {arn} is not in the evidence: what it grants is not weighed."
    for run, left in never_reached(evidence, present, role=trail.role, used=used):
        yield f"The {run.provider} action {run.action} failed: whether it would use {', '.join(left)}, the trail cannot tell."
    yield from _unseen_gaps(present, recorded)
    for call, did, arns in _objects_behind_keys(trail.calls):
        if hidden := [arn for arn in arns if not recorded.holds("s3.amazonaws.com", arn)]:
            yield f"S3 used a key for the role ({call}) on objects in {', '.join(hidden)}: they were {did}, though the object calls themselves are not here."


def _unseen_gaps(present: Present, recorded: Recorded) -> Iterator[str]:
    named = False
    for kind in unrecorded():
        granting = [f"{', '.join(actions)} ({policy}, statement {s.label})" for policy, s, actions, _ in granted_unseen(kind, present, recorded)]
        if granting and not kind.never:
            named = True
            what = f"{_first_up(kind.what)} are data events, and this evidence does not hold those of all that is granted"
            yield f"{what}: whether {'; '.join(granting)} is used, it cannot tell."
    if grants_everything(present) and not named:
        yield "All actions are granted, and this evidence does not hold all data events (S3 objects, Lambda invocations, DynamoDB items, messages)."


def size_gap(statements: tuple[Mapping[str, Any], ...], documents: tuple[NamedDocument, ...]) -> Iterator[str]:
    """Whether IAM takes the document as one policy; it does not count blanks.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    size = size_of(statements)
    if size > MANAGED:
        several = f"it is cut into {len(documents)} documents that attach ({documents[0].name} to {documents[-1].name})"
        yield f"The document has {size:,} characters: a managed policy holds {MANAGED:,}, inline ones {INLINE:,} together; {several}."
    if len(documents) > ATTACHED:
        yield f"A role takes {ATTACHED} managed policies by default, and these are {len(documents)}: ask for a higher quota, or split the role."


def lack_gaps(lack: Lack, deltas: Iterable[Delta]) -> Iterator[str]:
    """What the role's own policies cannot cure, and what is left to fill in."""
    ids = {f.id for f in lack.findings}
    for delta in deltas:
        if delta in lack.deltas:
            for placeholder in delta.placeholders:
                yield f"${{{placeholder.name}}} is to be filled in: {placeholder.why}; {placeholder.how_to_find}."
        elif ids & set(delta.finding_ids):
            yield f"A standing finding also needs a change of the {delta.policy_type.value} policy of {delta.attach_to}: see diagnose --role."


def _objects_behind_keys(calls: Iterable[Record]) -> Iterator[tuple[str, str, list[str]]]:
    """The buckets in the encryption contexts of KMS calls: S3 names the object there, or the bucket where it has a bucket key.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    found: dict[str, set[str]] = {}
    for record in calls:
        context = record.request.get("encryptionContext")
        arn = context.get(S3_KEY) if record.event_source == "kms.amazonaws.com" and isinstance(context, dict) else None
        if isinstance(arn, str):
            found.setdefault(record.event_name, set()).add(arn.partition("/")[0])
    for call, arns in sorted(found.items()):
        yield call, "read" if call == "Decrypt" else "written", sorted(arns)


def _action(record: Record) -> str:
    return primary_action(record.event_source, record.event_name, record.request) or record.call


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _span(span: timedelta) -> str:
    for size, name in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if span.total_seconds() >= 2 * size:
            return f"{int(span.total_seconds() // size)} {name}"
    return f"{int(span.total_seconds())} seconds"
