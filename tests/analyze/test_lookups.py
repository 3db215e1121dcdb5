"""What is looked up in a trail is what going through all of it finds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.sample import examples
from tests.trail import B, call, evidence, refused, role, session
from trailsleuth.analyze.grouping import MADE_FOR, REPORTED_WITHIN, REPORTS, SAME_ACTION, Rule, _fold, _merge, is_near
from trailsleuth.analyze.ownership import is_foreign
from trailsleuth.analyze.recovery import Successes
from trailsleuth.analyze.refusal import Refusal
from trailsleuth.analyze.refusals import Surroundings, read_refusal
from trailsleuth.analyze.shown import resource_in
from trailsleuth.catalog.actions import takes_resource
from trailsleuth.catalog.passed_roles import passed_roles
from trailsleuth.facts.handed import FAMILY_KEYS, NAMING, Handed, Registrations
from trailsleuth.facts.owners import OWNER_ACL, UPLOADS, Uploads, bucket_owners
from trailsleuth.facts.presence import RoleLives
from trailsleuth.facts.tags import ResourceTags
from trailsleuth.model import Evidence, Record, parse_arn
from trailsleuth.model.names import RoleNames, role_names, role_of
from trailsleuth.model.texts import texts_in, words_in

Json = dict[str, Any]
DEPLOY, OTHER = role("Deploy"), role("app/Other")
BUCKET, KEY = "arn:aws:s3:::data", f"arn:aws:kms:eu-west-1:{B}:key/1234abcd-12ab-34cd-56ef-1234567890ab"

callers = st.sampled_from([session(DEPLOY), session(DEPLOY, "again", "ASIA2"), session(OTHER, key="ASIA3"), session(OTHER, key=None)])
seconds = st.integers(0, 400)
requests = st.sampled_from(
    [
        None,
        {"bucketName": "data", "key": "a"},
        {"bucketName": "data", "key": "b", "x-amz-acl": OWNER_ACL},
        {"roleName": "Other"},
        {"roleName": "Deploy"},
        {"family": "web", "taskRoleArn": OTHER, "executionRoleArn": DEPLOY},
        {"family": "jobs", "taskRoleArn": DEPLOY},
        {"functionName": "web", "role": OTHER},
        {"functionName": "web"},
        {"keyId": KEY},
    ]
)
calls = st.sampled_from(
    [
        ("s3", "GetObject"),
        ("s3", "PutObject"),
        ("kms", "Decrypt"),
        ("iam", "CreateRole"),
        ("iam", "DeleteRole"),
        ("ecs", "RegisterTaskDefinition"),
        ("lambda", "CreateFunction20150331"),
        ("lambda", "Invoke"),
        ("ec2", "DescribeInstances"),
        ("sts", "AssumeRole"),
    ]
)
actions = st.sampled_from(
    [
        ("s3:GetObject", f"{BUCKET}/a"),
        ("s3:PutObject", f"{BUCKET}/b"),
        ("kms:Decrypt", KEY),
        ("iam:PassRole", OTHER),
        ("ec2:DescribeInstances", "*"),
        ("ecs:RegisterTaskDefinition", "*"),
        ("sts:AssumeRole", OTHER),
        ("lambda:InvokeFunction", f"arn:aws:lambda:eu-west-1:{B}:function:web"),
    ]
)


@st.composite
def records(draw: st.DrawFn) -> Json:
    who, (source, name), second = draw(callers), draw(calls), draw(seconds)
    fields: Json = {"request": draw(requests), "event_id": f"{draw(st.integers(0, 10**9)):09d}", "region": draw(st.sampled_from(["eu-west-1", "eu-west-2"]))}
    if draw(st.booleans()):
        fields["vpcEndpointId"] = draw(st.sampled_from(["vpce-1", "vpce-2"]))
    if draw(st.booleans()):
        return call(who, source, name, second, **fields)
    if draw(st.integers(0, 4)) == 0:
        return call(who, source, name, second, errorCode="AccessDenied", errorMessage="Access Denied", **fields)
    action, resource = draw(actions)
    return refused(who, source, name, action, resource, second, **fields)


trails = st.lists(records(), min_size=1, max_size=25).map(evidence)


def refusals_of(read: Evidence, names: RoleNames) -> list[Refusal]:
    around = Surroundings(names=names, owners=bucket_owners(read), handed=Handed(read.records, names), tags=ResourceTags(read.records), judged=True)
    return [found for record in read.records if (found := read_refusal(record, around)) is not None]


@given(trails)
def test_the_success_that_cures_is_the_first_of_all_that_are_the_same(read: Evidence) -> None:
    names = role_names(read)
    successes = Successes(read.records, names)
    for refusal in refusals_of(read, names):
        same = [r for r in read.records if _is_same(refusal, r, names)]
        assert successes.ever(refusal) is next(iter(same), None)
        assert successes.after(refusal) is next((r for r in same if r.event_time >= refusal.last.event_time), None)


def _is_same(refusal: Refusal, success: Record, names: RoleNames) -> bool:
    last, action, wanted = refusal.last, refusal.iam_action, refusal.resource
    if success.failed or (success.call, success.region, success.vpc_endpoint_id) != (last.call, last.region, last.vpc_endpoint_id):
        return False
    if names.full(role_of(success)) != names.full(role_of(last)):
        return False
    if action is None:
        return bool(success.request) and success.request == last.request
    if action == "iam:PassRole":
        return any(names.full(p.role) == wanted for p in passed_roles(success.event_source, success.event_name, success.request))
    if wanted is None or wanted == "*":
        return wanted == "*" if takes_resource(action) is False or not last.request else success.request == last.request
    got = resource_in(success, action, names)
    return got == wanted if got is not None else _mentions(success.request, wanted)


def _mentions(request: object, resource: str) -> bool:
    arn = parse_arn(resource)
    told = {resource, arn.name if arn else resource, (arn.resource if arn else resource).rpartition(":")[2]}
    return any(text in told for text in texts_in(request))


@given(trails)
def test_the_template_is_the_latest_of_the_family_that_is_named_or_the_only_one(read: Evidence) -> None:
    registrations = Registrations(read.records)
    for record in (r for r in read.records if r.denial is not None and r.event_name in ("RegisterTaskDefinition", "CreateFunction20150331")):
        earlier = [r for r in read.records if r.call == record.call and not r.failed and r.region == record.region and r.account == record.account]
        families = {_family(r): r for r in earlier if r.event_time <= record.event_time}
        for hints in (frozenset[str](), frozenset({"web"}), frozenset({"web", "jobs"})):
            named = [r for family, r in families.items() if family and family in hints]
            only = next(iter(families.values())) if len(families) == 1 and not named else None
            assert registrations.template(record, hints) is (named[0] if len(named) == 1 else only)


def _family(record: Record) -> str:
    return next((str(record.request[k]) for k in FAMILY_KEYS if isinstance(record.request.get(k), str)), "")


@given(trails)
def test_what_became_of_objects_and_roles_is_the_last_of_all_records(read: Evidence) -> None:
    names = role_names(read)
    uploads, lives, handed = Uploads(read.records), RoleLives(read.records), Handed(read.records, names)
    for refusal in refusals_of(read, names):
        before = [r for r in read.records if not r.failed and r.event_time <= refusal.first.event_time]
        assert is_foreign(refusal, uploads) is _is_foreign(refusal, before)
        assert lives.deletion(refusal.resource, refusal.first.event_time) is _deletion(refusal, before)
        assert handed.role(refusal.first) == _handed(refusal.first, before, names)


def _is_foreign(refusal: Refusal, before: Iterable[Record]) -> bool:
    arn, owner = parse_arn(refusal.resource), refusal.resource_account
    if arn is None or arn.service != "s3" or "/" not in arn.resource or owner is None or refusal.denial.policy_type is not None:
        return False
    bucket, _, key = arn.resource.partition("/")
    found = [r for r in before if r.event_source == "s3.amazonaws.com" and r.event_name in UPLOADS]
    found = [r for r in found if (r.request.get("bucketName"), r.request.get("key")) == (bucket, key)]
    return bool(found) and found[-1].identity.account not in (None, owner) and OWNER_ACL not in {str(v) for v in found[-1].request.values()}


def _deletion(refusal: Refusal, before: Iterable[Record]) -> Record | None:
    arn = parse_arn(refusal.resource)
    if arn is None or not arn.is_role:
        return None
    found = [r for r in before if r.event_name in ("CreateRole", "DeleteRole") and r.request.get("roleName") == arn.name and r.account in (None, arn.account)]
    return found[-1] if found and found[-1].event_name == "DeleteRole" else None


def _handed(record: Record, before: Iterable[Record], names: RoleNames) -> str | None:
    def role_in(source: Record) -> str | None:
        passed = passed_roles(source.event_source, source.event_name, source.request)
        return passed[0].role if passed else None

    wanted = {word for key in NAMING for word in words_in(record.request.get(key))}
    same = [r for r in before if r.event_source == record.event_source and wanted & {word for key in NAMING for word in words_in(r.request.get(key))}]
    return role_in(record) or next((found for r in reversed(same) if (found := role_in(r)) is not None), None)


@settings(max_examples=examples(200))
@given(trails, st.data())
def test_a_refusal_is_folded_into_the_one_that_fits(read: Evidence, data: st.DataObject) -> None:
    drawn = refusals_of(read, role_names(read))
    vague = st.sampled_from([None, "wraps", "at_target", "resource"])
    refusals = [_made_vague(refusal, data.draw(vague)) for refusal in drawn]
    for rule in (SAME_ACTION, REPORTS, MADE_FOR):
        assert _fold(refusals, rule) == _folded_slowly(refusals, rule)


def _made_vague(refusal: Refusal, how: str | None) -> Refusal:
    if how is None:
        return refusal
    return replace(refusal, resource=None) if how == "resource" else replace(refusal, denial=replace(refusal.denial, **{how: True}))


def _folded_slowly(refusals: list[Refusal], rule: Rule) -> list[Refusal]:
    homes = {
        id(refusal): [o for o in refusals if o is not refusal and not rule.moves(o) and rule.fits(refusal, o)] if rule.moves(refusal) else []
        for refusal in refusals
    }
    kept = [refusal for refusal in refusals if len(homes[id(refusal)]) != 1]
    joining = {id(home): [one for one in refusals if len(homes[id(one)]) == 1 and homes[id(one)][0] is home] for home in kept}
    return [_merge([home, *joining[id(home)]]) if joining[id(home)] else home for home in kept]


@given(trails)
def test_near_is_what_any_pair_of_records_says(read: Evidence) -> None:
    found = refusals_of(read, role_names(read))
    whole = [
        replace(found[0], records=tuple(r for one in found[start:end] for r in one.records)) for start in range(len(found)) for end in (start + 1, start + 4)
    ]
    for one in whole:
        for other in whole:
            pairs = ((a, b) for a in one.records for b in other.records)
            assert is_near(one, other) is any(abs(a.event_time - b.event_time) <= REPORTED_WITHIN for a, b in pairs)
