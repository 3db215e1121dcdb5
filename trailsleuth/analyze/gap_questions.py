"""Gaps that a fetch named and that bear on the question: nothing can be said not to have been refused where they lie, and each has what closes it.

Sees:  gaps of records, of the execution and of data events, and the accounts and the time of the chain.
Why:   what could not be fetched may hold the refusal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from trailsleuth.model import Evidence, Gap, Inquiry, Question, Scope, account_of

HIDING = ("records", "execution", "data events")
DATA_EVENTS = "trailsleuth diagnose s3://<the trail's bucket>/<prefix> --since {since} --until {until} --profile <log account>"


def gap_questions(evidence: Evidence, scope: Scope, inquiry: Inquiry, *, region: str, exports: tuple[str, str]) -> Iterator[Question]:
    """One question a gap. `exports` are the commands that export records and executions, with since, until, region, account and pipeline to be filled in."""
    accounts = chain_accounts(scope, inquiry)
    for gap in evidence.coverage.gaps:
        if gap.wanted in HIDING and _touches(gap, accounts, scope):
            wanted = "execution" if gap.wanted == "execution" else "records"
            yield Question(account=gap.account, wanted=wanted, because=_because(gap), command=_command(gap, scope, region, exports))


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
