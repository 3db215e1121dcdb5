"""Refusals that no policy of the caller's decides, whatever their text says.

Sees:  a role passed across accounts, what is no role in the place of one, a service-linked role on what carries no policy, an AWS managed key from outside,
       another account's resource that takes no policy, a thing of another Region, what only an organization's management account can do,
       a call that works in the owner's account alone, one that names another account's number or what no account owns, a name that nobody filled in,
       Lake Formation's grants.
Why:   AWS words these like missing permissions, and an Allow changes nothing.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
Sure:  by AWS's rules on the accounts involved; where the wording alone decides, the message's row says so.
"""

from __future__ import annotations

import re

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.required import identity_verdict
from trailsleuth.catalog.actions import access_level, resource_types
from trailsleuth.catalog.evaluation import is_of_one_region, management_only, nobody_may_change, region_in_id, works_across_accounts
from trailsleuth.catalog.keys import fields_of, is_managed_by_aws
from trailsleuth.catalog.load import Row
from trailsleuth.catalog.operations import plain_event_name
from trailsleuth.catalog.passed_roles import passing_rows
from trailsleuth.catalog.paths import plain_name
from trailsleuth.catalog.resource_policies import can_carry_policy, is_of_aws
from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.things import unfilled_name
from trailsleuth.iam.applies import as_pattern, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.match import action_matches, patterns_overlap
from trailsleuth.model import Cause, Effect, PolicyEvidence, PolicyType, Verdict, account_of, parse_arn
from trailsleuth.model.arn import inner_arn
from trailsleuth.model.written import holds_signs
from trailsleuth.patterns import late

_NUMBER = late(r"\d{12}")
_ROLE_SAID = late(r"\brole(?: with)?(?: arn)?[\s:'\"`(\[]{1,4}(?P<arn>arn:[\w-]+:(?:iam|sts)::\d{12}:[\w+=,.@/:-]+)", re.IGNORECASE)
_IDENTITY = late(r"arn:[\w-]+:(?:iam|sts)::\d{12}:(?:user|group|policy|instance-profile|assumed-role|federated-user|mfa)/")


def beyond_policies(refusal: Refusal, policies: PolicyEvidence) -> Claim | None:
    """Refusals that no policy decides: by wording, a role passed across accounts, an AWS managed key used from outside, grants of other kinds."""
    denial = refusal.denial
    if denial.unless_lacking and identity_verdict(refusal, policies) is Verdict.IMPLICITLY_DENIED:
        return Claim(layers=(PolicyType.IDENTITY,), cause=Cause.MISSING_ALLOW)
    if denial.cause in (Cause.NO_POLICY_FIX, Cause.NOT_A_PERMISSION, Cause.UNKNOWN):
        return Claim(layers=(), cause=denial.cause, rule="passed-across-accounts" if _is_passing(refusal) else "")
    if refusal.iam_action and nobody_may_change(refusal.iam_action, refusal.resource or ""):
        return Claim(layers=(), cause=Cause.NO_POLICY_FIX, rule="nobody-may-change")
    if denial.effect is not Effect.EXPLICIT and unfilled_name(refusal.resource or "") is not None:
        return Claim(layers=(), cause=Cause.NOT_A_PERMISSION, rule="unfilled")
    rule = _rule_of_names(refusal) or _rule_of_request(refusal, policies) or _rule_of_accounts(refusal)
    if rule is not None:
        return Claim(layers=(), cause=Cause.NO_POLICY_FIX, rule=rule)
    if is_granted_only(refusal):
        return Claim(layers=(PolicyType.OTHER,), cause=Cause.MISSING_ALLOW, rule="granted-only")
    if _is_aws_managed_key(refusal, policies) and (_is_from_outside(refusal) or _past_its_service(refusal, policies)):
        return Claim(layers=(), cause=Cause.NO_POLICY_FIX, rule="aws-managed-key")
    allowed = "management-only" if _of_management(refusal, policies) else "owner-only" if _owner_only(refusal, policies) else _named_in_vain(refusal, policies)
    if allowed is not None:
        return Claim(layers=(), cause=Cause.NO_POLICY_FIX, rule=allowed)
    if denial.policy_type in (PolicyType.LAKE_FORMATION, PolicyType.OTHER):
        return Claim(layers=(denial.policy_type,), cause=denial.cause or Cause.MISSING_ALLOW)
    return None


def settled_by(rule: str, refusal: Refusal) -> Row | None:
    """The row that settles it where this rule did: why nobody else can do this, and what to do instead."""
    if rule == "nobody-may-change":
        return nobody_may_change(refusal.iam_action or "", refusal.resource or "")
    return _managements(refusal) if rule == "management-only" else None


def _managements(refusal: Refusal) -> Row | None:
    return management_only(refusal.iam_action or "", frozenset(refusal.first.request))


