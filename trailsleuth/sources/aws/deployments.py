"""The service role that CodeDeploy works with: its calls are made after the pipeline's, by another session.

https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_GetDeploymentGroup.html
"""

from __future__ import annotations

from trailsleuth.model import parse_arn
from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.codepipeline import FailedAction
from trailsleuth.sources.aws.gaps import gap_of, keep_gap
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Store

DEPLOYMENT_ID = "d-"


def service_role_of_deployment(action: FailedAction, account: Account, store: Store) -> str | None:
    """The role of the deployment group behind a deployment that was started; None where none was, or where it cannot be read."""
    if not (action.external_id or "").startswith(DEPLOYMENT_ID):
        return None
    answer = account.ask("codedeploy", "GetDeployment", action.region, deploymentId=action.external_id)
    if isinstance(answer, Refusal):
        _lose(answer, store)
        return None
    started = answer.get("deploymentInfo", {})
    group = account.ask(
        "codedeploy",
        "GetDeploymentGroup",
        action.region,
        applicationName=str(started.get("applicationName", "")),
        deploymentGroupName=str(started.get("deploymentGroupName", "")),
    )
    if isinstance(group, Refusal):
        _lose(group, store)
        return None
    role = group.get("deploymentGroupInfo", {}).get("serviceRoleArn")
    return str(role) if parse_arn(role) else None


def _lose(refusal: Refusal, store: Store) -> None:
    if refusal.why is not Why.ABSENT:
        keep_gap(store, gap_of(refusal, lost="the service role of the deployment group"))
