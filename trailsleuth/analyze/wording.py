"""The sentences of a finding's explanation: what was refused, why, what cures it, and what the trail cannot tell."""

from __future__ import annotations

from trailsleuth.analyze.beyond import is_granted_only, is_service_linked, not_a_role, settled_by
from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.generated import of_an_editable_role
from trailsleuth.analyze.refusal import BY_POLICIES, Refusal
from trailsleuth.analyze.told import told_by_record
from trailsleuth.catalog.actions import unlisted
from trailsleuth.catalog.operations import decided_elsewhere
from trailsleuth.catalog.short_lived import widening
from trailsleuth.catalog.things import unfilled_name
from trailsleuth.iam.nearness import difference
from trailsleuth.model import Cause, Effect, Mismatch, PolicyType, Record, parse_arn
from trailsleuth.model.names import name_of_caller

LONGEST = 300  # signs of a message that is repeated
STACKS = "cloudformation.amazonaws.com"

LAYER_NAMES = {
    PolicyType.IDENTITY: "the identity-based policies of the principal",
    PolicyType.RESOURCE: "the policy on the resource",
    PolicyType.TRUST: "the trust policy of the role",
    PolicyType.BOUNDARY: "the principal's permissions boundary",
    PolicyType.SESSION: "the session policy that the credentials were issued with",
    PolicyType.SCP: "a service control policy of the organization",
    PolicyType.RCP: "a resource control policy of the organization",
    PolicyType.VPC_ENDPOINT: "the policy of the VPC endpoint",
    PolicyType.LAKE_FORMATION: "the Lake Formation grants",
    PolicyType.OTHER: "a grant, which is not a policy document",
}
OWNERS = {
    PolicyType.SCP: "Only the organization's management account (or its delegated administrator) can change it; no Allow on the role helps.",
    PolicyType.RCP: "Only the organization's management account (or its delegated administrator) can change it; no Allow on the role helps.",
    PolicyType.BOUNDARY: "Whoever owns the boundary must change it; an Allow on the role alone does not help.",
    PolicyType.SESSION: "Whoever asks for the credentials passes this policy; an Allow on the role does not help.",
    PolicyType.VPC_ENDPOINT: "The owner of the endpoint must change it; an Allow on the role does not help.",
    PolicyType.LAKE_FORMATION: "It is granted with `aws lakeformation grant-permissions`, not with a policy.",
}


def short(arn: str | None) -> str:
    """A principal or resource for a sentence: the role's name, else the text."""
    parsed = parse_arn(arn)
    if parsed is None:
        return arn or "the caller"
    if parsed.service == "iam" and parsed.resource == "root":
        return f"the root user of account {parsed.account}"
    if parsed.is_federated_user:
        return f"federated user {parsed.name} (account {parsed.account})"
    return f"{parsed.resource.partition('/')[0]} {parsed.name} (account {parsed.account})" if parsed.service == "iam" and parsed.account else str(arn)


def explain(refusal: Refusal, claim: Claim, tool: Record | None = None) -> str:
    """What a refusal comes down to, in a few sentences; `tool` is the call of an agent that made the refused one."""
    parts = [
        _what(refusal),
        _why(refusal, claim),
        *_owner(claim),
        *told_by_record(refusal, claim, tool),
        _by_elimination(refusal),
        of_an_editable_role(refusal, claim),
        _as_its_caller(refusal),
        *_limits(refusal, claim),
    ]
    if refusal.denial.beside:
        parts.append(f"The text of the record speaks of {short(refusal.denial.beside)}, which is not its caller: nothing else was taken from it.")
    return " ".join(part for part in parts if part)


def _by_elimination(refusal: Refusal) -> str:
    """How the action is known, where neither the message nor the request tells it."""
    if refusal.denial.known_from.get("iam_action") != BY_POLICIES:
        return ""
    unseen = "" if refusal.first.request else "; the record shows no request, so whether this call needed it is not seen"
    return f"They allow {refusal.first.event_name} itself; of all that it may be checked for besides, they lack this alone{unseen}."


def _what(refusal: Refusal) -> str:
    record = refusal.first
    action = refusal.iam_action or f"{record.event_name} ({record.event_source})"
    on = f" on {refusal.resource}" if refusal.resource not in (None, "*") else ""
    who = short(refusal.principal) if refusal.principal else short(name_of_caller(record))
    if refusal.denial.open:
        said = " ".join((record.error_message or "").split())[:LONGEST]
        return f"{record.event_name} by {who} failed with {record.error_code}, in words that speak of access: {said}"
    if refusal.denial.demand:
        return f"{record.event_name} needs {action}{on} of {who}: {refusal.denial.demand}."
    through = f", through {record.event_name}" if refusal.iam_action and not refusal.iam_action.endswith(":" + record.event_name) else ""
    return f"{who} was denied {action}{on}{through}."


