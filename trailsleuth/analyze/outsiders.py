"""Findings of principals that the evidence knows from their denied calls alone.

Sees:  the principal or the token's subject of each finding, and everybody who belongs to the evidence.
Why:   anybody can make a denied call, and its record then asks for a grant.
Sure:  that nothing else in the evidence knows them; whether they are meant to come in, nobody here can tell.
"""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.model import Evidence, Finding
from trailsleuth.model.parties import Parties, parties_of


def mark_outsiders(findings: tuple[Finding, ...], evidence: Evidence) -> tuple[Finding, ...]:
    """The findings, those of outsiders with `outside` filled in."""
    if not findings:
        return findings
    parties = parties_of(evidence)
    return tuple(replace(finding, outside=who) if (who := _outsider(finding, parties)) else finding for finding in findings)


def _outsider(finding: Finding, parties: Parties) -> str:
    account = parties.outsider(finding.principal)
    if account is not None:
        return f"{finding.principal} of account {account}"
    if finding.principal is None and finding.grantee:
        for subject in (v for request in finding.requests for key, values in request.context.items() if key.endswith(":sub") for v in values):
            if not parties.knows_subject(finding.grantee, subject):
                return f"the subject {subject} of {finding.grantee}"
    return ""
