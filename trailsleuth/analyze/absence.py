"""What was to be used is not there: no policy brings it.

Sees:  a denied call, and what shows that its resource is missing: the record of its deletion, AWS's own answer to somebody who looked for it, a whole
       snapshot without the role, a thing made under the same name with a path (or without one) that the caller's policies allow.
Why:   AWS denies the use of a thing that does not exist in the words of a missing permission (what is not there has no tags either), and a grant for it would
       only hide the mistake.
       Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html
Sure:  observed: the denial and what shows the absence are in the evidence.
"""

from __future__ import annotations

from msgspec.structs import replace

from trailsleuth.analyze.claim import Claim
from trailsleuth.analyze.findings import cite, make_finding
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.required import identity_verdict
from trailsleuth.analyze.wording import short
from trailsleuth.catalog.actions import access_level
from trailsleuth.catalog.things import is_making, whole_of
from trailsleuth.facts import Fact, Facts
from trailsleuth.facts.owners import S3
from trailsleuth.facts.tags import context_of
from trailsleuth.iam.applies import find_resource_policy, grants_part, policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.iam.match import action_matches
from trailsleuth.model import AccessRequest, Basis, Cause, Effect, Finding, PolicyEvidence, PolicyType, Record, Standing, Verdict, parse_arn, same_role
from trailsleuth.model.names import role_of
from trailsleuth.patterns import late

_S3 = late(r"arn:[\w-]+:s3:::(?P<bucket>[^/*?$]+)(?:/(?P<key>.*))?")


def absent_finding(refusal: Refusal, facts: Facts) -> Finding | None:
    """The denial explained by what is missing; None where the thing may well be there, or was only about to be made."""
    if refusal.denial.effect is Effect.EXPLICIT or refusal.resource is None or "*" in refusal.resource:
        return None
    left_out = _bucket_left_out(refusal, facts)
    if left_out is not None:
        found = make_finding(refusal, Claim(layers=(), cause=Cause.NOT_A_PERMISSION, rule="bucket-left-out"), Standing.CAUSE, Basis.OBSERVED)
        return replace(found, explanation=_left_out(refusal, left_out))
    moment = refusal.first.event_time
    deletion = facts.roles.deletion(refusal.resource, moment) if refusal.is_assume else None
    if deletion is not None:
        return _finding(refusal, _deleted(refusal, deletion), deletion)
    passed = refusal.iam_action == "iam:PassRole" and not _is_known(refusal.resource, refusal, facts)
    missing = facts.lacked(refusal.resource) if refusal.is_assume or passed else _said_missing(refusal, facts)
    if missing is not None:
        return _finding(refusal, _missing(refusal, missing, facts), missing.record)
    meant = _under_a_path(refusal, facts)
    return _finding(refusal, _misnamed(refusal, meant), meant.record) if meant is not None else None


def _under_a_path(refusal: Refusal, facts: Facts) -> Fact | None:
    """The one thing that somebody made whose name is the denied one's but for a path, and that the same policies let the same caller use, where nothing shows a
    thing of the denied name.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-hierarchies.html
    """
    request, policies = refusal.request, facts.evidence.policies
    if request is None or refusal.resource is None or _makes(refusal) or identity_verdict(refusal, policies) in (None, Verdict.ALLOWED):
        return None
    made = facts.made_but_for_a_path(refusal.resource, refusal.first.event_source)
    let = [fact for fact in made if _lets(replace(request, resource=fact.thing), facts.tags.of(fact.thing, refusal.first), policies)]
    return let[0] if len(let) == 1 else None


def _lets(request: AccessRequest, tags: tuple[Fact, ...], policies: PolicyEvidence) -> bool:
    request = replace(request, context={**request.context, **context_of(tags)})
    decision = decide(request, policies_for(request, policies))
    own = decision.layer(PolicyType.IDENTITY)
    return own is not None and own.verdict is Verdict.ALLOWED and decision.verdict is not Verdict.EXPLICITLY_DENIED


