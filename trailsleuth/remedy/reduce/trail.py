"""A role's part of the trail: its calls, each once (a call across accounts has a copy in either trail), and what else the evidence knows of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from trailsleuth.catalog.reduction import was_authorized
from trailsleuth.iam.applies import find_principal
from trailsleuth.model import Evidence, IamPrincipal, Record, account_of, same_role
from trailsleuth.model.names import RoleNames, role_names, role_of
from trailsleuth.remedy.reduce.answers import Answers
from trailsleuth.remedy.reduce.handed import Definitions

NOT_CALLS = ("AwsServiceEvent", "AwsConsoleSignIn", "AwsConsoleAction")
COPIES = ("AWSAccount",)


class RoleTrail(Struct, frozen=True, kw_only=True):
    """The role with its path, its successful calls in time order, and what could not be counted."""

    role: str
    calls: tuple[Record, ...]
    reached: tuple[Record, ...]  # failed after IAM had allowed them
    failed: tuple[Record, ...]  # for another reason than a refusal, and nobody can say whether IAM was asked
    refused: tuple[Record, ...]
    outside: tuple[Record, ...]  # successful calls before or after the window
    limited: tuple[str, ...]  # ids of the AssumeRole records that carried a session policy
    names: RoleNames
    principal: IamPrincipal | None
    definitions: Definitions
    answers: Answers
    profiles: Mapping[str, str]  # the role in an instance profile, by the profile's ARN and name


def read_trail(evidence: Evidence, role: str, *, since: datetime | None = None, until: datetime | None = None) -> RoleTrail | None:
    """The role's part of the trail; None where the evidence knows no such role."""
    names = role_names(evidence)
    full = names.full(role) or role
    principal = find_principal(full, evidence.policies)
    own = [r for r in evidence.records if (who := names.full(role_of(r))) == full or same_role(who, full)]
    ids = {(r.identity.principal_id or "").partition(":")[0] for r in own} | ({principal.unique_id} if principal else set())
    far = [r for r in evidence.records if r.identity.type in COPIES and (r.identity.principal_id or "-").partition(":")[0] in ids - {""}]
    opened = [r for r in evidence.records if r.issued is not None and same_role(names.full(r.issued.role_arn or r.issued.assumed_role_arn), full)]
    if not own and not far and not opened and principal is None:
        return None
    every = _once([*own, *far], account_of(full))
    inside = [r for r in every if (since is None or r.event_time >= since) and (until is None or r.event_time <= until)]
    held = {id(r) for r in inside}
    failed = [r for r in inside if r.failed and r.denial is None and r.event_type not in NOT_CALLS]
    return RoleTrail(
        role=principal.arn if principal else full,
        calls=tuple(r for r in inside if not r.failed and r.event_type not in NOT_CALLS),
        reached=tuple(r for r in failed if was_authorized(r.error_code or "")),
        failed=tuple(r for r in failed if not was_authorized(r.error_code or "")),
        refused=tuple(r for r in inside if r.denial is not None),
        outside=tuple(r for r in every if id(r) not in held and not r.failed and r.event_type not in NOT_CALLS),
        limited=tuple(sorted({r.event_id for r in opened if r.request.get("policy") or r.request.get("policyArns")})),
        names=names,
        principal=principal,
        definitions=Definitions(evidence.records),
        answers=Answers(evidence.records),
        profiles={key: p.arn for p in evidence.policies.principals for profile in p.instance_profiles for key in (profile, profile.rpartition("/")[2])},
    )


def _once(records: Iterable[Record], account: str | None) -> list[Record]:
    """Each call once: the copy of the role's own account where there is one. Copies share the `sharedEventID`, else the request's id.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """
    found: dict[str, Record] = {}
    told: dict[tuple[str, str], str | None] = {}
    for record in sorted(records, key=lambda r: (r.recipient_account != account, r.event_time, r.event_id, r.recipient_account or "")):
        request = (record.request_id or record.event_id, record.call)
        if told.setdefault(request, record.recipient_account) == record.recipient_account:
            found.setdefault(record.shared_event_id or f"{record.event_id} {record.recipient_account}", record)
    return sorted(found.values(), key=lambda r: (r.event_time, r.event_id, r.recipient_account or ""))
