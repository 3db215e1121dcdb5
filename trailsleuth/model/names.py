"""Role and user ARNs with their path, from every place in the evidence that shows it.

An assumed-role ARN and a denial's text carry the role's name without its path; sessionIssuer, request parameters and snapshots carry the whole.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

from collections.abc import Iterable

from trailsleuth.model.arn import Arn, account_of, parse_arn, role_of_session
from trailsleuth.model.evidence import Evidence
from trailsleuth.model.record import Identity, Record


def role_of(record: Record) -> str | None:
    """The role or user that made the call, as the record shows it best: sessionIssuer's ARN, else the identity's own."""
    return _role(record.identity)


def _role(who: Identity) -> str | None:
    if who.issuer is not None and who.issuer.arn:
        return who.issuer.arn
    return role_of_session(who.arn) or who.arn


def caller_of(record: Record) -> str | None:
    """Who made the call; see `caller_of_identity`."""
    return caller_of_identity(record.identity)


def caller_of_identity(who: Identity) -> str | None:
    """Who made the call, as far as the record tells one caller from every other: a role or user, a service, else a unique id; None: unknown.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    return (
        _role(who) or (who.invoked_by if who.type == "AWSService" else None) or who.principal_id or (f"{who.type}/{who.user_name}" if who.user_name else None)
    )


def name_of_caller(record: Record) -> str | None:
    """Who made the call, for people: a role or user by its ARN, a token by its subject and provider, a service, another account's principal by its id."""
    who = record.identity
    if who.type in ("WebIdentityUser", "SAMLUser") and who.user_name:
        provider = (who.identity_provider or "").partition(":oidc-provider/")[2] or who.identity_provider
        return f"{who.user_name} ({provider})" if provider else who.user_name
    return role_of(record) or who.invoked_by or who.principal_id or who.account


class RoleNames:
    """Finds the full ARN of a role or user by account and name (unique in an account), and the role inside an instance profile."""

    def __init__(self, arns: Iterable[str], profiles: Iterable[tuple[str, str]] = ()) -> None:
        self._full: dict[tuple[str, str, str], str] = {}
        self._answers: dict[str | None, str | None] = {}
        self._in_profile = {(account_of(role), profile.rpartition("/")[2]): role for profile, role in profiles}
        for text in sorted(set(arns)):
            arn = parse_arn(text)
            if arn is not None and arn.names_principal and (arn.resource.count("/") > 1 or _key(arn) not in self._full):
                self._full[_key(arn)] = text

    def in_profile(self, profile: str, account: str | None) -> str | None:
        """The role inside an instance profile, named by ARN or name."""
        return self._in_profile.get((account_of(profile) or account, profile.rpartition("/")[2]))

    def full(self, text: str | None) -> str | None:
        """The ARN with its path where the evidence knows it; a session ARN becomes its role; anything else comes back as it is."""
        if text not in self._answers:  # a large trail asks for the same few roles again and again
            self._answers[text] = self._full_of(text)
        return self._answers[text]

    def whole(self, text: str | None) -> str | None:
        """The same for what AWS printed or a request carried: only a session's ARN lacks the path; a role's own is whole, whatever other role has its name."""
        return self.full(text) if role_of_session(text) else text

    def _full_of(self, text: str | None) -> str | None:
        text = role_of_session(text) or text
        arn = parse_arn(text)
        if arn is None or not arn.names_principal or arn.resource.count("/") > 1:
            return text
        return self._full.get(_key(arn), text)


def _key(arn: Arn) -> tuple[str, str, str]:
    return (arn.account, arn.resource.partition("/")[0], arn.name)


def role_names(evidence: Evidence) -> RoleNames:
    """Every role and user ARN with its path that the evidence shows."""
    found: list[str] = [p.arn for p in evidence.policies.principals]
    for pipeline in evidence.pipelines:
        found += [a.role_arn for a in pipeline.actions if a.role_arn]
        found += [pipeline.service_role] if pipeline.service_role else []
    found += [run.role_arn for run in evidence.actions if run.role_arn]
    for who in {id(record.identity): record.identity for record in evidence.records}.values():  # records of one session may share it
        if who.arn and who.type == "IAMUser":
            found.append(who.arn)
        if who.issuer is not None and who.issuer.arn:
            found.append(who.issuer.arn)
    for record in evidence.records:
        if record.issued is not None and record.issued.role_arn:
            found.append(record.issued.role_arn)
        if record.denial is not None and record.denial.resource:
            found.append(record.denial.resource)
    profiles = [(profile, p.arn) for p in evidence.policies.principals for profile in p.instance_profiles]
    return RoleNames(found, profiles)