def not_a_role(refusal: Refusal) -> str | None:
    """What was given in the place of a role to be taken or passed, and is none: a user, a group, a session, a policy. No service and no policy takes it.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
    """
    assumes = (refusal.iam_action or "").startswith("sts:AssumeRole")
    if not assumes and refusal.iam_action != "iam:PassRole":
        return None
    said = _ROLE_SAID.search(refusal.first.error_message or "")
    given = refusal.resource or (said.group("arn").rstrip(".") if said is not None else "")
    return given if _IDENTITY.match(given) is not None and (assumes or ":instance-profile/" not in given) else None


def _of_management(refusal: Refusal, policies: PolicyEvidence) -> bool:
    """What the organization lets its management account or a delegate do alone, denied without a reason although the caller's own policies allow it."""
    if _managements(refusal) is None:
        return False
    if refusal.principal_account in {account_of(held.policy.arn) for held in policies.organization}:
        return False  # the account that holds the organization's policies is the management account itself
    return _denied_though_allowed(refusal, policies)


def _denied_though_allowed(refusal: Refusal, policies: PolicyEvidence) -> bool:
    """Denied without a reason, although the caller's own policies allow it and none that the evidence holds denies it."""
    denial, request = refusal.denial, refusal.request
    if request is None or denial.policy_type is not None or denial.effect is Effect.EXPLICIT:
        return False
    decision = decide(request, policies_for(request, policies))
    own = decision.layer(PolicyType.IDENTITY)
    return own is not None and own.verdict is Verdict.ALLOWED and decision.verdict is not Verdict.EXPLICITLY_DENIED


def _named_in_vain(refusal: Refusal, policies: PolicyEvidence) -> str | None:
    """What the request names and the service does not take from this caller, whose policies allow the call: another account's number, AWS's own thing in the
    place of the account's.

    Source: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html
    Source: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_UpdateStandardsControl.html
    """
    action, record = refusal.iam_action or "", refusal.first
    if refusal.cross_account or not _denied_though_allowed(refusal, policies):
        return None
    fields = tuple(fields_of(dict(record.request)))
    accounts = {text for name, text in fields if plain_name(name).removesuffix("s").endswith("accountid") and _NUMBER.fullmatch(text)}
    if accounts and refusal.principal_account not in accounts and "Permission" not in record.event_name:
        return "other-account"
    arns = (refusal.resource or "", *(text for name, text in fields if plain_name(name).endswith("arn")))
    changes = access_level(action) not in (None, "Read", "List")
    return "of-aws" if changes and any(is_of_aws(arn) and arn.split(":")[2] == action.partition(":")[0] for arn in arns) else None


def _rule_of_names(refusal: Refusal) -> str | None:
    """The rule on what a thing is called by: nothing is there under that name, whoever may use it."""
    inner = inner_arn(refusal.resource)
    region = (parse_arn(inner) or refusal.first).region if inner else region_in_id(refusal.resource or "")
    if region and region != refusal.first.region:
        return "elsewhere"
    return "arn-for-a-name" if inner is not None else None


def _rule_of_accounts(refusal: Refusal) -> str | None:
    """The rule on accounts and Regions that no policy gets round."""
    if handed_across(refusal):
        return "passed-across-accounts"
    if _of_other_region(refusal):
        return "other-region"
    if refusal.cross_account and refusal.iam_action and not works_across_accounts(refusal.iam_action):
        return "not-shareable"
    return "service-linked" if _linked_and_alone(refusal) else None


def is_granted_only(refusal: Refusal) -> bool:
    """A service-linked role on a key of another account: both sides must allow, and nobody can edit the role's policies, so a grant alone lets it in.

    Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
    """
    return refusal.cross_account and is_service_linked(refusal.principal) and (refusal.iam_action or "").startswith("kms:")


def _linked_and_alone(refusal: Refusal) -> bool:
    """A service-linked role that its own policies do not let, on what carries no policy: nobody but AWS can change either."""
    if not is_service_linked(refusal.principal) or refusal.iam_action is None or refusal.denial.effect is Effect.EXPLICIT:
        return False
    return refusal.denial.policy_type in (None, PolicyType.IDENTITY) and (refusal.resource == "*" or not can_carry_policy(refusal.iam_action, refusal.resource))


def _is_passing(refusal: Refusal) -> bool:
    """The text is about a role that cannot be passed, whatever its account."""
    return refusal.iam_action == "iam:PassRole" or "pass role" in (refusal.first.error_message or "").lower()