def _bucket_left_out(refusal: Refusal, facts: Facts) -> str | None:
    """The bucket that the caller may use, by its policies or as it did, and that has a folder of the denied bucket's name, where nothing shows whose that is: a
    path was given without its bucket (a home directory, an `s3://` address), and its first folder was taken for one.

    Source: https://docs.aws.amazon.com/transfer/latest/userguide/requirements-roles.html
    """
    named, request, policies = _S3.fullmatch(refusal.resource or ""), refusal.request, facts.evidence.policies
    if named is None or request is None or named["bucket"] in facts.owners or find_resource_policy(f"arn:aws:s3:::{named['bucket']}", policies) is not None:
        return None
    granted = [s for p in policies_for(request, policies).identity for s in p.document.statements if s.effect == "Allow"]
    own = [m for s in granted if any(action_matches(a, request.action) for a in s.actions) for m in map(_S3.match, s.resources) if m is not None]
    buckets, folder = {m["bucket"] for m in own}, named["bucket"]
    paths = (f"{m['bucket']}/{m['key']}".split("/") for m in own if m["key"])
    known = next((bucket for bucket, inside, *_ in paths if inside == folder != bucket), None)
    calls = facts.with_folder(folder)
    seen = (bucket for r, bucket in calls if bucket in buckets or (r.event_source == S3 and same_role(role_of(r), refusal.principal)))
    return known or next((bucket for bucket in seen if bucket != folder), None)


def _is_known(role: str, refusal: Refusal, facts: Facts) -> bool:
    """The trail shows the role made or deleted, or a policy of the caller covers it: a snapshot of another day may lack what was there."""
    request = refusal.request
    if request is None or facts.roles.last(role, facts.evidence.records[-1].event_time) is not None:
        return True
    return grants_part(request, policies_for(request, facts.evidence.policies))


def _said_missing(refusal: Refusal, facts: Facts) -> Fact | None:
    """AWS's word for it, except where the denied call makes the thing, or its caller went on to make it."""
    found = facts.absent(refusal.resource, refusal.first.event_time)
    if found is None or (found.thing == refusal.resource and _makes(refusal)):
        return None
    return None if facts.sought_to_make(found, refusal.principal, refusal.first.event_time) else found


def _makes(refusal: Refusal) -> bool:
    action = (refusal.iam_action or "").partition(":")[2]
    return is_making(action) and (access_level(refusal.iam_action or "") or "Write") != "Read"


def _finding(refusal: Refusal, text: str, shown: Record | None) -> Finding:
    finding = make_finding(refusal, Claim(layers=(), cause=Cause.NO_POLICY_FIX, rule="absent"), Standing.CAUSE, Basis.OBSERVED)
    return replace(finding, explanation=text, evidence=(*finding.evidence, *((cite(shown),) if shown is not None else ())))


def _deleted(refusal: Refusal, deletion: Record) -> str:
    return f"{short(refusal.resource)} was deleted at {_iso(deletion)} (record {deletion.event_id}), before it was to be assumed."


def _left_out(refusal: Refusal, bucket: str) -> str:
    name = (refusal.resource or "").rpartition(":")[2].partition("/")[0]
    shown = f"Nothing in the evidence shows whose bucket {name} is; {name}/ is a folder of bucket {bucket}, which it may use"
    return f"{short(refusal.principal)} was denied {refusal.iam_action} on {refusal.resource}. {shown}: a path was given without its bucket."


def _missing(refusal: Refusal, missing: Fact, facts: Facts) -> str:
    what = short(missing.thing)
    if missing.record is not None:
        code = f"{missing.record.event_name} was answered {missing.record.error_code} at {_iso(missing.record)} (record {missing.record.event_id})"
        shown = f"{what} does not exist: {code}."
    else:
        shown = f"{what} does not exist: {missing.source}."
    near = facts.nearest(missing.thing)
    told = f" The nearest that the evidence knows is {near} ({_difference(missing.thing, near)}): name that one, or create the missing one." if near else ""
    inside = f" {refusal.resource} is part of it." if whole_of(refusal.resource or "") == missing.thing else ""
    return f"{short(refusal.principal)} was denied {refusal.iam_action}.{inside} {shown}{told or ' Create it, or correct the name.'} No policy change helps."


def _misnamed(refusal: Refusal, meant: Fact) -> str:
    shown = f"nothing in the evidence shows that {refusal.resource} exists; {meant.thing} was made ({meant.source}), and the same policies allow it."
    return f"{short(refusal.principal)} was denied {refusal.iam_action}: {shown} Name that one: its whole name with the path. No policy change helps."


def _difference(one: str, other: str) -> str:
    """In which parts two ARNs differ."""
    a, b = parse_arn(one), parse_arn(other)
    if a is None or b is None:
        return "another name"
    parts = (("partition", a.partition, b.partition), ("Region", a.region, b.region), ("account", a.account, b.account))
    differing = [f"another {name}" for name, left, right in parts if left != right]
    if a.name != b.name:
        differing.append("another name")
    elif a.resource != b.resource:
        differing.append("another path")
    return " and ".join(differing) or "another name"


def _iso(record: Record) -> str:
    return record.event_time.isoformat().replace("+00:00", "Z")
