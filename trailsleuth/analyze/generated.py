"""What to say of a role that a tool or a service makes: an edit by hand is undone, so where to change it instead.

Sees:  the role that a claim would change, and which side of it.
Why:   a change that the next bootstrap, deployment or permission set undoes is no fix.
       Source: the rows of the table of generated roles.
Sure:  by the role's name alone; a role of that name may have been made by hand, so the change itself is still shown.
"""

from __future__ import annotations

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.catalog.generated_roles import Maker, maker_of
from trailsleuth.model import Cause, PolicyType, account_of

_SIDES = {PolicyType.TRUST: "trust", PolicyType.IDENTITY: "identity", PolicyType.BOUNDARY: "boundary"}


def generated_role(refusal: Refusal, claim: Claim) -> str:
    """Who makes the role that must change, and what to do instead of an edit; "" where no such role must change."""
    for layer, side in _SIDES.items():
        if layer in claim.layers:
            found = _maker(refusal, claim, side)
            if found is not None:
                return f"{found.made_by[:1].upper()}{found.made_by[1:]} makes this role. {found.text}"
    return ""


def _maker(refusal: Refusal, claim: Claim, side: str) -> Maker | None:
    role = refusal.resource if side == "trust" else refusal.principal
    key = claim.mismatch.key if claim.mismatch is not None and claim.mismatch.part == "condition" else None
    caller = refusal.principal_account or account_of(refusal.principal)
    return maker_of(role, side, key=key, deny=claim.cause is Cause.EXPLICIT_DENY, caller=caller)
