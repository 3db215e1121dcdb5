"""The conditions that a new statement carries: never fewer guards than the statement that nearly applied had.

Sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
         https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from trailsleuth.catalog.services import sends_source_account
from trailsleuth.iam.keys import is_absent, issuer_of
from trailsleuth.model import Cause, Condition, Finding, Mismatch, Placeholder
from trailsleuth.model.pattern import escaped
from trailsleuth.model.written import Blank, holds_signs, written

REQUEST_SIDE = (
    "aws:multifactorauthpresent",
    "aws:multifactorauthage",
    "aws:securetransport",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:requesttag/",
    "aws:tagkeys",
    "s3:x-amz-",
    "iam:permissionsboundary",
    "sts:externalid",
    "sts:rolesessionname",
    "sts:sourceidentity",
    "sts:transitivetagkeys",
)  # keys (or their beginnings) that tell how a call was made or what it asked for: the caller has to call otherwise, the policy stays
CLAIMS = ("amr", "app_id", "aud", "azp", "email", "id", "oaud", "sub", "user_id")  # of a token, under its issuer's host
ALIKE = 0.9  # of two hosts, by difflib: some letters are missing or one is wrong
OFFERED = ("token.actions.githubusercontent.com", "accounts.google.com", "oidc.circleci.com/")  # issuers of whose own claims STS makes keys as well
OWNER_KEY = "aws:resourceaccount"
POOL_KEY = "cognito-identity.amazonaws.com:aud"
FITTING = ("stringequals", "stringlike", "stringequalsignorecase", "arnequals", "arnlike", "bool")  # operators that a value can simply be put under
SOURCE_KEYS = ("aws:SourceAccount", "aws:SourceArn")
TAKING_PATTERNS = ("stringlike", "arnequals", "arnlike")


class Fitted(Struct):
    """The Condition element, and placeholders for values that the trail does not show."""

    element: dict[str, dict[str, Any]] = field(default_factory=dict)
    placeholders: tuple[Placeholder, ...] = ()


def fit_conditions(finding: Finding) -> Fitted | None:
    """What the statement must carry: the condition that nearly applied with the failed value made to fit; None where the call must change instead."""
    known = {op: dict(keys) for op, keys in finding.conditions.items()}
    if finding.cause is Cause.UNTRUSTED_PRINCIPAL and finding.statements and finding.mismatch is not None and finding.mismatch.part == "action":
        return Fitted(element=_as_they_stand(finding.statements[0].conditions, _token_conditions(finding)))
    if finding.cause is not Cause.CONDITION_MISMATCH or known:
        return Fitted(element=known or _token_conditions(finding))
    part = finding.mismatch
    if part is None:
        return None
    if finding.statements and _under_its_issuer(part.key, finding) != part.key:
        spelled = tuple(replace(c, key=_under_its_issuer(c.key, finding)) for c in finding.statements[0].conditions)
        return Fitted(element=_as_they_stand(spelled, _token_conditions(finding)))
    if _is_claim_of_nobody(part, finding):
        return Fitted(element=_token_conditions(finding))
    if part.key.lower() == OWNER_KEY and finding.resource is not None:
        return Fitted()  # the exact ARN says which resource is meant; only its owner's number was wrong
    if not finding.statements or (part.key.lower().startswith(REQUEST_SIDE) and not _cannot_be_sent(part.key, finding) and not _adds_itself(part, finding)):
        return None
    return _for_one(_refit(finding, finding.statements[0].conditions), _token_conditions(finding))


def _for_one(fitted: Fitted | None, token: Mapping[str, Mapping[str, Any]]) -> Fitted | None:
    """With the token's own subject where the conditions ask for none and no identity pool: a provider alone is everybody who has an account there."""
    if fitted is not None and not any(_names_one(key) for keys in fitted.element.values() for key in keys):
        for operator, keys in token.items():
            fitted.element.setdefault(operator, {}).update({key: value for key, value in keys.items() if _names_one(key)})
    return fitted


