"""The founding case with everything around it that a live diagnosis can ask about, so that each permission is used once."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.live.servers import Aws
from tests.live.world import ACTION_ROLE, KEY_B, REGION, START, A, B, a_record, a_session, a_world
from trailsleuth.model import Inquiry

BLOB = "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmnopqrstuvwxyz"
DETAILS = "0123456789abcdefghijklmno"
USER, USER_KEY = f"arn:aws:iam::{B}:user/ci/uploader", "AKIAUPLOADERUPLOADER"
ALIAS, ARTIFACT_KEY = f"arn:aws:kms:{REGION}:{A}:alias/artifacts", f"arn:aws:kms:{REGION}:{A}:key/0d0d0d0d-1111-4222-8333-444455556666"
ENDPOINT = "vpce-0a1b2c3d4e5f60718"
QUESTIONS = (Inquiry(pipeline="web"), Inquiry(access_key=USER_KEY))


def a_full_world() -> Aws:
    """Both questions asked of it together make use of every optional permission of a diagnosis."""
    world = a_world()
    _refusals_with_details(world)
    _a_deployment(world)
    _an_organization(world)
    _a_user(world)
    stores = world.accounts[A].pipelines[REGION, "web"]["definitions"]
    for definition in stores.values():
        definition["artifactStore"]["encryptionKey"] = {"id": ALIAS, "type": "KMS"}
    world.accounts[A].aliases["alias/artifacts"] = ARTIFACT_KEY
    _an_endpoint(world)
    return world


def _an_endpoint(world: Aws) -> None:
    """The user's denied call went through an endpoint of the first account."""
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": "*"}]})
    described = {"vpcEndpointId": ENDPOINT, "ownerId": A, "serviceName": f"com.amazonaws.{REGION}.sns", "policyDocument": policy, "state": "available"}
    world.accounts[A].endpoints[ENDPOINT] = described


def _refusals_with_details(world: Aws) -> None:
    state = world.accounts[B]
    state.decoded[BLOB] = json.dumps({"allowed": False, "explicitDeny": False, "context": {"action": "ec2:RunInstances", "resource": "*"}})
    guard = {"type": "IDENTITY_BASED_POLICY", "uri": f"arn:aws:iam::{B}:policy/Guard"}
    state.details[DETAILS] = {"requestContext": {}, "evaluations": [{"action": "iam:PassRole", "evaluatedEffect": "IMPLICIT_DENY"}], "policies": [guard]}
    state.evaluated[DETAILS, guard["uri"]] = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}]}
    identity = a_session(ACTION_ROLE, "1772614901412", KEY_B, START)
    messages = (
        f"You are not authorized to perform this operation. Encoded authorization failure message: {BLOB}",
        f"is not authorized to perform: iam:PassRole. Call the GetRequestAuthorizationDetails API with the following authorization id: {DETAILS}",
    )
    for number, message in enumerate(messages):
        refusal = {"errorCode": "Client.UnauthorizedOperation", "errorMessage": message}
        record = a_record(B, START + timedelta(seconds=5 + number), "ec2.amazonaws.com", "RunInstances", identity=identity, **refusal)
        state.histories[REGION].add(record)


def _a_deployment(world: Aws) -> None:
    role = f"arn:aws:iam::{B}:role/CodeDeployService"
    world.accounts[A].pipelines[REGION, "web"]["actions"][0]["output"]["executionResult"]["externalExecutionId"] = "d-ABCDEF123"
    world.accounts[B].deployments["d-ABCDEF123"] = {"applicationName": "web", "deploymentGroupName": "web-dg"}
    world.accounts[B].groups["web-dg"] = {"serviceRoleArn": role}
    described = {**world.accounts[B].roles["CrossAccountDeploy"]["role"], "RoleName": "CodeDeployService", "Arn": role}
    world.accounts[B].roles["CodeDeployService"] = {"role": described, "inline": {}, "attached": []}


def _an_organization(world: Aws) -> None:
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    summary = {"Id": "p-FullAWSAccess", "Name": "FullAWSAccess", "Type": "SERVICE_CONTROL_POLICY"}
    world.accounts[A].organization = {
        "parents": {A: ("r-root", "ROOT"), B: ("r-root", "ROOT")},
        "attached": {"r-root": ["p-FullAWSAccess"]},
        "policies": {"p-FullAWSAccess": {"PolicySummary": summary, "Content": json.dumps(everything)}},
    }


def _a_user(world: Aws) -> None:
    state = world.accounts[B]
    nothing = {"Version": "2012-10-17", "Statement": []}
    described = {"UserName": "uploader", "UserId": "AIDA0", "Arn": USER, "Path": "/ci/", "CreateDate": "2025-01-01T00:00:00Z"}
    state.users["uploader"] = {"user": described, "groups": ["builders"], "inline": {"upload": nothing}}
    state.iam_groups["builders"] = {"inline": {"build": nothing}}
    identity = {"type": "IAMUser", "arn": USER, "accountId": B, "accessKeyId": USER_KEY, "userName": "uploader"}
    message = f"User: {USER} is not authorized to perform: sns:Publish on resource: arn:aws:sns:{REGION}:{B}:t because no identity-based policy allows it"
    refusal = {"errorCode": "AccessDenied", "errorMessage": message}
    through = {"vpcEndpointId": ENDPOINT, "vpcEndpointAccountId": A}
    state.histories[REGION].add(a_record(B, START, "sns.amazonaws.com", "Publish", identity=identity, **refusal, **through))
