"""What to say of a role that a tool or a service makes: an edit by hand is undone, so where to change it instead.

Sees:  the role that a claim would change, and which side of it.
Why:   a change that the next bootstrap, deployment or permission set undoes is no fix.
       Source: the rows of the table of generated roles.
Sure:  by the role's name alone; a role of that name may have been made by hand, so the change itself is still shown.
"""

from __future__ import annotations

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.catalog.generated_roles import maker_of
from trailsleuth.model import Cause, Maker, PolicyType, account_of

_SIDES = {PolicyType.TRUST: "trust", PolicyType.IDENTITY: "identity", PolicyType.BOUNDARY: "boundary"}


def maker_of_role(refusal: Refusal, claim: Claim) -> Maker | None:
    """Who makes the role that must change and undoes an edit, and what to do instead; None where no such role must change."""
    found = _of_any(refusal, claim)
    return found if found is not None and not found.editable else None


def of_an_editable_role(refusal: Refusal, claim: Claim) -> str:
    """Who makes the role where an edit stays, and how to edit it; "" for any other."""
    found = _of_any(refusal, claim)
    return made_by(found) if found is not None and found.editable else ""


def made_by(maker: Maker) -> str:
    """Who makes the role, in words."""
    return f"{maker.name[:1].upper()}{maker.name[1:]} makes this role. {maker.instead}"


def _of_any(refusal: Refusal, claim: Claim) -> Maker | None:
    return next((found for layer, side in _SIDES.items() if layer in claim.layers and (found := _maker(refusal, claim, side))), None)


def _maker(refusal: Refusal, claim: Claim, side: str) -> Maker | None:
    role = refusal.resource if side == "trust" else refusal.principal
    key = claim.mismatch.key if claim.mismatch is not None and claim.mismatch.part == "condition" else None
    caller = refusal.principal_account or account_of(refusal.principal)
    return maker_of(role, side, key=key, deny=claim.cause is Cause.EXPLICIT_DENY, caller=caller)
