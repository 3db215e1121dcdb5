"""A denial that the error text alone tells of: no trail records such a call, or this evidence does not hold its record.

Sees:  the denial that the text reads as, whom it names or who is asked about, the policies and the things of the evidence.
Why:   a login to a broker or a database, a request to a search domain, a warehouse that takes a role: IAM decides them, and nothing is recorded.
       Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-aws-service-specific-topics.html
Sure:  inferred: the policies deny what the text tells of, or AWS's sentence in it names the layer and nothing allows it; or what was to be used is missing.
       What the policies allow is never said.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from trailsleuth.analyze.absence import absent_finding
from trailsleuth.analyze.claim import Claim, layer_claim
from trailsleuth.analyze.claims import weigh
from trailsleuth.analyze.context import AnalysisContext
from trailsleuth.analyze.findings import make_finding
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.requests import access_request
from trailsleuth.catalog.client_words import client_words
from trailsleuth.iam.applies import find_principal, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import (
    AccessRequest,
    Basis,
    Cause,
    Denial,
    ErrorText,
    Finding,
    Identity,
    Inquiry,
    Origin,
    PolicyEvidence,
    PolicySet,
    PolicyType,
    Record,
    Standing,
    Verdict,
    account_of,
    is_of_role,
    parse_arn,
    role_of_session,
)
from trailsleuth.patterns import late

UNRECORDED = "No record holds this call: it is worked out from the text and the policies."
DENIED = (Verdict.IMPLICITLY_DENIED, Verdict.EXPLICITLY_DENIED)
IN_ITS_WORDS = "The error text says in AWS's own words what stands against the call, and no policy decides that. No record in the evidence holds the call."
TEXT = "error text"
FETCH = "s3:GetObject"
_FORBIDDEN = late(r"\b403\b|AccessDenied|\bForbidden\b")


def told_alone(said: ErrorText, told: Denial, context: AnalysisContext, inquiry: Inquiry) -> Iterator[Finding]:
    """What the text tells of, where it says who was denied which action and the evidence bears it out."""
    who = _principal(told, context, inquiry)
    if who is None or told.iam_action is None or not context.evidence.records:
        return
    step = _step(said, told, who, context)
    absent = absent_finding(step, context.facts)
    claims = weigh(step, context.evidence.policies)[0] if absent is None and _is_borne_out(step, context.evidence.policies) else ()
    for found in (absent,) if absent is not None else (make_finding(step, claim, Standing.CAUSE, Basis.INFERRED) for claim in claims):
        yield _unrecorded(found)


def _unrecorded(found: Finding) -> Finding:
    """The text is no record: it is neither cited nor counted."""
    shown = tuple(cited for cited in found.evidence if cited.source != TEXT)
    told_so = replace(found, basis=Basis.INFERRED, evidence=shown, explanation=f"{found.explanation} {UNRECORDED}")
    return told_so if shown else replace(told_so, count=0, first_seen=None, last_seen=None)


def told_finally(said: ErrorText, context: AnalysisContext) -> Finding | None:
    """What AWS's own words in the text say that no policy of anybody fixes; None where they leave that open."""
    told = said.denial
    if told is None or told.cause is not Cause.NO_POLICY_FIX or not context.evidence.records:
        return None
    step = replace(_step(said, told, told.principal or "", context), principal=None, principal_account=None, request=None)
    found = _unrecorded(make_finding(step, Claim(layers=(), cause=Cause.NO_POLICY_FIX), Standing.CAUSE, Basis.INFERRED))
    return replace(found, explanation=IN_ITS_WORDS)


