"""What records tell since 2025: enrichment, agents, endpoints seen by their owner, scoped credentials, tokens with new subjects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.trail import A, B, allow, at, call, diagnose, refused, role, session, snapshot, trusts
from trailsleuth.catalog.evaluation import works_across_accounts
from trailsleuth.model import CaseFile, Cause, Finding, PolicyType, Standing

PUBLISHER = role("media/Publisher")
QUEUE = f"arn:aws:sqs:eu-west-1:{B}:renders"
MCP = "aws-mcp.amazonaws.com"
DENIED = "explicit deny in an identity-based policy"


def cause(case: CaseFile) -> Finding:
    (found,) = [f for f in case.findings if f.standing is Standing.CAUSE]
    return found


def sends(**context: Any) -> dict[str, Any]:
    return refused(session(PUBLISHER), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, **({"eventContext": context} if context else {}))


TAGGED = allow(
    "sqs:SendMessage", StringEquals={"aws:PrincipalOrgID": "o-made1up2it", "aws:ResourceTag/stage": "${aws:PrincipalTag/stage}", "aws:SourceVpc": "vpc-0aa"}
)
REQUEST = {"aws:PrincipalOrgID": "o-made1up2it", "aws:SourceVpc": "vpc-0aa", "aws:ViaAWSService": "false"}


@pytest.mark.parametrize(
    "tags",
    [
        {"resourceTags": [{"arn": QUEUE, "tags": {"stage": "beta"}}], "principalTags": {"stage": "prod"}},
        {"resourceTags": [{"key": "stage", "value": "beta"}], "principalTags": [{"key": "stage", "value": "prod"}]},
        {"resourceTags": {QUEUE: {"stage": "beta"}}, "principalTags": [{"Key": "stage", "Value": "prod"}]},
        {"aws:ResourceTag/stage": "beta", "aws:PrincipalTag/stage": ["prod"]},
    ],
)
def test_enriched_records_prove_conditions_that_are_open_without(tags: dict[str, Any]) -> None:
    bare = diagnose([sends()], snapshot((PUBLISHER, [TAGGED], [])))
    assert "whether its condition holds is open" in cause(bare).explanation
    assert bare.deltas[0].proof is not None
    assert bare.deltas[0].proof.sufficient is None

    case = diagnose([sends(requestContext=REQUEST, tagContext=tags)], snapshot((PUBLISHER, [TAGGED], [])))
    assert cause(case).cause is Cause.CONDITION_MISMATCH
    assert "aws:ResourceTag/stage StringEquals prod: the request had beta" in cause(case).explanation
    assert case.deltas[0].proof is not None
    assert case.deltas[0].proof.sufficient is True
    assert case.deltas[0].statements[0]["Condition"]["StringEquals"]["aws:ResourceTag/stage"] == "beta"


def test_where_enrichment_contradicts_the_record_its_fields_stand_and_it_is_said() -> None:
    told = {"aws:RequestedRegion": "us-west-2", "aws:PrincipalAccount": B, "aws:CurrentTime": at(10)}
    deny = {"Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "us-west-2"}}}
    case = diagnose([sends(requestContext=told)], snapshot((PUBLISHER, [deny], [])))
    assert cause(case).cause is Cause.MISSING_ALLOW
    assert "fields tell aws:RequestedRegion eu-west-1, its eventContext us-west-2: the fields stand" in cause(case).explanation
    assert "aws:PrincipalAccount" not in cause(case).explanation
    assert "aws:CurrentTime" not in cause(case).explanation


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_enriched_key_without_a_value_was_absent(empty: object) -> None:
    wants = allow("sqs:SendMessage", StringEquals={"aws:SourceOrgID": "o-made1up2it"})
    case = diagnose([sends(requestContext={"aws:SourceOrgID": empty})], snapshot((PUBLISHER, [wants], [])))
    assert "the request carried no value" in cause(case).explanation


def agent_call(**fields: Any) -> dict[str, Any]:
    who = session(PUBLISHER) | {"invokedBy": MCP}
    return refused(who, "sqs", "PurgeQueue", "sqs:PurgeQueue", QUEUE, clause=f"with an {DENIED}", sourceIPAddress=MCP, userAgent=MCP, **fields)


def denies(sid: str, **condition: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Deny", "Action": "sqs:*", "Resource": "*", "Condition": condition}


def test_a_call_through_an_mcp_server_is_denied_by_the_deny_on_agents_not_by_the_one_on_services() -> None:
    held = [allow("sqs:*"), denies("OnServices", Bool={"aws:ViaAWSService": "true"}), denies("OnAgents", Bool={"aws:ViaAWSMCPService": "true"})]
    found = cause(diagnose([agent_call()], snapshot((PUBLISHER, held, []))))
    assert [ref.statement for ref in found.blocking] == ["OnAgents"]
    assert "aws:ViaAWSService" not in found.requests[0].context
    assert found.requests[0].context["aws:CalledViaAWSMCP"] == (MCP,)


def test_a_condition_on_addresses_denies_what_comes_through_an_mcp_server() -> None:
    held = [allow("sqs:*"), denies("Office", NotIpAddress={"aws:SourceIp": "198.51.100.0/24"})]
    assert [ref.statement for ref in cause(diagnose([agent_call()], snapshot((PUBLISHER, held, [])))).blocking] == ["Office"]


def test_a_service_that_calls_for_somebody_is_no_agent() -> None:
    who = session(PUBLISHER) | {"invokedBy": "cloudformation.amazonaws.com"}
    record = refused(who, "sqs", "PurgeQueue", "sqs:PurgeQueue", QUEUE, clause=f"with an {DENIED}")
    held = [allow("sqs:*"), denies("OnServices", Bool={"aws:ViaAWSService": "true"}), denies("OnAgents", Bool={"aws:ViaAWSMCPService": "true"})]
    assert "OnServices" in [ref.statement for ref in cause(diagnose([record], snapshot((PUBLISHER, held, [])))).blocking]


def issue(policy: str | None, key: str, name: str, by: str = "ASIA1", second: float = 1) -> dict[str, Any]:
    request = {"policy": policy, "durationSeconds": 900} if policy else {}
    return call(session(PUBLISHER, key=by), "sts", name, second, request=request, response={"credentials": {"accessKeyId": key}})


READS = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:ReceiveMessage","Resource":"*"}}'
SENDS = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sqs:*","Resource":"*"}}'


@pytest.mark.parametrize("policies", [[READS], [READS, SENDS], [SENDS, READS], [SENDS, SENDS, READS]])
def test_each_scope_down_policy_is_one_more_that_must_allow(policies: list[str]) -> None:
    keys = ["ASIA1", *(f"ASIA{n + 2}" for n in range(len(policies)))]
    issued = [issue(policy, keys[n + 1], "GetScopedCredentials", keys[n], n + 1) for n, policy in enumerate(policies)]
    denied = refused(
        session(PUBLISHER, key=keys[-1]), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, clause="because no session policy allows the sqs:SendMessage action"
    )
    case = diagnose([*issued, denied], snapshot((PUBLISHER, [allow("sqs:*")], [])))
    assert cause(case).policy_types == (PolicyType.SESSION,)
    assert [(delta.policy_type, delta.attach_to) for delta in case.deltas] == [(PolicyType.SESSION, PUBLISHER)]
    assert max(len(chain.hops) for chain in case.chains) == len(keys)
    assert not cause(case).already


def endpoint_denial(who: dict[str, Any], service: str, name: str, account: str, event_id: str) -> dict[str, Any]:
    text = "The request was denied due to a VPC endpoint policy"
    more = {"eventType": "AwsVpceEvent", "eventCategory": "NetworkActivity", "sharedEventID": "shared-1", "sourceIPAddress": "10.3.2.1"}
    endpoint = {"vpcEndpointId": "vpce-0aa11", "vpcEndpointAccountId": A}
    return call(who, service, name, account=account, event_id=event_id, errorCode="VpceAccessDenied", errorMessage=text, **more, **endpoint)


@pytest.mark.parametrize(("service", "name", "principal"), [("kms", "ListAliases", B), ("dynamodb", "ListTables", "*"), ("ecr", "GetAuthorizationToken", B)])
def test_the_owner_of_an_endpoint_is_told_whom_to_let_through(service: str, name: str, principal: str) -> None:
    stranger = {"type": "AWSAccount", "principalId": "AROAMADEUP0000000042", "accountId": B}
    case = diagnose([endpoint_denial(stranger, service, name, A, "owner-copy")])
    (delta,) = case.deltas
    assert (delta.policy_type, delta.attach_to) == (PolicyType.VPC_ENDPOINT, f"arn:aws:ec2:eu-west-1:{A}:vpc-endpoint/vpce-0aa11")
    assert delta.statements[0]["Principal"] == {"AWS": principal}
    assert delta.statements[0]["Condition"] == {"StringLike": {"aws:userid": "AROAMADEUP0000000042:*"}}
    assert delta.warnings == ()
    assert f"vpce-0aa11 of account {A}" in cause(case).explanation


def test_where_an_endpoint_is_in_play_and_nothing_is_recorded_the_selector_to_turn_on_is_asked_for() -> None:
    through = call(session(PUBLISHER), "sqs", "GetQueueUrl", vpcEndpointId="vpce-0aa11", vpcEndpointAccountId=A)
    text = "An error occurred (AccessDenied) when calling the SendMessage operation: Access to the resource is denied."
    asked = " ".join(question.command for question in diagnose([through], error=text).questions)
    assert '{"Field":"eventCategory","Equals":["NetworkActivity"]},{"Field":"eventSource","Equals":["sqs.amazonaws.com"]}' in asked
    assert "get-event-selectors" in asked
    elsewhere = call(session(PUBLISHER), "sqs", "GetQueueUrl")
    assert "NetworkActivity" not in " ".join(question.command for question in diagnose([elsewhere], error=text).questions)
    other = endpoint_denial(session(role("x/Other")), "kms", "ListAliases", B, "9")
    assert "NetworkActivity" not in " ".join(question.command for question in diagnose([through, other], error=text).questions)


def test_the_copies_of_caller_and_owner_are_one_denial_and_the_callers_names_the_role() -> None:
    stranger = {"type": "AWSAccount", "principalId": "AROAMADEUP0000000042", "accountId": B}
    case = diagnose([endpoint_denial(stranger, "kms", "ListAliases", A, "1"), endpoint_denial(session(PUBLISHER), "kms", "ListAliases", B, "2")])
    assert cause(case).principal == PUBLISHER
    assert len(case.deltas) == 1


def test_the_policy_of_an_endpoint_in_the_evidence_is_proven_against() -> None:
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}]}
    endpoints = {"VpcEndpoints": [{"VpcEndpointId": "vpce-0aa11", "OwnerId": A, "ServiceName": "com.amazonaws.eu-west-1.kms", "PolicyDocument": policy}]}
    record = endpoint_denial(session(PUBLISHER), "kms", "ListAliases", B, "2")
    alone = diagnose([record], endpoints).deltas[0].proof
    assert alone is not None
    assert alone.sufficient is None
    assert alone.undecided
    proof = diagnose([record], endpoints, snapshot((PUBLISHER, [allow("kms:*")], []))).deltas[0].proof
    assert proof is not None
    assert (proof.sufficient, proof.minimal) == (True, True)


def test_a_token_is_shown_by_its_subject() -> None:
    provider = f"arn:aws:iam::{B}:oidc-provider/tokens.example.net"
    subject = "repo:mill@4711/loom@4712:ref:refs/heads/main"
    who = {"type": "WebIdentityUser", "principalId": f"{provider}:sts.amazonaws.com:{subject}", "userName": subject, "identityProvider": provider}
    record = call(
        who, "sts", "AssumeRoleWithWebIdentity", account=B, request={"roleArn": PUBLISHER}, errorCode="AccessDenied",
        errorMessage="Not authorized to perform sts:AssumeRoleWithWebIdentity",
    )  # fmt: skip
    case = diagnose([record], snapshot((PUBLISHER, [], [trusts({"Federated": provider}, "sts:AssumeRoleWithWebIdentity")])))
    assert [hop.session_name for chain in case.chains for hop in chain.hops] == [subject]


@pytest.mark.parametrize("words", ["this action", "the operation", "that action", "such an operation", "any action", "the requested operation"])
def test_a_filler_word_is_no_action(words: str) -> None:
    text = f"User is not authorized to perform {words}"
    record = call(session(PUBLISHER), "quicksight", "DescribeDataSet", errorCode="AccessDenied", errorMessage=text, request={"dataSetId": "d-1"})
    assert cause(diagnose([record])).iam_action == "quicksight:DescribeDataSet"


def test_summaries_of_five_minutes_are_named_and_no_broken_records() -> None:
    summary = {
        "eventVersion": "1.0", "accountId": B, "eventId": "e-1", "eventCategory": "Aggregated", "eventType": "AwsAggregatedEvent", "awsRegion": "eu-west-1",
        "eventSource": "sqs.amazonaws.com", "timeWindow": {"windowStart": at(0), "windowEnd": at(300), "windowSize": "PT5M"}, "summary": {},
    }  # fmt: skip
    case = diagnose([summary, sends()])
    assert case.coverage.unreadable == 0
    assert any("5-minute summaries" in one.reason for one in case.coverage.skipped)


@pytest.mark.parametrize("action", ["kms:Encapsulate", "kms:Decapsulate"])
def test_encapsulation_works_across_accounts(action: str) -> None:
    assert works_across_accounts(action) is True


def tool_call(request: str, **fields: Any) -> dict[str, Any]:
    made = {"downstreamRequests": [{"apiName": "sqs:ListQueues", "requestId": "other"}, {"apiName": "sqs:PurgeQueue", "requestId": request}]}
    more = {"eventType": "AwsMcpEvent", "sourceIPAddress": "198.51.100.77", "userAgent": "loom-agent/3.2 (cli)", "additionalEventData": made}
    return call(session(PUBLISHER), "aws-mcp", "CallReadWriteTool", 9, region="us-east-1", event_id="tool-1", **(more | fields))


@pytest.mark.parametrize(("request_id", "said"), [("req-7", "Asked by an agent (loom-agent/3.2 (cli)) from 198.51.100.77"), ("req-8", "an agent asked for it")])
def test_the_tool_call_of_an_agent_is_joined_by_the_id_of_its_request_alone(request_id: str, said: str) -> None:
    case = diagnose(
        [tool_call("req-7"), agent_call(requestID=request_id)], snapshot((PUBLISHER, [denies("OnAgents", Bool={"aws:ViaAWSMCPService": "true"})], []))
    )
    assert said in cause(case).explanation
    assert ("tool-1" in cause(case).explanation) is (request_id == "req-7")
    assert "the same call without the AWS MCP Server is not touched by it" in cause(case).explanation


def test_a_condition_on_addresses_is_explained_where_an_agent_met_it_and_nowhere_else() -> None:
    held = snapshot((PUBLISHER, [allow("sqs:*"), denies("Office", NotIpAddress={"aws:SourceIp": "198.51.100.0/24"})], []))
    assert "carries no aws:SourceIp" in cause(diagnose([agent_call()], held)).explanation
    direct = refused(session(PUBLISHER), "sqs", "PurgeQueue", "sqs:PurgeQueue", QUEUE, clause=f"with an {DENIED}", sourceIPAddress="203.0.113.4")
    assert "carries no aws:SourceIp" not in cause(diagnose([direct], held)).explanation


def test_who_stands_behind_a_session_is_said() -> None:
    person = session(PUBLISHER) | {"onBehalfOf": {"userId": "person-71", "identityStoreArn": f"arn:aws:identitystore::{A}:identitystore/d-1"}}
    found = cause(diagnose([refused(person, "sqs", "SendMessage", "sqs:SendMessage", QUEUE)], snapshot((PUBLISHER, [], []))))
    assert "for user person-71 of IAM Identity Center" in found.explanation
    assert found.requests[0].context["identitystore:UserId"] == ("person-71",)
    provider = session(PUBLISHER) | {"invokedByDelegate": {"accountId": A}}
    clause = "because no session policy allows the sqs:SendMessage action"
    found = cause(diagnose([refused(provider, "sqs", "SendMessage", "sqs:SendMessage", QUEUE, clause=clause)]))
    assert f"account {A} under a delegation request" in found.explanation
    assert "no Allow does" in found.explanation


def token(subject: str) -> dict[str, Any]:
    provider = f"arn:aws:iam::{B}:oidc-provider/token.actions.githubusercontent.com"
    who = {"type": "WebIdentityUser", "principalId": f"{provider}:sts.amazonaws.com:{subject}", "userName": subject, "identityProvider": provider}
    text = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    return call(who, "sts", "AssumeRoleWithWebIdentity", account=B, request={"roleArn": PUBLISHER}, errorCode="AccessDenied", errorMessage=text)


@pytest.mark.parametrize(
    ("sent", "wanted", "said"),
    [
        ("repo:mill@4711/loom@4712:environment:live", "repo:mill/loom:environment:live", True),
        ("repo:mill@4711/loom@4712:environment:live", "repo:mill@4711/loom@4712:environment:test", False),
        ("repo:mill/loom:environment:live", "repo:mill/loom:environment:test", False),
    ],
)
def test_the_immutable_subject_is_the_reason_where_the_trust_policy_has_the_old_form(sent: str, wanted: str, said: bool) -> None:
    host = "token.actions.githubusercontent.com"
    trust = trusts({"Federated": f"arn:aws:iam::{B}:oidc-provider/{host}"}, "sts:AssumeRoleWithWebIdentity", StringEquals={f"{host}:sub": wanted})
    found = cause(diagnose([token(sent)], snapshot((PUBLISHER, [], [trust]))))
    assert found.cause is Cause.CONDITION_MISMATCH
    assert ("immutable subject" in found.explanation) is said


def test_the_key_that_decides_and_is_not_recorded_is_asked_for_next_time() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-loom"}}
    held = snapshot((PUBLISHER, [{**allow("sqs:SendMessage"), "Condition": condition}], []))
    record = refused(session(PUBLISHER), "sqs", "SendMessage", "sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{B}:q")
    asked = [question for question in diagnose([record], held).questions if "put-event-configuration" in question.command]
    (question,) = asked
    assert "aws:PrincipalOrgID decides" in question.because
    assert '[{"Type":"RequestContext","Equals":["aws:PrincipalOrgID"]}]' in question.command
    shown = {**record, "eventContext": {"requestContext": {"aws:PrincipalOrgID": "o-other"}}}
    assert not [question for question in diagnose([shown], held).questions if "put-event-configuration" in question.command]
    elsewhere = refused(session(PUBLISHER), "ecs", "RunTask", "ecs:RunTask", "*")
    held = snapshot((PUBLISHER, [{**allow("ecs:RunTask"), "Condition": condition}], []))
    assert not [question for question in diagnose([elsewhere], held).questions if "put-event-configuration" in question.command]


OF_SESSION = {"assumedRoot": "true", "signInSessionArn": f"arn:aws:signin:eu-west-1:{B}:session/0f1e", "ec2RoleDelivery": "2.0"}
TOLD = {
    "aws:AssumedRoot": ({"who": {"assumedRoot": "true"}}, "true"),
    "aws:SignInSessionArn": ({"who": OF_SESSION}, OF_SESSION["signInSessionArn"]),
    "ec2:RoleDelivery": ({"who": {"ec2RoleDelivery": "2.0"}}, "2.0"),
    "aws:VpceAccount": ({"vpcEndpointId": "vpce-0aa11", "vpcEndpointAccountId": A}, A),
    "aws:SourceVpce": ({"vpcEndpointId": "vpce-0aa11", "vpcEndpointAccountId": A}, "vpce-0aa11"),
    "aws:SecureTransport": ({"tlsDetails": {"tlsVersion": "TLSv1.3"}}, "true"),
}


@pytest.mark.parametrize("key", TOLD)
def test_what_else_a_record_tells_decides_conditions(key: str) -> None:
    fields, value = TOLD[key]
    who = session(PUBLISHER)
    who = who | {"sessionContext": who["sessionContext"] | fields.get("who", {})}
    record = refused(who, "sqs", "SendMessage", "sqs:SendMessage", QUEUE, **{name: held for name, held in fields.items() if name != "who"})
    found = cause(diagnose([record], snapshot((PUBLISHER, [allow("sqs:SendMessage", StringEquals={key: "another"})], []))))
    assert found.requests[0].context[key] == (value,)
    assert f"the request had {value}" in found.explanation


def test_without_an_endpoint_the_keys_of_endpoints_are_absent() -> None:
    record = refused(session(PUBLISHER), "sqs", "SendMessage", "sqs:SendMessage", QUEUE, sourceIPAddress="203.0.113.4")
    for key in ("aws:VpceAccount", "aws:SourceVpcArn", "aws:VpceOrgID"):
        found = cause(diagnose([record], snapshot((PUBLISHER, [allow("sqs:SendMessage", StringEquals={key: "x"})], []))))
        assert "the request carried no value" in found.explanation, key


def test_a_delegated_token_opens_a_session_of_whom_it_was_given_for() -> None:
    given = call(
        session(role("vendor/Agent"), key="ASIAAGENT"), "sts", "GetDelegatedAccessToken", 1, request={"tradeInToken": "x"},
        response={"credentials": {"accessKeyId": "ASIAGIVEN"}, "assumedPrincipal": session(PUBLISHER)["arn"]},
    )  # fmt: skip
    denied = refused(session(PUBLISHER, key="ASIAGIVEN"), "sqs", "SendMessage", "sqs:SendMessage", QUEUE)
    case = diagnose([given, denied])
    assert [hop.access_key_id for hop in case.chains[0].hops][-1] == "ASIAGIVEN"
    assert len(case.chains[0].hops) == 2


@pytest.mark.parametrize("tag", ["aws:ResourceTag/team", "s3:BucketTag/team"])
def test_where_a_bucket_s_tags_would_decide_it_is_asked_whether_they_do(tag: str) -> None:
    bucket = "arn:aws:s3:::press-plates"
    held = snapshot((PUBLISHER, [allow("s3:ListBucket", bucket, StringEquals={tag: "ink"})], []))
    record = refused(session(PUBLISHER), "s3", "ListObjects", "s3:ListBucket", bucket)
    commands = [question.command for question in diagnose([record], held).questions]
    assert any("get-bucket-abac --bucket press-plates" in command for command in commands)
