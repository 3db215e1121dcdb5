"""The VPC endpoint that a denied call went through: its policy is fetched from its owner, and decides; what is not to be had is a named gap."""

from __future__ import annotations

import json

from tests.live.full_world import ENDPOINT, QUESTIONS, a_full_world
from tests.live.test_things import answered
from tests.live.world import REGION, A
from trailsleuth.model import Inquiry, PolicyType

BY_KEY: Inquiry = QUESTIONS[1]
NARROW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:GetTopicAttributes", "Resource": "*"}]}
CLAUSE = "because no VPC endpoint policy allows the sns:Publish action"


def a_world_stopped_at_the_endpoint():
    world = a_full_world()
    world.accounts[A].endpoints[ENDPOINT]["policyDocument"] = json.dumps(NARROW)
    for state in world.accounts.values():
        for history in state.histories.values():
            for event in history.events:
                event["CloudTrailEvent"] = event["CloudTrailEvent"].replace("because no identity-based policy allows it", CLAUSE)
    return world


def test_the_policy_of_the_endpoint_is_fetched_and_changed(serve, live):
    aws = serve(a_world_stopped_at_the_endpoint())
    case, pieces = answered(live, BY_KEY)
    piece = json.loads(pieces[f"ec2/{A}/{REGION}/describe-vpc-endpoints-{ENDPOINT}.json"])
    assert [one["VpcEndpointId"] for one in piece["VpcEndpoints"]] == [ENDPOINT]
    (delta,) = [delta for delta in case.deltas if delta.policy_type is PolicyType.VPC_ENDPOINT]
    assert delta.attach_to == f"arn:aws:ec2:{REGION}:{A}:vpc-endpoint/{ENDPOINT}"
    assert delta.proof is not None
    assert aws.count("ec2:DescribeVpcEndpoints") == 1


def test_an_endpoint_of_an_account_that_is_not_open_is_a_gap(serve, live):
    aws = serve(a_world_stopped_at_the_endpoint())
    case, _ = answered(live, BY_KEY, names=("workload",))
    assert any(f"VPC endpoint {ENDPOINT}: it is of account {A}" in gap.why for gap in case.coverage.gaps)
    assert aws.count("ec2:DescribeVpcEndpoints") == 0


def test_an_endpoint_that_is_gone_is_a_gap(serve, live):
    world = a_world_stopped_at_the_endpoint()
    world.accounts[A].endpoints.clear()
    serve(world)
    case, _ = answered(live, BY_KEY)
    assert any(f"the policy of VPC endpoint {ENDPOINT}: ec2:DescribeVpcEndpoints found nothing there" in gap.why for gap in case.coverage.gaps)