def told_at_endpoint(said: ErrorText, context: AnalysisContext) -> Iterator[Finding]:
    """An object that was fetched by its URL and kept back: who signed the URL is unknown, but everybody goes through the VPC endpoint, if its policy shuts it
    out. Image layers, package mirrors and templates lie in buckets of AWS's own.

    Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-minimum-s3-perms
    """
    called = client_words(said.text)
    if called.bucket is None or called.key is None or _FORBIDDEN.search(said.text) is None:
        return
    held = [each for each in context.evidence.policies.endpoints if any(a.startswith("s3:") for s in each.policy.document.statements for a in s.actions)]
    request = AccessRequest(principal="", action=FETCH, resource=f"arn:aws:s3:::{called.bucket}/{called.key}")
    layer = decide(request, PolicySet(endpoint=(held[0].policy,))).layer(PolicyType.VPC_ENDPOINT) if len(held) == 1 else None
    if layer is None or layer.verdict not in DENIED:
        return
    advice = f"Let s3:GetObject through to arn:aws:s3:::{called.bucket}/* in the policy of the VPC endpoint {held[0].resource_arn}; no policy of a role helps."
    told = Denial(pattern_id="endpoint-of-url", iam_action=FETCH, policy_type=PolicyType.VPC_ENDPOINT, advice=advice)
    step = replace(_step(said, told, "", context), principal=None, principal_account=None, request=None)
    yield _unrecorded(make_finding(step, layer_claim(PolicyType.VPC_ENDPOINT, layer), Standing.CAUSE, Basis.INFERRED))


def _principal(told: Denial, context: AnalysisContext, inquiry: Inquiry) -> str | None:
    """Whom the text names: a service, or a role or user whose policies are in the evidence; where it names nobody, who is asked about."""
    if told.principal is not None and not told.principal.startswith("arn:"):
        return told.principal
    if told.principal is not None:
        named = {context.names.full(role_of_session(told.principal) or told.principal)}
    elif inquiry.role:
        named = {held.arn for held in context.evidence.policies.principals if is_of_role(held.arn, inquiry.role)}
    else:
        named = {session.principal for session in context.scope.sessions if session.id in context.scope.focus and inquiry.names_more_than_the_error}
    known = {arn for arn in named if arn and find_principal(arn, context.evidence.policies) is not None}
    return known.pop() if len(known) == 1 == len(named) else None


def _step(said: ErrorText, told: Denial, who: str, context: AnalysisContext) -> Refusal:
    """The denial as one of the call that the text is of: the session's own call shows where it was made, else the resource does."""
    shown = next((record for record in context.evidence.records if told.principal and _shows(record, told.principal)), None)
    account = account_of(who) or account_of(told.resource)
    step = Refusal(
        records=(shown or _record(said, told, who, context),),
        denial=told,
        principal=who,
        principal_account=account,
        iam_action=told.iam_action,
        resource=told.resource,
        resource_account=account_of(told.resource) or account,
        passed_to=None,
        request=None,
    )
    return replace(step, request=access_request(step))


def _shows(record: Record, session: str) -> bool:
    """The session was opened by this call, or made it."""
    return not record.failed and session in (record.identity.arn, record.issued.assumed_role_arn if record.issued else None)


def _record(said: ErrorText, told: Denial, who: str, context: AnalysisContext) -> Record:
    """The text in the shape of a record, at the end of the evidence."""
    last, arn = context.evidence.records[-1], parse_arn(told.resource)
    service = None if who.startswith("arn:") else who
    account = account_of(who) or account_of(told.resource)
    prefix, _, operation = (told.iam_action or "").partition(":")
    return Record(
        event_id="",
        event_time=last.event_time,
        event_source=f"{prefix}.amazonaws.com",
        event_name=operation,
        region=arn.region if arn and arn.region else last.region,
        identity=Identity(type="AWSService", invoked_by=service) if service else Identity(arn=told.principal or who, account=account),
        recipient_account=account,
        error_code="AccessDenied",
        error_message=said.text,
        denial=told,
        origin=Origin(source=TEXT),
    )


def _is_borne_out(step: Refusal, policies: PolicyEvidence) -> bool:
    if step.request is None:
        return False
    verdict = decide(step.request, policies_for(step.request, policies)).verdict
    said_by_aws = step.denial.policy_type is not None and step.denial.known_from.get("iam_action") == "message"
    return verdict in DENIED or (said_by_aws and verdict is not Verdict.ALLOWED)
