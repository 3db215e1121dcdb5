"""Trail buckets, organization policies, AWS's own explanations, further roles, and the other ways in."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.live.test_founding_case import WEB, an_empty_case, gaps_in, records_in
from tests.live.world import ACTION_ROLE, KEY_A, KEY_B, NOW, REGION, SERVICE_ROLE, START, TOOLING, A, B, a_record, a_session, a_world, an_issue
from trailsleuth import api
from trailsleuth.errors import AccountUnreachable, EvidenceUnreadable
from trailsleuth.model import Inquiry, Question, Skipped
from trailsleuth.sources.aws.live import settle
from trailsleuth.sources.aws.trail_bucket import Wanted, read_trail_bucket
from trailsleuth.sources.files.kinds import is_trail_bucket

DAY = datetime(2026, 3, 4, tzinfo=UTC)


def a_log_key(account, region, time, *, organization=""):
    folder = f"logs/AWSLogs/{organization}{account}/CloudTrail/{region}/{time:%Y/%m/%d}"
    return f"{folder}/{account}_CloudTrail_{region}_{time:%Y%m%dT%H%M}Z_abcdefghijklmnop.json.gz"


def a_bucket(world, *, organization=""):
    record = gzip.compress(json.dumps({"Records": [{"eventID": "1"}]}).encode())
    times = [DAY + timedelta(days=days, hours=9) for days in range(-3, 4)]
    keys = {
        a_log_key(account, region, time, organization=organization): record for account in (A, B) for region in ("eu-west-1", "us-east-1") for time in times
    }
    digest = a_log_key(A, "eu-west-1", DAY).replace("/CloudTrail/", "/CloudTrail-Digest/")
    world.accounts[A].objects = {"org-logs": {**keys, digest: record}}
    return world


@pytest.mark.parametrize("organization", ["", "o-abcde12345/"])
def test_a_trail_bucket_is_read_for_the_days_accounts_and_regions_asked_for(serve, live, organization):
    serve(a_bucket(a_world(), organization=organization))
    source, _ = live()
    wanted = Wanted(accounts=frozenset({B}), regions=frozenset({"eu-west-1"}), since=START, until=START + timedelta(minutes=10))
    found = list(read_trail_bucket("s3://org-logs/logs", source.accounts[A], wanted))
    assert [piece.source.rpartition("_")[0].rpartition("_")[2] for piece in found] == ["20260303T0900Z", "20260304T0900Z", "20260305T0900Z"]
    assert all(f"/{B}/CloudTrail/eu-west-1/" in piece.source for piece in found)
    assert all(json.loads(piece.data)["Records"] for piece in found)


def test_without_bounds_every_log_file_of_the_bucket_is_read_and_no_digest(serve, live):
    serve(a_bucket(a_world()))
    source, _ = live()
    assert len(list(read_trail_bucket("s3://org-logs/logs/", source.accounts[A], Wanted()))) == 28


def test_a_prefix_below_the_account_folders_is_taken_as_it_is(serve, live):
    serve(a_bucket(a_world()))
    source, _ = live()
    url = f"s3://org-logs/logs/AWSLogs/{B}/CloudTrail/us-east-1/2026/03/04"
    assert len(list(read_trail_bucket(url, source.accounts[A], Wanted()))) == 1


def test_a_log_file_that_is_cut_off_is_skipped_with_the_reason(serve, live):
    world = a_bucket(a_world())
    objects = world.accounts[A].objects["org-logs"]
    broken = a_log_key(A, "eu-west-1", DAY + timedelta(hours=9))
    objects[broken] = objects[broken][:-12]
    serve(world)
    source, _ = live()
    found = list(read_trail_bucket("s3://org-logs/logs", source.accounts[A], Wanted()))
    (skipped,) = [piece for piece in found if isinstance(piece, Skipped)]
    assert skipped.source == f"s3://org-logs/{broken}"
    assert "cut off" in skipped.reason


def test_a_bucket_without_logs_or_without_permission_is_said(serve, live):
    aws = serve(a_bucket(a_world()))
    source, _ = live()
    with pytest.raises(EvidenceUnreadable, match="holds no log file"):
        list(read_trail_bucket("s3://org-logs/elsewhere", source.accounts[A], Wanted()))
    aws.accounts[A].policy = {"Statement": [{"Action": ["cloudtrail:LookupEvents"]}]}
    with pytest.raises(AccountUnreachable, match="cannot list"):
        list(read_trail_bucket("s3://org-logs/logs", source.accounts[A], Wanted()))
    assert is_trail_bucket("s3://org-logs/logs")
    assert not is_trail_bucket("case/")


def test_organization_policies_come_with_the_accounts_that_they_hold_for(serve, live):
    world = a_world()
    deny = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "ecs:*", "Resource": "*"}]}

    def policy(identifier, kind):
        return {"PolicySummary": {"Id": identifier, "Name": identifier, "Type": kind}, "Content": json.dumps(deny)}

    world.accounts[A].organization = {
        "parents": {A: ("r-root", "ROOT"), B: ("ou-work", "ORGANIZATIONAL_UNIT"), "ou-work": ("r-root", "ROOT")},
        "attached": {"r-root": ["p-FullAccess"], "ou-work": ["p-DenyEcs"], B: ["p-Rcp"]},
        "policies": {
            "p-FullAccess": policy("p-FullAccess", "SERVICE_CONTROL_POLICY"),
            "p-DenyEcs": policy("p-DenyEcs", "SERVICE_CONTROL_POLICY"),
            "p-Rcp": policy("p-Rcp", "RESOURCE_CONTROL_POLICY"),
        },
    }
    serve(world)
    source, _ = live()
    pieces = list(source.start(WEB))
    found = {piece.source: json.loads(piece.data) for piece in pieces if piece.source.startswith("organizations/")}
    assert {name.rpartition("/")[2]: one["Targets"] for name, one in found.items()} == {
        "p-DenyEcs.json": [B],
        "p-FullAccess.json": [A, B],
        "p-Rcp.json": [B],
    }
    assert found["organizations/p-FullAccess.json"]["Attachments"] == {A: ["r-root"], B: ["r-root"]}
    assert found["organizations/p-DenyEcs.json"]["Attachments"] == {B: ["ou-work"]}
    assert not any("control policies" in why for why in gaps_in(pieces))


def test_an_account_of_another_organization_does_not_hide_the_policies_of_the_first(serve, live):
    world = a_world()
    nothing = {"PolicySummary": {"Id": "p-Full", "Name": "Full", "Type": "SERVICE_CONTROL_POLICY"}, "Content": "{}"}
    world.accounts[A].organization = {"parents": {A: ("r-root", "ROOT")}, "attached": {"r-root": ["p-Full"]}, "policies": {"p-Full": nothing}, "outside": [B]}
    serve(world)
    source, _ = live()
    pieces = list(source.start(WEB))
    (found,) = [json.loads(piece.data) for piece in pieces if piece.source.startswith("organizations/")]
    assert found["Targets"] == [A]
    assert any(f"control policies of account {B}" in why for why in gaps_in(pieces))


BLOB = "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmnopqrstuvwxyz"
DETAILS = "0123456789abcdefghijklmno"


def test_encoded_messages_and_authorization_ids_are_asked_about_at_once(serve, live):
    world = a_world()
    state = world.accounts[B]
    state.decoded[BLOB] = json.dumps({"allowed": False, "explicitDeny": True})
    state.details[DETAILS] = {"requestContext": {}, "evaluations": [{"action": "iam:PassRole", "evaluatedEffect": "IMPLICIT_DENY"}], "policies": []}
    identity = a_session(ACTION_ROLE, "1772614901412", KEY_B, START)
    for number, message in enumerate(
        [
            f"You are not authorized to perform this operation. Encoded authorization failure message: {BLOB}",
            f"is not authorized to perform: iam:PassRole. Go to https://example.com for complete details, or call the "
            f"GetRequestAuthorizationDetails API with the following authorization id: {DETAILS}",
            "Encoded authorization failure message: this-one-was-cut-off-by-the-trail",
        ]
    ):
        refusal = {"errorCode": "Client.UnauthorizedOperation", "errorMessage": message}
        state.histories[REGION].add(a_record(B, START + timedelta(seconds=5 + number), "ec2.amazonaws.com", f"Run{number}", identity=identity, **refusal))
    serve(world)
    source, _ = live()
    pieces = list(source.start(WEB))
    decoded = [json.loads(piece.data) for piece in pieces if piece.source.startswith("decoded/")]
    assert {"DecodedMessage": state.decoded[BLOB]} in decoded
    assert any(one.get("authorizationId") == DETAILS and one["evaluations"][0]["action"] == "iam:PassRole" for one in decoded)
    assert any("encoded authorization message" in why for why in gaps_in(pieces))


def _world_of_evaluated_policies():
    world = a_world()
    state = world.accounts[B]
    uris = [f"arn:aws:iam::{B}:policy/Looms", f"arn:aws:organizations::{A}:policy/o-1/service_control_policy/p-1", "opaque-of-an-inline-one"]
    listed = [{"type": "IDENTITY_BASED_POLICY", "uri": uri} for uri in uris]
    state.details[DETAILS] = {"requestContext": {}, "evaluations": [{"action": "ecs:RunTask", "evaluatedEffect": "IMPLICIT_DENY"}], "policies": listed}
    document = {"Version": "2012-10-17", "Statement": []}
    state.evaluated = {(DETAILS, uri): document for uri in uris[:2]}
    message = f"User: {ACTION_ROLE} is not authorized to perform: ecs:RunTask. authorization id: {DETAILS}"
    identity = a_session(ACTION_ROLE, "1772614901412", KEY_B, START)
    refusal = {"errorCode": "AccessDeniedException", "errorMessage": message}
    state.histories[REGION].add(a_record(B, START + timedelta(seconds=5), "ecs.amazonaws.com", "RunTask", identity=identity, **refusal))
    return world, uris


def test_every_policy_that_authorization_details_list_is_kept_as_it_was_evaluated(serve, live):
    world, uris = _world_of_evaluated_policies()
    serve(world)
    source, _ = live()
    pieces = list(source.start(WEB))
    kept = [json.loads(piece.data) for piece in pieces if piece.source.startswith(f"decoded/{B}/policy-")]
    assert sorted((one["policyUri"], one["authorizationId"]) for one in kept) == sorted((uri, DETAILS) for uri in uris[:2])
    assert [why for why in gaps_in(pieces) if "as it was evaluated" in why] == [why for why in gaps_in(pieces) if uris[2] in why]
    assert any(uris[2] in why for why in gaps_in(pieces))


def test_without_the_permission_one_policy_as_evaluated_is_asked_for_and_the_details_stay(serve, live):
    world, _ = _world_of_evaluated_policies()
    aws = serve(world)
    aws.accounts[B].policy = {"Statement": [{"Action": ["cloudtrail:*", "iam:Get*Role*", "iam:List*", "iam:GetRequestAuthorizationDetails"]}]}
    source, _ = live()
    pieces = list(source.start(WEB))
    assert any(piece.source.startswith(f"decoded/{B}/details-") for piece in pieces)
    assert len([why for why in gaps_in(pieces) if "as it was evaluated" in why]) == 1


def test_a_role_whose_inline_policies_cannot_be_read_is_not_taken_for_one_without(serve, live):
    aws = serve(a_world())
    allowed = ["cloudtrail:*", "codepipeline:*", "iam:GetRole", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:GetPolicy*"]
    aws.accounts[B].policy = {"Statement": [{"Action": allowed}]}
    source, _ = live()
    pieces = {piece.source: piece.data for piece in source.start(WEB)}
    (role,) = json.loads(pieces[f"iam/{B}/role-CrossAccountDeploy.json"])["RoleDetailList"]
    assert role["RolePolicyList"] == []
    assert any("not-readable" in policy["PolicyName"] for policy in role["AttachedManagedPolicies"])


def test_the_pipeline_is_found_through_whichever_profile_holds_it(serve, live):
    serve(a_world())
    source, heard = live(names=("workload", "tooling"))
    assert list(source.start(WEB))
    assert f"pipeline web is in account {A}, eu-west-1" in heard.lines


def test_a_deployment_that_was_started_leads_to_the_service_role_of_its_group(serve, live):
    world = a_world()
    role = f"arn:aws:iam::{B}:role/CodeDeployService"
    result = world.accounts[A].pipelines[REGION, "web"]["actions"][0]["output"]["executionResult"]
    result["externalExecutionId"] = "d-ABCDEF123"
    world.accounts[B].deployments["d-ABCDEF123"] = {"applicationName": "web", "deploymentGroupName": "web-dg"}
    world.accounts[B].groups["web-dg"] = {"serviceRoleArn": role}
    world.accounts[B].roles["CodeDeployService"] = {
        "role": {**world.accounts[B].roles["CrossAccountDeploy"]["role"], "RoleName": "CodeDeployService", "Arn": role},
        "inline": {},
        "attached": [],
    }
    serve(world)
    source, _ = live()
    assert any(piece.source == f"iam/{B}/role-CodeDeployService.json" for piece in source.start(WEB))


@pytest.mark.parametrize(
    "inquiry",
    [
        Inquiry(access_key=KEY_B),
        Inquiry(session=str(int((START + timedelta(seconds=1)).timestamp() * 1000) + 412)),
        Inquiry(role=ACTION_ROLE),
    ],
    ids=["access key", "session", "role"],
)
def test_other_ways_in_find_the_refused_call_and_how_its_session_was_opened(serve, live, inquiry):
    serve(a_world(background=200))
    source, _ = live()
    records = records_in(source.start(inquiry))
    assert any(record.get("errorCode") == "AccessDenied" for record in records)
    issued = {((record.get("responseElements") or {}).get("credentials") or {}).get("accessKeyId") for record in records}
    assert KEY_B in issued


def test_one_event_leads_to_its_session_and_the_session_to_its_opening(serve, live):
    world = a_world(background=200)
    refused = next(
        event for event in world.accounts[B].histories[REGION].index["EventName", "RegisterTaskDefinition"] if "AccessDenied" in event["CloudTrailEvent"]
    )
    serve(world)
    source, _ = live()
    records = records_in(source.start(Inquiry(event_id=refused["EventId"])))
    assert any(record["eventName"] == "GetApplication" for record in records)
    issued = {((record.get("responseElements") or {}).get("credentials") or {}).get("accessKeyId") for record in records}
    assert {KEY_A, KEY_B} & issued


def test_a_further_account_is_read_through_a_role(serve, live):
    world = a_world()
    reader = f"arn:aws:iam::{B}:role/Reader"
    issued = {"Credentials": {"AccessKeyId": "ASIAREADERREADER0001", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "2030-01-01T00:00:00Z"}}
    world.identities["ASIAREADERREADER0001"] = (B, f"arn:aws:sts::{B}:assumed-role/Reader/trailsleuth")
    world.assumable = {reader: issued}
    serve(world)
    source, _ = live(names=("tooling",), assume=(reader,))
    assert set(source.accounts) == {A, B}
    assert not any("no profile was given" in why for why in gaps_in(source.start(WEB)))
    with pytest.raises(AccountUnreachable, match="cannot assume"):
        live(names=("tooling",), assume=(f"arn:aws:iam::{B}:role/Nobody",))
    assert TOOLING in world.identities


def test_a_question_about_an_account_that_is_not_open_becomes_a_gap(serve, live):
    serve(a_world())
    source, _ = live(names=("tooling",))
    list(source.start(WEB))
    question = Question(account="999988887777", wanted="records", because="a chain leads there", command="")
    (piece,) = source.answer((question,), an_empty_case())
    assert "999988887777" in json.loads(piece.data)["why"]


def test_the_session_of_an_action_without_a_role_of_its_own_is_the_pipelines(serve, live):
    world = a_world()
    actions = world.accounts[A].pipelines[REGION, "web"]["actions"]
    del actions[0]["input"]["roleArn"]
    identity = a_session(SERVICE_ROLE, str(int(START.timestamp() * 1000) + 217), KEY_A, START)
    refusal = {"errorCode": "AccessDenied", "errorMessage": "no"}
    world.accounts[A].histories[REGION].add(
        a_record(A, START + timedelta(seconds=4), "codedeploy.amazonaws.com", "CreateDeployment", identity=identity, **refusal)
    )
    serve(world)
    source, _ = live(names=("tooling",))
    records = records_in(source.start(WEB))
    assert any(record["eventName"] == "CreateDeployment" for record in records)


def test_a_chain_whose_assume_record_is_missing_is_found_by_the_provider_calls(serve, live):
    world = a_world(background=200)
    for account in (A, B):
        history = world.accounts[account].histories[REGION]
        history.index["EventName", "AssumeRole"] = [event for event in history.index["EventName", "AssumeRole"] if KEY_B not in event["CloudTrailEvent"]]
    aws = serve(world)
    source, heard = live()
    records = records_in(source.start(WEB))
    assert any(record.get("errorCode") == "AccessDenied" and record["eventName"] == "RegisterTaskDefinition" for record in records)
    assert any("EventSource=ecs.amazonaws.com" in line for line in heard.lines)
    assert aws.count("cloudtrail:LookupEvents") <= 20
    assert NOW > START


def test_paths_are_read_for_what_they_are(serve, live, tmp_path):
    from trailsleuth.api.paths import read_paths
    from trailsleuth.sources.aws.ways import Ways
    from trailsleuth.sources.files.case_folder import inquiry_of, new_folder

    serve(a_bucket(a_world()))
    case = new_folder(tmp_path / "case", version="0", inquiry={"pipeline": "web", "since": "2026-03-04T09:00:00+00:00"})
    source, _ = live(store=case)
    fetched = list(source.start(WEB))
    case.finish()
    exported = tmp_path / "trail.json"
    exported.write_text('{"Records": []}')
    found = list(read_paths([str(tmp_path / "case"), str(exported), "s3://org-logs/logs"], ways=Ways(profiles=("tooling",))))
    names = [piece.source for piece in found if not isinstance(piece, Skipped)]
    assert {piece.source for piece in fetched if not piece.source.startswith("gaps/")} <= set(names)
    assert str(exported) in names
    assert sum(name.startswith("s3://") for name in names) == 28
    assert inquiry_of(tmp_path / "case").pipeline == "web"
    assert inquiry_of(tmp_path / "case").since == START.replace(minute=0, second=0)


def test_the_key_of_a_user_leads_to_the_policies_of_the_user_and_its_groups(serve, live):
    world = a_world()
    user = f"arn:aws:iam::{B}:user/ci/uploader"
    world.accounts[B].users["uploader"] = {
        "user": {"UserName": "uploader", "UserId": "AIDA0", "Arn": user, "Path": "/ci/", "CreateDate": "2025-01-01T00:00:00Z"},
        "groups": ["builders"],
        "inline": {"upload": {"Version": "2012-10-17", "Statement": []}},
    }
    world.accounts[B].iam_groups["builders"] = {"inline": {"build": {"Version": "2012-10-17", "Statement": []}}}
    identity = {"type": "IAMUser", "arn": user, "accountId": B, "accessKeyId": "AKIAUPLOADERUPLOADER", "userName": "uploader"}
    message = f"User: {user} is not authorized to perform: codedeploy:RegisterApplicationRevision on resource: * because no identity-based policy allows it"
    refusal = {"errorCode": "AccessDenied", "errorMessage": message}
    world.accounts[B].histories[REGION].add(a_record(B, START, "codedeploy.amazonaws.com", "RegisterApplicationRevision", identity=identity, **refusal))
    serve(world)
    source, _ = live()
    inquiry = Inquiry(access_key="AKIAUPLOADERUPLOADER")
    settle(source, inquiry, lambda pieces: api.load_inputs(pieces).ask(inquiry).case_file)
    snapshot = json.loads(source.store.kept(f"iam/{B}/user-uploader.json"))
    assert [detail["Arn"] for detail in snapshot["UserDetailList"]] == [user]
    assert snapshot["UserDetailList"][0]["GroupList"] == ["builders"]
    assert [policy["PolicyName"] for policy in snapshot["GroupDetailList"][0]["GroupPolicyList"]] == ["build"]


def test_a_role_of_a_web_identity_is_found_by_the_name_of_its_call(serve, live):
    world = a_world()
    role = f"arn:aws:iam::{B}:role/platform/cicd"
    identity = {"type": "WebIdentityUser", "principalId": "oidc:repo", "userName": "repo", "identityProvider": "oidc"}
    issued = an_issue(role, "run-1", "ASIAWEBIDENTITYROLE1")
    history = world.accounts[B].histories[REGION]
    history.add(a_record(B, START, "sts.amazonaws.com", "AssumeRoleWithWebIdentity", identity=identity, **issued))
    history.add(a_record(B, START, "ecs.amazonaws.com", "CreateService", identity=a_session(role, "run-1", "ASIAWEBIDENTITYROLE1", START)))
    serve(world)
    source, _ = live()
    assert any(record["eventName"] == "CreateService" for record in records_in(source.start(Inquiry(role=role))))


def test_that_data_events_are_not_in_the_history_is_said(serve, live):
    serve(a_world())
    source, _ = live()
    assert any("no data events" in why for why in gaps_in(source.start(WEB)))


def test_a_long_action_whose_refusal_came_from_a_later_session_is_followed_to_it(serve, live):
    world = a_world()
    start = START - timedelta(minutes=20)
    action = world.accounts[A].pipelines[REGION, "web"]["actions"][0]
    action["startTime"] = start
    early = "ASIAEARLYEARLYEARLY1"
    caller = a_session(SERVICE_ROLE, "1", KEY_A, start)
    for account in (A, B):
        identity = caller if account == A else {"type": "AWSAccount", "principalId": "AROAX:1", "accountId": A}
        world.accounts[account].histories[REGION].add(
            a_record(account, start, "sts.amazonaws.com", "AssumeRole", identity=identity, **an_issue(ACTION_ROLE, "1", early))
        )
    polling = a_session(ACTION_ROLE, "1", early, start)
    world.accounts[B].histories[REGION].add(a_record(B, start + timedelta(seconds=2), "codedeploy.amazonaws.com", "GetApplication", identity=polling))
    serve(world)
    source, _ = live()
    records = records_in(source.start(WEB))
    assert any(record["userIdentity"].get("accessKeyId") == early for record in records)
    assert any(record.get("errorCode") == "AccessDenied" and record["userIdentity"]["accessKeyId"] == KEY_B for record in records)
