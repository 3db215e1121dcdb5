"""Where an organization's policies are known to hang, every level has to allow: an Allow at the root does not make up for a unit's list."""

from __future__ import annotations

import json

import pytest

from tests.trail import B, allow, evidence, role
from trailsleuth.iam.applies import policies_for
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, PolicyType, Verdict

OTHER = "433333333334"


def control(name: str, statement: dict, **attachments: list[str]) -> dict:
    content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    summary = {"Id": f"p-{name}", "Name": name, "Type": "SERVICE_CONTROL_POLICY", "Arn": f"arn:aws:organizations::500000000005:policy/o-1/{name}"}
    targets = {account.removeprefix("of_"): levels for account, levels in attachments.items()}
    return {"Policy": {"PolicySummary": summary, "Content": content}, "Targets": sorted(targets), "Attachments": targets}


@pytest.mark.parametrize(
    ("unit", "verdict"),
    [
        ({f"of_{B}": ["ou-work"]}, Verdict.IMPLICITLY_DENIED),
        ({f"of_{OTHER}": ["ou-else"]}, Verdict.ALLOWED),
    ],
)
def test_each_level_of_the_account_has_to_allow(unit: dict, verdict: Verdict) -> None:
    everything = control("FullAWSAccess", allow("*"), **{f"of_{B}": ["r-root", B], f"of_{OTHER}": ["r-root", "ou-else"]})
    listed = control("OnlyS3", allow("s3:*"), **unit)
    held = policies_for(
        AccessRequest(principal=role("Deploy"), action="ecs:RunTask", resource="*", resource_account=B), evidence([], everything, listed).policies
    )
    layer = decide(AccessRequest(principal=role("Deploy"), action="ecs:RunTask", resource="*", resource_account=B), held).layer(PolicyType.SCP)
    assert layer is not None
    assert layer.verdict is verdict