def _why(refusal: Refusal, claim: Claim) -> str:
    where = " and ".join(LAYER_NAMES[layer] for layer in claim.layers) or "no policy that the evidence shows"
    match claim.cause:
        case Cause.EXPLICIT_DENY:
            seen = _statements(claim)
            return f"A Deny in {where} decides{': ' + seen if seen else ''}; an Allow cannot win against it."
        case Cause.UNTRUSTED_PRINCIPAL | Cause.STALE_PRINCIPAL:
            return _why_not_trusted(refusal, claim)
        case Cause.NO_POLICY_FIX:
            return _why_no_policy(refusal, claim)
        case Cause.NOT_A_PERMISSION:
            return _why_no_permission(refusal, claim)
        case Cause.UNKNOWN if refusal.denial.open:
            return "They tell neither who lacked what nor on what; of what the call is known to need, the policies in the evidence deny nothing."
        case Cause.UNKNOWN if not refusal.first.identity.is_told and refusal.principal is None:
            return "The record does not tell who called, so nobody's policies can be looked at."
        case Cause.UNKNOWN if claim.layers == (PolicyType.TRUST,):
            return _why_not_assumed(refusal)
        case Cause.UNKNOWN:
            return "Neither the message nor the policies in the evidence tell which policy denied it."
        case _:
            return _why_not_allowed(refusal, where, claim)


def _why_no_permission(refusal: Refusal, claim: Claim) -> str:
    if claim.rule == "unfilled":
        return f"{unfilled_name(refusal.resource or '')} stands where a name was to be: a variable or a placeholder that was not filled in."
    if refusal.is_assume:
        return "The trust policy admits it: the role was just made or changed, and the change had not settled."
    return "It looks like a denial, but permissions are not the reason."


def _why_not_allowed(refusal: Refusal, where: str, claim: Claim) -> str:
    seen = _statements(claim)
    if claim.cause is Cause.SCOPE_MISMATCH:
        wanted = ", ".join(claim.mismatch.wanted[:3]) if claim.mismatch else "other resources"
        return f"{_capital(where)}: {seen} allows the action, but only on {wanted}{_missed_by(claim, refusal)}."
    if claim.cause is Cause.CONDITION_MISMATCH:
        known = claim.mismatch is None or claim.mismatch.given is not None
        outcome = "its condition is false" if known else "whether its condition holds is open"
        return f"{_capital(where)}: {seen or 'a statement'} covers the action and the resource, but {outcome}{_condition(claim)}."
    if not claim.layers:
        return "Nothing that the evidence shows allows it."
    if claim.layers == (PolicyType.OTHER,) and is_granted_only(refusal):
        key, who = refusal.resource or "KEY-ARN", refusal.principal
        return (
            "The key is another account's, and nobody can edit a service-linked role's policies: only a grant lets it in. Once the key policy allows this "
            f"account kms:CreateGrant, somebody in it runs: aws kms create-grant --key-id {key} --grantee-principal {who} --operations Encrypt Decrypt "
            "ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext DescribeKey CreateGrant"
        )
    if claim.already:
        return f"AWS says that {where} did not allow it, yet those in the evidence do: they were changed since, or a change had not settled."
    return f"{_capital(where)} {'do' if {PolicyType.IDENTITY, PolicyType.LAKE_FORMATION} & set(claim.layers) else 'does'} not allow it."


def _missed_by(claim: Claim, refusal: Refusal) -> str:
    """In what the nearest resource of the statement differs from the one that was asked for."""
    nearest = claim.mismatch.wanted[0] if claim.mismatch and claim.mismatch.wanted else ""
    said = difference(nearest, refusal.resource or "")
    return f" ({said})" if said else ""


def _why_not_trusted(refusal: Refusal, claim: Claim) -> str:
    role = short(refusal.resource) if refusal.resource else "the role"
    if claim.cause is Cause.STALE_PRINCIPAL:
        policy = "trust policy" if refusal.is_assume else "policy"
        return (
            f"The {policy} of {role} names a unique id of a principal that was deleted; one made anew under the same name has another id. "
            "The identity side is not to blame."
        )
    who = short(refusal.principal) if refusal.principal else "the caller"
    if claim.mismatch is not None and claim.mismatch.part == "action":
        wanted = ", ".join(claim.mismatch.wanted)
        return f"The trust policy of {role} names {who} for {wanted} alone ({_statements(claim)}), and not for {refusal.iam_action}."
    return f"The trust policy of {role} does not name {who}."


def _why_not_assumed(refusal: Refusal) -> str:
    role, who = short(refusal.resource) if refusal.resource else "the role", short(refusal.principal) if refusal.principal else "the caller"
    return (
        f"The trust policy of {role} is not in the evidence: it may not let {who} in, the role may not exist under this name and path, "
        "or it was made or changed seconds before. All three are denied in the same words."
    )