def handed_across(refusal: Refusal) -> bool:
    """A service was handed a role of another account than the call's own: whatever the text says, a role is passed only inside its account.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    call = refusal.first
    by_service = refusal.principal is not None and not refusal.principal.startswith("arn:") and refusal.is_assume
    caller = call.identity.account
    return bool(by_service and caller and refusal.resource_account and caller != refusal.resource_account and passing_rows(call.event_source, call.event_name))


def _of_other_region(refusal: Refusal) -> bool:
    """The call was given a thing of another Region, where it can use those of its own alone."""
    arn, call = parse_arn(refusal.resource), refusal.first
    named = f"{prefix_of(call.event_source)}:{plain_event_name(call.event_name)}"
    return bool(arn and arn.region and arn.region != call.region and is_of_one_region(named, refusal.iam_action or ""))


def _owner_only(refusal: Refusal, policies: PolicyEvidence) -> bool:
    """Another account's resource of a service without resource policies, refused without a reason although the caller's own policies allow it.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing-service-behavior.html
    """
    action, request = refusal.iam_action, refusal.request
    if action is None or request is None or not refusal.cross_account or refusal.denial.policy_type is not None or can_carry_policy(action):
        return False
    found = decide(request, policies_for(request, policies)).layer(PolicyType.IDENTITY)
    return found is not None and found.verdict is Verdict.ALLOWED


def _is_from_outside(refusal: Refusal) -> bool:
    """By a principal of another account, or by a service in its own name."""
    return refusal.cross_account or (refusal.resource_account is not None and not (refusal.principal or "arn:").startswith("arn:"))


def _rule_of_request(refusal: Refusal, policies: PolicyEvidence) -> str | None:
    """What the request says otherwise than it should, so that nobody's policies help."""
    if not_a_role(refusal) is not None:
        return "not-a-role"
    if _named_by_arn(refusal):
        return "named-by-arn"
    if _expects_another_owner(refusal):
        return "expected-owner"
    return "asked-by-name" if _asked_by_name(refusal, policies) else None


def _expects_another_owner(refusal: Refusal) -> bool:
    """The request says which account owns the bucket, and it is another's: S3 denies it whatever the policies allow.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
    """
    expected = refusal.first.request.get("x-amz-expected-bucket-owner")
    asked, owner = (refusal.iam_action or "").startswith("s3:"), refusal.resource_account
    told = refusal.denial.policy_type is None and refusal.resource not in (None, "*")
    return asked and told and isinstance(expected, str) and owner is not None and expected != owner


def _named_by_arn(refusal: Refusal) -> bool:
    """A bucket is named by its name; a request that gives its ARN there is denied like one for a bucket that lets nobody write.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    return any(plain_name(name).endswith("bucketname") and text.startswith("arn:") for name, text in fields_of(dict(refusal.first.request)))


def _asked_by_name(refusal: Refusal, policies: PolicyEvidence) -> bool:
    """A name is looked for in the caller's own account; the caller's policies let it use what has this name in another account, which only its ARN means.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/auth-and-access_examples_cross.html
    """
    name, action, request = refusal.denial.resource_text, refusal.iam_action or "", refusal.request
    if refusal.resource is not None or not name or ":" in name or holds_signs(name) or request is None:
        return False
    held = policies_for(request, policies).identity
    granted = {r for p in held for s in p.document.statements if s.effect == "Allow" for r in s.resources if any(action_matches(a, action) for a in s.actions)}
    far = {arn.account for arn in map(parse_arn, granted) if arn is not None and arn.account.isdigit() and arn.account != refusal.principal_account}
    forms = [form.split(":", 5)[-1].partition("${")[0] for kind in resource_types(action) for form in kind.arn_formats]
    there = (f"arn:*:{action.partition(':')[0]}:*:{account}:{kind}{name}*" for account in far for kind in forms)
    return any(patterns_overlap(as_pattern(resource), meant) for meant in there for resource in granted if resource != "*")


def _is_aws_managed_key(refusal: Refusal, policies: PolicyEvidence) -> bool:
    """An AWS managed key's policy names no principal but the services of its own account (`kms:CallerAccount` with `kms:ViaService`).

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    if is_managed_by_aws(refusal.resource) or "alias/aws/" in str(refusal.first.request.get("keyId", "")):
        return True
    found = next((p.policy for p in policies.resources if p.resource_arn == refusal.resource), None)
    if found is None or not (refusal.iam_action or "").startswith("kms:"):
        return False
    grants = [s for s in found.document.statements if s.effect == "Allow" and s.principals and ("AWS", "*") in s.principals.entries]
    return bool(grants) and all({"kms:calleraccount", "kms:viaservice"} <= {c.key.lower() for c in s.conditions} for s in grants)


def _past_its_service(refusal: Refusal, policies: PolicyEvidence) -> bool:
    """By a principal of its own account whom the key's own policy, which nobody can change, does not let: it did not come through the key's service."""
    request = refusal.request
    if request is None or refusal.denial.effect is Effect.EXPLICIT or refusal.denial.policy_type not in (None, PolicyType.RESOURCE):
        return False
    found = decide(request, policies_for(request, policies)).layer(PolicyType.RESOURCE)
    return found is not None and found.verdict is Verdict.IMPLICITLY_DENIED


def is_service_linked(principal: str | None) -> bool:
    """Nobody can edit a service-linked role's policies: what it lacks, the resource must grant.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    """
    return ":role/aws-service-role/" in (principal or "")
