"""A role that was to be assumed and had been deleted.

Sees:  a refused AssumeRole (or a service that could not take a role), and the record of the role's deletion before it, with no creation since.
Why:   a deleted role cannot be assumed; the text is the same as for a trust that does not admit the caller.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage_delete.html
Sure:  observed: the deletion is in the evidence.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.findings import cite, make_finding
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.wording import short
from trailsleuth.model import Basis, Cause, Finding, Record, Standing, parse_arn


class RoleLives:
    """Creations and deletions of roles, by name. The records come in time order."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._by_name: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            if record.event_name in ("CreateRole", "DeleteRole") and not record.failed and isinstance(name := record.request.get("roleName"), str):
                self._by_name[name].append(record)

    def deletion(self, refusal: Refusal) -> Record | None:
        """The deletion of the role before the refusal; None where it was not deleted, or made anew before the call."""
        role = parse_arn(refusal.resource)
        if role is None or not role.is_role or not refusal.is_assume:
            return None
        lives = self._by_name.get(role.name, [])
        before = lives[: bisect_right(lives, refusal.first.event_time, key=lambda record: record.event_time)]
        last = next((record for record in reversed(before) if record.account in (None, role.account)), None)
        return last if last is not None and last.event_name == "DeleteRole" else None


def gone_finding(refusal: Refusal, deletion: Record) -> Finding:
    """No policy brings the role back: it must be made again, or another one named."""
    finding = make_finding(refusal, Claim(layers=(), cause=Cause.NO_POLICY_FIX), Standing.CAUSE, Basis.OBSERVED)
    when = deletion.event_time.isoformat().replace("+00:00", "Z")
    text = (
        f"{short(refusal.resource)} was deleted at {when} (record {deletion.event_id}), before it was to be assumed. Make it again with its trust and "
        "policies, or name another role; a stack whose role is gone can be deleted with --role-arn of another."
    )
    return replace(finding, explanation=text, evidence=(*finding.evidence, cite(deletion)))
