"""Can this machine answer a live question? Identity, permissions, regions, clock and trails, each with what closes the gap."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from trailsleuth.errors import AccountUnreachable
from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.operations import Operation, allowing_statement, operations
from trailsleuth.sources.aws.sessions import Account, Surroundings, open_accounts
from trailsleuth.sources.aws.ways import Ways

SKEW_SECONDS = 300  # AWS refuses signatures that are more than five minutes off


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    MISSING = "missing"
    UNKNOWN = "unknown"


class Check(Struct, frozen=True, kw_only=True):
    """One thing that live mode needs; `fix` is the statement or command that closes the gap."""

    account: str | None
    subject: str
    state: State
    detail: str
    fix: str | None = None
    optional: bool = False


def examine(ways: Ways, around: Surroundings) -> tuple[Check, ...]:
    """Every check of every profile; a profile that does not work is a check that failed, not an end."""
    checks: list[Check] = []
    for single in _one_by_one(ways):
        try:
            accounts = open_accounts(single, around)
        except AccountUnreachable as failure:
            checks.append(Check(account=None, subject="identity", state=State.MISSING, detail=f"{failure.what}: {failure.why}", fix=failure.next_step))
            continue
        for account in accounts.values():
            if single.assume_roles and not account.label.startswith("role "):
                continue  # it was opened on the way to the role, and has its own turn
            checks += _of_account(account, ways.regions or ((account.region,) if account.region else ()))
    return tuple(checks)


def _one_by_one(ways: Ways) -> Iterator[Ways]:
    for profile in ways.profiles or ("",):
        yield Ways(profiles=(profile,) if profile else (), regions=ways.regions)
    for role in ways.assume_roles:
        yield Ways(profiles=ways.profiles[:1], assume_roles=(role,), regions=ways.regions)


def _of_account(account: Account, regions: tuple[str, ...]) -> Iterator[Check]:
    yield Check(account=account.id, subject="identity", state=State.OK, detail=f"{account.label} is {account.identity}")
    yield _clock(account)
    if not regions:
        yield Check(account=account.id, subject="region", state=State.MISSING, detail="none is set", fix="give --region, or set one in the profile")
    home = regions[0] if regions else account.global_region
    for row in operations().values():
        if row.probe is not None and account.knows(row.service):
            yield _permission(row, account, home)
    for region in dict.fromkeys([*regions, account.global_region]):
        yield _region(account, region)
    yield from _trails(account, home)


def _clock(account: Account) -> Check:
    said = account.server_date()
    if said is None:
        return Check(account=account.id, subject="clock", state=State.UNKNOWN, detail="AWS sent no date")
    skew = (account.around.now() - parsedate_to_datetime(said)).total_seconds()
    state = State.OK if abs(skew) < SKEW_SECONDS else State.MISSING
    fix = None if state is State.OK else "set this machine's clock (timedatectl set-ntp true)"
    return Check(account=account.id, subject="clock", state=state, detail=f"{abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}", fix=fix)


def _permission(row: Operation, account: Account, region: str) -> Check:
    answer = account.ask(row.service, row.name, region, **(row.probe or {}))
    subject = ", ".join(row.iam_actions)
    if isinstance(answer, Refusal) and answer.why is Why.DENIED:
        fix = json.dumps(allowing_statement(row))
        return Check(account=account.id, subject=subject, state=State.MISSING, detail=f"without it: {row.why}", fix=fix, optional=row.optional)
    if isinstance(answer, Refusal) and answer.why in (Why.THROTTLED, Why.UNREACHABLE, Why.BROKEN):
        return Check(account=account.id, subject=subject, state=State.UNKNOWN, detail=f"AWS answered {answer.code}", optional=row.optional)
    return Check(account=account.id, subject=subject, state=State.OK, detail=row.why, optional=row.optional)


def _region(account: Account, region: str) -> Check:
    answer = account.ask("cloudtrail", "LookupEvents", region, MaxResults=1)
    if isinstance(answer, Refusal) and answer.why is not Why.DENIED:
        fix = f"aws account enable-region --region-name {region}, or leave the region out"
        return Check(account=account.id, subject=f"region {region}", state=State.MISSING, detail=f"AWS answered {answer.code}", fix=fix)
    return Check(account=account.id, subject=f"region {region}", state=State.OK, detail="it answers")


def _trails(account: Account, region: str) -> Iterator[Check]:
    """Whether some trail logs what the event history lacks: data events; and KMS, which a trail may leave out."""
    listed = account.ask("cloudtrail", "DescribeTrails", region)
    if isinstance(listed, Refusal):
        return  # told by the permission check
    trails = [trail for trail in listed.get("trailList", ()) if trail.get("TrailARN")]
    if not trails:
        fix = "aws cloudtrail create-trail --name NAME --s3-bucket-name BUCKET --is-multi-region-trail"
        yield Check(account=account.id, subject="trail", state=State.MISSING, detail="there is none: only 90 days of management events", fix=fix, optional=True)
    for trail in trails:
        selectors = account.ask("cloudtrail", "GetEventSelectors", str(trail.get("HomeRegion") or region), TrailName=str(trail["TrailARN"]))
        if not isinstance(selectors, Refusal):
            yield _data_events(account, trail, selectors)
            yield _kms_events(account, trail, selectors)
            yield _network_events(account, trail, selectors)


def _data_events(account: Account, trail: Mapping[str, Any], selectors: Mapping[str, Any]) -> Check:
    advanced = selectors.get("AdvancedEventSelectors") or []
    basic = selectors.get("EventSelectors") or []
    logs = any(selector.get("DataResources") for selector in basic) or any("Data" in _values(selector, "eventCategory") for selector in advanced)
    name = str(trail.get("Name"))
    selector = '[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::BUCKET/"]}]}]'
    fix = None if logs else f"aws cloudtrail put-event-selectors --trail-name {name} --event-selectors '{selector}'"
    detail = "logged" if logs else "not logged: denied reads and writes of S3 objects leave no record"
    return Check(account=account.id, subject=f"data events in trail {name}", state=State.OK if logs else State.MISSING, detail=detail, fix=fix, optional=True)


def _kms_events(account: Account, trail: Mapping[str, Any], selectors: Mapping[str, Any]) -> Check:
    basic = selectors.get("EventSelectors") or []
    advanced = selectors.get("AdvancedEventSelectors") or []
    left_out = any("kms.amazonaws.com" in (selector.get("ExcludeManagementEventSources") or ()) for selector in basic)
    left_out = left_out or any("kms.amazonaws.com" in _values(selector, "eventSource", "NotEquals") for selector in advanced)
    name = str(trail.get("Name"))
    fix = f"take kms.amazonaws.com out of the excluded sources: aws cloudtrail get-event-selectors --trail-name {name}" if left_out else None
    detail = "left out: denied use of a key leaves no record in this trail" if left_out else "logged"
    return Check(account=account.id, subject=f"KMS in trail {name}", state=State.MISSING if left_out else State.OK, detail=detail, fix=fix, optional=True)


def _network_events(account: Account, trail: Mapping[str, Any], selectors: Mapping[str, Any]) -> Check:
    """Whether the trail records what the policies of VPC endpoints deny.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
    """
    logs = any("NetworkActivity" in _values(selector, "eventCategory") for selector in selectors.get("AdvancedEventSelectors") or [])
    name = str(trail.get("Name"))
    selector = '{"FieldSelectors":[{"Field":"eventCategory","Equals":["NetworkActivity"]},{"Field":"eventSource","Equals":["SERVICE.amazonaws.com"]},'
    selector += '{"Field":"errorCode","Equals":["VpceAccessDenied"]}]}'
    fix = None if logs else f"add to its advanced event selectors, for each service that is called through a VPC endpoint: {selector}"
    detail = "logged" if logs else "not logged: what the policy of a VPC endpoint denies leaves no record"
    state = State.OK if logs else State.MISSING
    return Check(account=account.id, subject=f"network activity events in trail {name}", state=state, detail=detail, fix=fix, optional=True)


def _values(selector: Mapping[str, Any], name: str, kind: str = "Equals") -> list[str]:
    return [value for field in selector.get("FieldSelectors", ()) if field.get("Field") == name for value in field.get(kind) or ()]