_NAMED_IN_VAIN = {
    "other-account": "Its policies allow it; the request names another account than its own, for which the service does not take the call from it.",
    "of-aws": "Its policies allow it; the request names what no account owns (an ARN without an account).",
}


def _why_no_policy(refusal: Refusal, claim: Claim) -> str:
    settled = settled_by(claim.rule, refusal)
    if settled is not None:
        return str(settled["why"])
    if claim.rule == "not-a-role":
        return f"{not_a_role(refusal)} is not a role, and it was given in the place of one."
    if refusal.iam_action == "iam:PassRole" or "pass role" in (refusal.first.error_message or "").lower():
        return "A role can only be passed inside its own account: no policy change helps."
    if claim.rule == "aws-managed-key":
        return "It is an AWS managed key, whose policy nobody can change."
    if claim.rule in _NAMED_IN_VAIN:
        return _NAMED_IN_VAIN[claim.rule]
    if is_service_linked(refusal.principal):
        return "It is a service-linked role: nobody but AWS can edit its policies, and the resource cannot carry a policy that would let it in."
    return "No policy change fixes this."


def _statements(claim: Claim) -> str:
    """Each by its Sid; one without by its place, counted from 1 as people count."""
    named = (f"number {int(ref.statement) + 1}" if ref.statement.isdigit() else ref.statement for ref in claim.blocking[:3])
    return ", ".join(f"statement {name} of {ref.policy}" for name, ref in zip(named, claim.blocking, strict=False))


def _condition(claim: Claim) -> str:
    part = claim.mismatch
    if part is None or not part.key:
        return ""
    given = (
        "the request carried no value"
        if part.given == ()
        else f"the request had {', '.join(part.given)}"
        if part.given
        else "the trail does not show the value"
    )
    operator, values = (part.operator, part.wanted) if part.wanted else _wanted(claim, part.key)
    wanted = f" {operator} {', '.join(values[:4])}" if values else ""
    return f" ({part.key}{wanted}: {given}{_taken_literally(part)})"


def _taken_literally(part: Mismatch) -> str:
    """What is easily overlooked in the condition itself: a pattern under an operator that knows none, a key that no request has.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_String
    """
    if part.key.startswith("arn:"):
        return "; no condition key begins with an ARN: the keys of a token begin with the host and path of its issuer"
    if "string" in part.operator.lower() and "like" not in part.operator.lower() and any(sign in value for value in part.wanted for sign in "*?"):
        return f"; {part.operator} takes * and ? as they stand, StringLike reads them as wildcards"
    return ""


def _wanted(claim: Claim, key: str) -> tuple[str, tuple[str, ...]]:
    """What the statement itself asks of a key whose value nobody knows."""
    asked = (c for statement in claim.statements for c in statement.conditions if c.key.lower() == key.lower())
    return next(((c.operator, c.values) for c in asked), ("", ()))


def _owner(claim: Claim) -> list[str]:
    return [OWNERS[layer] for layer in claim.layers if layer in OWNERS]


def _as_its_caller(refusal: Refusal) -> str:
    """A stack without a role is made with the credentials of who made it: nobody is to look for a role of CloudFormation's.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
    """
    who = refusal.first.identity
    own = (who.arn or "").endswith("/AWSCloudFormation") or who.type not in ("AssumedRole", "IAMUser")
    return (
        ""
        if own or who.invoked_by != STACKS or refusal.denial.demand
        else "CloudFormation was given no role of its own: it acts with its caller's permissions."
    )


def _limits(refusal: Refusal, claim: Claim) -> list[str]:
    notes = _unlisted(refusal)
    if claim.cause in (Cause.MISSING_ALLOW, Cause.SCOPE_MISMATCH, Cause.CONDITION_MISMATCH) and refusal.resource and widening(refusal.resource):
        notes.append("Its id lives for one run: the change is for any of its type.")
    if not claim.sure and claim.cause in (Cause.MISSING_ALLOW, Cause.UNTRUSTED_PRINCIPAL) and len(claim.layers) == 1:
        notes.append("The record does not say which policy; this is what is left by the evidence.")
    if len(claim.layers) > 1:
        notes.append("Both sides must allow a call across accounts.")
    if refusal.denial.effect is Effect.EXPLICIT and not claim.statements:
        notes.append("The document of that policy is not in the evidence." if claim.blocking else "The denying statement is not in the evidence.")
    return notes


def _unlisted(refusal: Refusal) -> list[str]:
    """Where no reference lists the action: what it rests on, unless AWS itself named it; where there is none: who decides instead."""
    if refusal.iam_action is None:
        other = decided_elsewhere(refusal.first.event_source, refusal.first.event_name)
        return [f"{_capital(other)}."] if other else []
    found = unlisted(refusal.iam_action)
    return [found.why] if found and not refusal.named_by_aws else []


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
