"""Failures that explain the error text and are no refusals: a quota, a missing project, a bad parameter.

Sees:  a failed call of the sessions asked about whose message stands in the text that the user saw.
Why:   wrapper texts speak of permissions for failures that are none; where the record shows the real one, that is the answer.
       Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html
Sure:  observed: the record and the text say the same.
"""

from __future__ import annotations

from trailsleuth.analyze.findings import cite
from trailsleuth.model import Basis, Cause, Finding, Inquiry, Record, Scope, Standing, account_of
from trailsleuth.model.names import role_of

TELLING = 16  # a message shorter than this stands in too many texts to explain one


def explaining_failures(scope: Scope, inquiry: Inquiry) -> tuple[Finding, ...]:
    """One finding for each kind of failure in focus that the error text repeats; () where the text repeats none."""
    text = " ".join((inquiry.error or (scope.execution.error_message if scope.execution else None) or "").split())
    if not text:
        return ()
    calls = [call for s in scope.sessions if s.id in scope.focus for call in s.calls if call.failed and call.denial is None]
    by_kind: dict[tuple[str, str | None, str], list[Record]] = {}
    for call in calls:
        said = " ".join((call.error_message or "").split()).rstrip(".")
        if len(said) >= TELLING and said in text:
            by_kind.setdefault((call.call, call.error_code, said), []).append(call)
    return tuple(_finding(records) for records in by_kind.values())


def _finding(records: list[Record]) -> Finding:
    first = records[0]
    principal = role_of(first)
    return Finding(
        standing=Standing.CAUSE,
        basis=Basis.OBSERVED,
        cause=Cause.NOT_A_PERMISSION,
        policy_types=(),
        principal=principal,
        principal_account=account_of(principal),
        iam_action=None,
        resource=None,
        resource_account=None,
        explanation=f"{first.event_name} failed with {first.error_code}: {first.error_message} Nothing was refused by a policy.",
        first_seen=first.event_time,
        last_seen=records[-1].event_time,
        count=len(records),
        evidence=tuple(cite(r) for r in records),
    )
