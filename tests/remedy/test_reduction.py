"""The smallest policy of a role: what counts as used, how narrow it is, what it leaves out and what it cannot tell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.remedy.build import ACCOUNT, KEY, OTHER, ROLE, TASK, a_call, a_refusal, a_snapshot, allow, evidence
from trailsleuth import api
from trailsleuth.api.reductions import reduce_evidence
from trailsleuth.catalog.actions import spelling
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.reduction import beyond_one_run, generated_parts, job_stem, makes, needs_no_permission, on_star, one_of_many, was_authorized
from trailsleuth.errors import EvidenceUnreadable
from trailsleuth.iam.match import action_matches

CLUSTER = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/web/front"
CASES = Path(__file__).parents[2] / "fixtures" / "cases"
FOUNDING = "arn:aws:iam::310030040050:role/release/BlueGreen"
ADMIN = allow("*")


def reduced(calls, snapshot=None, *others, role=ROLE, **window):
    return reduce_evidence(evidence(calls, snapshot, *others), role=role, **window)


def grants(reduction):
    found = set()
    for statement in reduction.statements:
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            for resource in [resources] if isinstance(resources, str) else resources:
                found.add((action, resource))
    return found


def service_call(number, **members):
    return a_call(number, "ecs:UpdateService", {"cluster": "web", "service": "front"}, **members)


def test_a_successful_call_is_granted_on_its_resource_and_counted():
    answer = reduced([service_call(1), service_call(5)], a_snapshot(allow("ecs:*")))
    assert grants(answer) == {("ecs:UpdateService", CLUSTER)}
    (use,) = answer.used
    assert (use.iam_action, use.resource, use.count) == ("ecs:UpdateService", CLUSTER, 2)
    assert (use.first_seen.second, use.last_seen.second) == (1, 5)
    assert answer.proof.sufficient is True
    assert answer.proof.minimal is True


def test_refused_calls_and_those_that_failed_before_iam_was_asked_do_not_count_as_used():
    slow = a_call(3, "ecs:DeleteCluster", {"cluster": "web"}, error="ThrottlingException")
    answer = reduced([service_call(1), a_refusal(2, "sns:Subscribe", "sns:Subscribe"), slow], a_snapshot(allow("ecs:*")))
    assert [use.iam_action for use in answer.used] == ["ecs:UpdateService"]
    assert any("ecs:DeleteCluster (ThrottlingException)" in gap for gap in answer.gaps)
    assert any(one.statement["Action"] == "ecs:DeleteCluster" for one in answer.beyond_trail)


@pytest.mark.parametrize(
    "error", ["ClusterNotFoundException", "NoSuchEntity", "ConditionalCheckFailedException", "Client.DryRunOperation", "BucketAlreadyExists"]
)
def test_a_call_that_iam_allowed_counts_though_it_failed(error):
    gone = a_call(3, "ecs:DeleteCluster", {"cluster": "web"}, error=error)
    cluster = ("ecs:DeleteCluster", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:cluster/web")
    assert grants(reduced([gone], a_snapshot(allow("ecs:*")))) == grants(reduced([gone])) == {cluster}
    not_granted = reduced([gone, service_call(1)], a_snapshot(allow("ecs:UpdateService")))
    assert cluster not in grants(not_granted)
    assert any("that failed, and that the present policies do not allow" in gap for gap in not_granted.gaps)


def test_a_passed_role_is_bound_to_its_service():
    register = a_call(1, "ecs:RegisterTaskDefinition", {"family": "web", "taskRoleArn": TASK, "containerDefinitions": []})
    answer = reduced([register], a_snapshot(ADMIN))
    (passing,) = [s for s in answer.statements if s["Action"] == "iam:PassRole"]
    assert passing["Resource"] == TASK
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
    assert answer.proof.sufficient is True


def test_the_role_in_an_instance_profile_is_known_from_the_snapshot():
    profile = f"arn:aws:iam::{ACCOUNT}:instance-profile/web"
    snapshot = a_snapshot(ADMIN)
    snapshot["RoleDetailList"][1]["InstanceProfileList"] = [{"Arn": profile, "InstanceProfileName": "web"}]
    call = a_call(1, "ec2:AssociateIamInstanceProfile", {"AssociateIamInstanceProfileRequest": {"IamInstanceProfile": {"Arn": profile}}})
    used = {(use.iam_action, use.resource) for use in reduced([call], snapshot).used}
    assert ("iam:PassRole", TASK) in used
    alone = reduced([call])
    (passing,) = [s for s in alone.statements if s["Action"] == "iam:PassRole"]
    assert passing["Resource"] == f"arn:aws:iam::{ACCOUNT}:role/*"
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    assert any("passed a role that the evidence does not name" in gap for gap in alone.gaps)


def test_a_key_that_s3_used_for_the_role_is_granted_by_its_arn_and_tells_of_the_objects():
    context = {"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::artifacts/web/Built/aB3dE5f"}}
    decrypt = a_call(1, "kms:Decrypt", context, resources=[{"ARN": KEY, "accountId": OTHER, "type": "AWS::KMS::Key"}], sharedEventID="one-call")
    decrypt["userIdentity"]["invokedBy"] = "AWS Internal"
    copy = decrypt | {"eventID": "in-the-other-account", "recipientAccountId": OTHER}
    by_request = [a_call(2, "kms:Decrypt", context, resources=decrypt["resources"], requestID="one", recipientAccountId=who) for who in (OTHER, ACCOUNT)]
    assert [use.count for use in reduced(by_request).used] == [1]
    answer = reduced([decrypt, copy], a_snapshot(allow("kms:Decrypt", KEY), allow("s3:GetObject*", "arn:aws:s3:::artifacts/*")))
    assert grants(answer) == {("kms:Decrypt", KEY)}
    assert answer.used[0].count == 1
    assert any("arn:aws:s3:::artifacts: they were read" in gap for gap in answer.gaps)
    assert [dict(one.statement) for one in answer.beyond_trail] == [allow("s3:GetObject*", "arn:aws:s3:::artifacts/*")]


def test_calls_that_need_no_permission_and_events_that_are_no_calls_are_left_out():
    calls = [a_call(1, "sts:GetCallerIdentity"), a_call(2, "kms:RotateKey", eventType="AwsServiceEvent"), service_call(3)]
    assert [use.iam_action for use in reduced(calls, a_snapshot(ADMIN)).used] == ["ecs:UpdateService"]


def test_only_the_role_asked_about_counts_with_or_without_its_path():
    calls = [service_call(1), a_call(2, "ecs:CreateCluster", {"clusterName": "new"}, role=f"arn:aws:iam::{ACCOUNT}:role/Else")]
    for role in (ROLE, f"arn:aws:iam::{ACCOUNT}:role/Worker", f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/run"):
        answer = reduced(calls, a_snapshot(ADMIN), role=role)
        assert answer.role == ROLE
        assert [use.iam_action for use in answer.used] == ["ecs:UpdateService"]


def test_the_window_limits_what_is_used():
    data = evidence([service_call(1), a_call(30, "ecs:CreateCluster", {"clusterName": "new"})], a_snapshot(ADMIN))
    since = data.records[1].event_time
    assert [use.iam_action for use in reduce_evidence(data, role=ROLE, since=since).used] == ["ecs:CreateCluster"]


def test_conditions_of_the_present_statement_stay_and_it_is_never_widened():
    snapshot = a_snapshot(allow("ecs:*", "*", {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}))
    (statement,) = reduced([service_call(1)], snapshot).statements
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}


def test_short_lived_ids_are_widened_only_as_far_as_the_present_statement_reaches():
    arn = f"arn:aws:ecs:eu-west-1:{ACCOUNT}:task/web/0123456789abcdef0123456789abcdef"
    stop = a_call(1, "ecs:StopTask", {"cluster": "web", "task": arn})
    assert grants(reduced([stop], a_snapshot(allow("ecs:StopTask")))) == {("ecs:StopTask", arn.rpartition("/")[0] + "/*")}
    assert grants(reduced([stop], a_snapshot(allow("ecs:StopTask", arn)))) == {("ecs:StopTask", arn)}


def test_an_unknown_resource_keeps_the_present_one_and_says_so():
    snapshot = a_snapshot(allow(["s3:GetBucketAcl", "s3:GetObject"], ["arn:aws:s3:::logs", "arn:aws:s3:::logs-b"], Sid="Logs"))
    answer = reduced([a_call(1, "s3:GetBucketAcl", {})], snapshot)
    assert grants(answer) == {("s3:GetBucketAcl", "arn:aws:s3:::logs"), ("s3:GetBucketAcl", "arn:aws:s3:::logs-b")}
    assert any("statement Logs is kept: s3:GetBucketAcl" in gap for gap in answer.gaps)
    assert answer.used[0].resource is None


def test_without_policies_it_still_answers_and_proves_nothing():
    answer = reduced([service_call(1), a_call(2, "ecs:DescribeServices", None)])
    assert grants(answer) == {("ecs:UpdateService", CLUSTER), ("ecs:DescribeServices", f"arn:aws:ecs:eu-west-1:{ACCOUNT}:service/*/*")}
    assert answer.unused == ()
    assert (answer.proof.sufficient, answer.proof.minimal) == (None, None)
    assert any("are not in the evidence" in gap for gap in answer.gaps)
    assert not any(resource == "*" for _, resource in grants(answer))


def test_unused_grants_are_told_statement_by_statement_with_wildcards_spelt_out():
    snapshot = a_snapshot(allow(["ecs:Update*", "sns:Publish"], Sid="Run"), allow("ec2:*"), allow("*"))
    answer = reduced([service_call(1)], snapshot)
    by_statement = {one.statement: one for one in answer.unused}
    assert "ecs:UpdateCluster" in by_statement["Run"].iam_actions
    assert "ecs:UpdateService" not in by_statement["Run"].iam_actions
    assert by_statement["Run"].cannot_tell == ("sns:Publish",)
    assert by_statement["1"].iam_actions == ("ec2:*",)
    assert by_statement["2"].iam_actions == ("*",)


def test_a_fully_used_statement_is_not_unused():
    assert reduced([service_call(1)], a_snapshot(allow("ecs:UpdateService"))).unused == ()


def data(number, call, key="a.txt", **members):
    request = {"bucketName": "artifacts", "key": key}
    return a_call(number, call, request, eventCategory="Data", managementEvent=False, readOnly=call == "s3:GetObject", **members)


def test_data_events_of_the_bucket_and_the_direction_take_the_gap_away():
    snapshot = a_snapshot(allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::artifacts/*"))
    other = data(2, "s3:PutObject", role=f"arn:aws:iam::{ACCOUNT}:role/Else")
    answer = reduced([data(1, "s3:GetObject"), other], snapshot)
    assert grants(answer) == {("s3:GetObject", "arn:aws:s3:::artifacts/a.txt")}
    assert answer.beyond_trail == ()
    assert answer.unused[0].cannot_tell == ()
    assert not any("data events" in gap for gap in answer.gaps)


@pytest.mark.parametrize("changed", [{"recipientAccountId": OTHER}, {"readOnly": True}, {"requestParameters": {"bucketName": "elsewhere", "key": "a"}}])
def test_data_events_of_another_account_direction_or_bucket_tell_nothing(changed):
    grant = allow("s3:PutObject", "arn:aws:s3:::artifacts/*")
    other = data(2, "s3:PutObject", role=f"arn:aws:iam::{ACCOUNT}:role/Else") | changed
    answer = reduced([service_call(1), other], a_snapshot(allow("ecs:*"), grant))
    assert [dict(one.statement) for one in answer.beyond_trail] == [grant]
    assert any("data events" in gap for gap in answer.gaps)
    assert [one.cannot_tell for one in answer.unused if one.statement == "1"] == [("s3:PutObject",)]


def test_only_the_buckets_that_the_trail_does_not_show_are_kept():
    snapshot = a_snapshot(allow("s3:GetObject", ["arn:aws:s3:::artifacts/*", "arn:aws:s3:::reports/*"]))
    answer = reduced([data(1, "s3:GetObject")], snapshot)
    assert grants(answer) == {("s3:GetObject", "arn:aws:s3:::artifacts/a.txt")}
    assert [dict(one.statement) for one in answer.beyond_trail] == [allow("s3:GetObject", "arn:aws:s3:::reports/*")]


def test_what_no_trail_shows_is_kept_where_it_is_granted_and_proposed_where_it_is_not():
    stream = a_call(1, "logs:CreateLogStream", {"logGroupName": "/app/jobs", "logStreamName": "one"})
    streams = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/app/jobs:log-stream:*"
    for today in (allow("*"), allow(["logs:CreateLogStream", "logs:PutLogEvents"])):
        answer = reduced([stream], a_snapshot(today))
        assert grants(answer) == {("logs:CreateLogStream", streams), ("logs:PutLogEvents", streams)}
        assert any("no trail shows its calls: logs:PutLogEvents" in gap for gap in answer.gaps)
        assert (answer.proof.sufficient, answer.proof.minimal) == (True, True)
    lacking = reduced([stream], a_snapshot(allow("logs:CreateLogStream")))
    assert grants(lacking) == {("logs:CreateLogStream", streams)}
    assert [dict(one.statement) for one in lacking.beyond_trail] == [allow("logs:PutLogEvents", streams)]
    named = f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/app/*"
    assert grants(reduced([service_call(1)], a_snapshot(allow("ecs:*"), allow("logs:PutLogEvents", named)))) == {
        ("ecs:UpdateService", CLUSTER),
        ("logs:PutLogEvents", named),
    }


@pytest.mark.parametrize("key", ["*", "a?b", "${aws:username}/x", "plain"])
def test_whoever_names_an_object_cannot_widen_the_policy(key):
    got = a_call(1, "s3:GetObject", {"bucketName": "artifacts", "key": key}, eventCategory="Data")
    answer = reduced([got], a_snapshot(allow("s3:*")))
    ((_, resource),) = grants(answer)
    assert resource == "arn:aws:s3:::artifacts/" + key.replace("${", "${$}{").replace("*", "${*}").replace("?", "${?}")
    assert answer.proof.sufficient is True


def test_many_objects_become_what_they_have_in_common():
    got = [a_call(n, "s3:GetObject", {"bucketName": "artifacts", "key": f"site/v1/{n}.js"}, eventCategory="Data") for n in range(20)]
    assert grants(reduced(got, a_snapshot(allow("s3:*")))) == {("s3:GetObject", "arn:aws:s3:::artifacts/site/v1/*.js")}
    assert len(grants(reduced(got, a_snapshot(*(allow("s3:GetObject", f"arn:aws:s3:::artifacts/site/v1/{n}.js") for n in range(20)))))) == 20


def test_a_document_that_no_policy_can_hold_is_said():
    names = [f"function-with-a-long-name-{n}" for n in range(120)]
    calls = [a_call(n, "lambda:UpdateFunctionCode20150331v2", {"functionName": name}) for n, name in enumerate(names)]
    answer = reduced(calls, a_snapshot(ADMIN))
    assert len(grants(answer)) == len(names)
    assert any("a managed policy holds 6,144" in gap for gap in answer.gaps)


def test_an_endpoint_that_every_call_came_through_is_offered_as_a_condition_and_not_set():
    through = [service_call(n, vpcEndpointId="vpce-0a1b2c3d") for n in (1, 2)]
    answer = reduced(through, a_snapshot(allow("ecs:*")))
    assert any("came through vpce-0a1b2c3d: a condition on aws:SourceVpce" in gap for gap in answer.gaps)
    assert not any("Condition" in statement for statement in answer.statements)
    assert not any("aws:SourceVpce" in gap for gap in reduced([*through, service_call(3)], a_snapshot(allow("ecs:*"))).gaps)


def test_a_user_is_reduced_like_a_role():
    user = f"arn:aws:iam::{ACCOUNT}:user/ops"
    call = service_call(1)
    call["userIdentity"] = {"type": "IAMUser", "principalId": "AIDAUSER", "arn": user, "accountId": ACCOUNT, "userName": "ops"}
    assert grants(reduced([call], role=user)) == {("ecs:UpdateService", CLUSTER)}


def test_a_call_that_the_resource_itself_allows_needs_no_grant_of_the_role():
    queue = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sqs:*", "Resource": queue}]}
    call = a_call(1, "sqs:GetQueueAttributes", {"queueUrl": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/jobs"})
    answer = reduced([call], a_snapshot(allow("ecs:UpdateService")), {"ResourceArn": queue, "Policy": policy})
    assert answer.statements == ()
    assert any(gap.startswith("Allowed by the policy of the resource") for gap in answer.gaps)


def test_a_call_that_is_no_longer_allowed_is_granted_and_said():
    answer = reduced([service_call(1)], a_snapshot(allow("ecs:CreateCluster")))
    assert grants(answer) == {("ecs:UpdateService", CLUSTER)}
    assert any("it worked" in gap for gap in answer.gaps)


def test_denials_that_touch_a_grant_stay_and_others_go():
    insecure = {"Effect": "Deny", "Action": "ecs:*", "Resource": "*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
    other = {"Effect": "Deny", "Action": "iam:*", "Resource": "*"}
    answer = reduced([service_call(1)], a_snapshot(ADMIN, insecure, other))
    assert [s for s in answer.statements if s["Effect"] == "Deny"] == [insecure]
    assert answer.proof.sufficient is True


def test_unmapped_calls_unknown_policies_and_session_policies_are_gaps():
    assume = a_call(
        9,
        "sts:AssumeRole",
        {"roleArn": ROLE, "roleSessionName": "run", "policy": '{"Version":"2012-10-17","Statement":[]}'},
        role=f"arn:aws:iam::{ACCOUNT}:role/Else",
        responseElements={
            "credentials": {"accessKeyId": "ASIAWORKERWORKER0001"},
            "assumedRoleUser": {"arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Worker/run", "assumedRoleId": "AROAWORKERWORKER00001:run"},
        },
    )
    aws = "arn:aws:iam::aws:policy/NobodyKnowsThisOne"
    gaps = " ".join(reduced([service_call(1), a_call(2, "unheard:DoThings"), assume], a_snapshot(attached=[aws])).gaps)
    assert "1 calls of unheard.amazonaws.com:DoThings" in gaps
    assert f"The document of {aws}" in gaps
    assert "session policy" in gaps


def test_a_role_that_the_evidence_does_not_know_is_an_error_that_names_the_others():
    with pytest.raises(EvidenceUnreadable) as caught:
        reduced([service_call(1)], role=f"arn:aws:iam::{ACCOUNT}:role/Nobody")
    assert ROLE in caught.value.why


def test_the_founding_role_keeps_what_it_used_and_what_its_findings_lack():
    answer = api.reduce(CASES / "founding-first-snapshot" / "evidence", role=FOUNDING)
    app = "arn:aws:iam::310030040050:role/app"
    assert grants(answer) == {
        ("codedeploy:GetApplication", "arn:aws:codedeploy:eu-north-1:310030040050:application:basket"),
        ("ecs:RegisterTaskDefinition", "*"),
        ("iam:PassRole", f"{app}/BasketTask"),
        ("iam:PassRole", f"{app}/BasketTaskExecution"),
        ("kms:Decrypt", "arn:aws:kms:eu-north-1:210020030040:key/6a1de0b2-03c4-4d1f-9a77-5b0e2c8d9f10"),
    }
    assert (answer.proof.sufficient, answer.proof.minimal, answer.proof.undecided) == (True, True, ())
    assert any("CodeDeployToECS action ToEcs failed" in gap for gap in answer.gaps)


def test_a_refused_call_keeps_its_own_action_where_only_another_need_of_it_is_missing():
    answer = api.reduce(CASES / "founding-second-denial" / "evidence", role=FOUNDING)
    assert ("ecs:RegisterTaskDefinition", "*") in grants(answer)
    assert not any("ecs:RegisterTaskDefinition" in one.iam_actions for one in answer.unused)
    assert answer.proof.sufficient is True


def test_a_recovered_role_is_reduced_to_its_successes_and_the_lasting_refusal():
    answer = api.reduce(CASES / "founding-recovered-in-retry" / "evidence", role=FOUNDING)
    assert ("codedeploy:CreateDeployment", "arn:aws:codedeploy:eu-north-1:310030040050:deploymentgroup:basket/basket-dg") in grants(answer)
    assert {use.iam_action for use in answer.used} >= {"ecs:RegisterTaskDefinition", "iam:PassRole", "kms:Decrypt"}
    assert not any(resource == "*" for action, resource in grants(answer) if action != "ecs:RegisterTaskDefinition")


def test_run_instances_keeps_what_it_is_checked_on_and_does_not_name():
    place = f"arn:aws:ec2:eu-west-1:{ACCOUNT}"
    request = {"instancesSet": {"items": [{"imageId": "ami-0a1b2c3d4e5f60718", "minCount": 1, "maxCount": 1}]}, "subnetId": "subnet-1"}
    run = a_call(1, "ec2:RunInstances", request)
    kept = {resource for _, resource in grants(reduced([run], a_snapshot(ADMIN)))}
    assert {f"{place}:volume/*", f"{place}:security-group/*", f"{place}:instance/*", f"{place}:subnet/subnet-1"} <= kept
    assert f"{place}:subnet/*" not in kept
    kinds = ["instance/*", "network-interface/*", "subnet/*", "security-group/sg-1"]
    few = a_snapshot(allow("ec2:RunInstances", ["arn:aws:ec2:*::image/*", *(f"{place}:{kind}" for kind in kinds)]))
    answer = reduced([run], few)
    assert {resource.rpartition(":")[2] for _, resource in grants(answer)} == {
        "image/ami-0a1b2c3d4e5f60718",
        "instance/*",
        "network-interface/*",
        "subnet/subnet-1",
        "security-group/sg-1",
    }
    assert (answer.proof.sufficient, answer.proof.minimal) == (True, True)


@pytest.mark.parametrize("heading", ["no_record", "no_permission", "one_run", "also_checked"])
def test_every_row_of_the_table_holds_for_its_example_and_not_for_its_counter_example(heading):
    for row in rows_of("reduction", heading):
        assert row["source"].startswith("https://"), row["id"]
        if heading == "one_run":
            assert beyond_one_run(row["example"]).endswith("*"), row["id"]
            assert beyond_one_run(row["counter_example"]) is None, row["id"]
            continue
        assert any(action_matches(pattern, row["example"]) for pattern in row["actions"]), row["id"]
        assert not any(action_matches(pattern, row["counter_example"]) for pattern in row["actions"]), row["id"]
        assert spelling(row["example"]) == row["example"]
        assert all("*" in action or spelling(action) == action for action in row["actions"]), json.dumps(row)
    assert needs_no_permission("sts:GetCallerIdentity")


def test_every_row_about_names_and_errors_holds_for_its_example_and_not_for_its_counter_example():
    here = "arn:aws:s3:::box/"
    for row in rows_of("reduction", "varying"):
        assert re.search(row["pattern"], row["example"]), row["id"]
        assert not re.search(row["pattern"], row["counter_example"]), row["id"]
        assert generated_parts(here + row["example"]), row["id"]
        assert generated_parts(here + row["counter_example"]) == (), row["id"]
    for row in rows_of("reduction", "authorized"):
        assert was_authorized(row["example"]), row["id"]
        assert not was_authorized(row["counter_example"]), row["id"]
    for row in rows_of("reduction", "one_of_many"):
        assert str(one_of_many(row["example"])).endswith("/*"), row["id"]
        assert one_of_many(row["counter_example"]) is None, row["id"]
    for row in rows_of("reduction", "makes"):
        assert makes(row["example"]), row["id"]
        assert not makes(row["counter_example"]), row["id"]
    for row in rows_of("reduction", "on_star"):
        assert all(on_star(action, row["example"]) for action in row["actions"]), row["id"]
        assert not any(on_star(action, row["counter_example"]) for action in row["actions"]), row["id"]
    for row in rows_of("reduction", "job"):
        assert str(job_stem(row["example"], ())).endswith("*"), row["id"]
        assert job_stem(row["counter_example"], ()) is None, row["id"]