def _names_one(key: str) -> bool:
    return key.lower().endswith(":sub") or key.lower() == POOL_KEY


def _as_they_stand(conditions: tuple[Condition, ...], token: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The guards of a statement that misses nothing but the action; of one that asks for no subject of a token and no identity pool, the token's own too.

    Source: https://docs.aws.amazon.com/cognito/latest/developerguide/role-trust-and-permissions.html
    """
    element = {} if any(_names_one(c.key) for c in conditions) else {operator: dict(keys) for operator, keys in token.items()}
    for condition in conditions:
        element.setdefault(condition.operator, {})[condition.key] = condition.values[0] if len(condition.values) == 1 else list(condition.values)
    return element


def _refit(finding: Finding, conditions: tuple[Condition, ...]) -> Fitted | None:
    fitted = Fitted()
    for condition in conditions:
        failed = _failed(condition, finding)
        if failed and _cannot_be_sent(condition.key, finding):
            continue
        key = _of_the_new(condition.key, finding)
        operator, values = _value(condition, finding, fitted) if failed and key == condition.key else (condition.operator, condition.values)
        if values is None or (key != condition.key and _context(finding, key) == ()):
            return None
        fitted.element.setdefault(operator, {})[key] = values[0] if len(values) == 1 else list(values)
    return fitted


def _of_the_new(key: str, finding: Finding) -> str:
    """A thing that is being made has no tags yet: the tags that its request asks for stand in their place, with the values that the policy wants.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
    """
    kind, slash, tag = key.partition("/")
    return f"aws:RequestTag/{tag}" if slash and kind.lower().endswith(":resourcetag") and _context(finding, key) == () else key


def _failed(condition: Condition, finding: Finding) -> bool:
    """The condition that was false; where only an unknown key is to blame, every condition on a key that the trail does not show."""
    part = finding.mismatch
    if part is None:
        return False
    if part.operator:
        return (condition.key.lower(), condition.operator.lower()) == (part.key.lower(), part.operator.lower())
    return _context(finding, condition.key) is None


def _value(condition: Condition, finding: Finding, fitted: Fitted) -> tuple[str, tuple[str, ...] | None]:
    """The operator with what the request carried, or a placeholder for it; None for a key that it did not carry, or an operator that is no comparison
    for equality. A value that holds signs is never put under an operator that takes patterns."""
    part = finding.mismatch
    told = _context(finding, condition.key)
    given = part.given if told is None and part is not None and part.key.lower() == condition.key.lower() else told
    quantifier, colon, name = condition.operator.rpartition(":")
    operator = name.lower().removesuffix("ifexists")
    if operator not in FITTING or given == ():
        return condition.operator, None
    if given is not None:
        exact = operator in TAKING_PATTERNS and any(holds_signs(value) for value in given)
        if_exists = "IfExists" if name.lower().endswith("ifexists") else ""
        return (f"{quantifier}{colon}StringEquals{if_exists}" if exact else condition.operator), tuple(escaped(value) for value in given)
    name = "".join(word[:1].upper() + word[1:] for word in re.split(r"\W+", condition.key) if word)
    how = f"the value of {condition.key} that the call carries: see the request, or decode the authorization message"
    fitted.placeholders += (Placeholder(name=name, why=f"the record does not show {condition.key}", how_to_find=how),)
    return condition.operator, (written(Blank(name)),)


def _cannot_be_sent(key: str, finding: Finding) -> bool:
    """CodePipeline sends no external id when it assumes an action role, and some services no `iam:PassedToService`: there the condition has to go,
    for this one role.

    Sources: https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-create-cross-account.html (the trust it asks for has none)
             https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html ("some services do not support this key")
    """
    if key.lower() == "iam:passedtoservice":
        return finding.iam_action == "iam:PassRole" and not finding.conditions
    return key.lower() == "sts:externalid" and finding.session_caller == "codepipeline.amazonaws.com"


def _is_claim_of_nobody(part: Mismatch, finding: Finding) -> bool:
    """A claim of the token under a key that no token has: the provider's ARN, or another issuer's host, stands before it; or it is a claim of the issuer's own,
    which STS makes no key of as far as the record tells.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    """
    if finding.grantee is None:
        return False
    issuer = issuer_of(finding.grantee).lower()
    claim = part.key.lower().removeprefix(f"{issuer}:")
    if claim != part.key.lower():
        unheard = not issuer.startswith(OFFERED) and claim not in CLAIMS and not _context(finding, part.key)
        return unheard and bool(_token_conditions(finding))
    return part.key.endswith((":sub", ":aud"))


def _under_its_issuer(key: str, finding: Finding) -> str:
    """The key of a token's claim under its issuer's host where the policy misspells that host; else as it is. What says whose token it is (`sub`, `aud`) is
    taken from the token instead.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    """
    host, _, claim = key.rpartition(":")
    issuer = issuer_of(finding.grantee or "")
    misspelt = "." in host and host.lower() != issuer.lower() and SequenceMatcher(None, host.lower(), issuer.lower()).ratio() > ALIKE
    return f"{issuer}:{claim}" if misspelt and claim.lower() in CLAIMS and claim.lower() not in ("sub", "aud") else key


def _adds_itself(part: Mismatch, finding: Finding) -> bool:
    """Tags of the service's own (`sagemaker:…`, `aws:…`), which nobody can leave out of the call: there the policy has to let their keys in.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/domain-user-profile-tags.html
    """
    own = tuple(f"{prefix}:" for prefix in ("aws", (finding.iam_action or "").partition(":")[0].lower()))
    added = [key for key in part.given or () if key not in part.wanted]
    return part.key.lower() == "aws:tagkeys" and bool(added) and all(key.lower().startswith(own) for key in added)


def _context(finding: Finding, key: str) -> tuple[str, ...] | None:
    """The values of a key in the requests; () where one of them did not carry it, None where nobody knows."""
    wanted = key.lower()
    found: list[str] = []
    for request in finding.requests:
        values = next((values for name, values in request.context.items() if name.lower() == wanted), None)
        if values == () or (values is None and is_absent(wanted, {absent.lower() for absent in request.absent})):
            return ()
        found += values or ()
    return tuple(dict.fromkeys(found)) or None


def with_source(element: Mapping[str, Mapping[str, Any]], principal: Mapping[str, Any], finding: Finding) -> dict[str, dict[str, Any]]:
    """The conditions of a grant to a service, with the resource and the account that it acts for, where the request tells them: otherwise anybody's
    resource of that service would do. For a role the account alone: which ARN a service sends there, its request does not tell.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    found = {operator: dict(keys) for operator, keys in element.items()}
    held = {key.lower() for keys in found.values() for key in keys}
    service, role = str(principal.get("Service", "")), (finding.iam_action or "").lower().startswith("sts:")
    sent = () if not service else SOURCE_KEYS if not role else SOURCE_KEYS[:1] if sends_source_account(service) else ()
    for key in sent:
        values = _context(finding, key)
        if values and len(values) == 1 and key.lower() not in held and not holds_signs(values[0]):
            found.setdefault("StringEquals", {})[key] = escaped(values[0])
    return found


def _token_conditions(finding: Finding) -> dict[str, dict[str, Any]]:
    """Audience and subject of the presented token: a provider let in without them would let in everybody who has an account there.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
    """
    if finding.principal is not None or not finding.grantee:
        return {}
    keys = {k: v for request in finding.requests for k, v in request.context.items() if k.endswith((":aud", ":sub"))}
    return {"StringEquals": {k: escaped(v[0]) for k, v in sorted(keys.items())}} if keys else {}
