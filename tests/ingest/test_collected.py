"""A tree of iam-collect: the files of a folder are about what its metadata.json names, whatever the folder is called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.ingest.build import reasons
from trailsleuth.api.bundles import bundle
from trailsleuth.ingest.collected import path_in_tree
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import RawInput

ACCOUNT = "222222222222"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/Deploy"
ALLOWS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
ROLE_FILES: Mapping[str, object] = {
    "iam/role/ci%2fdeploy/metadata": {
        "arn": ROLE,
        "name": "Deploy",
        "id": "AROA2",
        "path": "/ci/",
        "permissionBoundary": f"arn:aws:iam::{ACCOUNT}:policy/Limit",
    },
    "iam/role/ci%2fdeploy/trust-policy": TRUST,
    "iam/role/ci%2fdeploy/inline-policies": [{"PolicyName": "read", "PolicyDocument": ALLOWS}],
    "iam/role/ci%2fdeploy/tags": {"team": "shop"},
    "iam/policy/limit/metadata": {"arn": f"arn:aws:iam::{ACCOUNT}:policy/Limit", "name": "Limit", "defaultVersionId": "v4"},
    "iam/policy/limit/current-policy": ALLOWS,
}
USER_FILES: Mapping[str, object] = {
    "iam/user/jo/metadata": {"arn": f"arn:aws:iam::{ACCOUNT}:user/Jo", "name": "Jo", "id": "AIDA2", "path": "/"},
    "iam/user/jo/groups": [f"arn:aws:iam::{ACCOUNT}:group/Devs"],
    "iam/group/devs/metadata": {"arn": f"arn:aws:iam::{ACCOUNT}:group/Devs", "name": "Devs", "id": "AGPA2", "path": "/"},
    "iam/group/devs/inline-policies": [{"PolicyName": "read", "PolicyDocument": ALLOWS}],
}
QUEUE_FILES: Mapping[str, object] = {
    "sqs/eu-west-1/orders/metadata": {"arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:Orders", "name": "Orders"},
    "sqs/eu-west-1/orders/policy": ALLOWS,
    "sqs/eu-west-1/empty/metadata": {"arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:Empty", "name": "Empty"},
}


def files(held: Mapping[str, object], root: str = "saved") -> list[RawInput]:
    return [RawInput(source=f"{root}/aws/aws/accounts/{ACCOUNT}/{place}.json", data=json.dumps(content).encode()) for place, content in held.items()]


@pytest.mark.parametrize("root", ["saved", "/data/iam-data", "C:\\iam", "tree.tar.gz!out"])
@pytest.mark.parametrize("backwards", [False, True])
def test_a_role_is_whole_with_its_policies_and_boundary(root: str, backwards: bool) -> None:
    found = files(ROLE_FILES, root)
    evidence = read_evidence(reversed(found) if backwards else found)
    (principal,) = evidence.policies.principals
    assert (principal.arn, [policy.name for policy in principal.policies], principal.unknown_policies) == (ROLE, ["read"], ())
    assert principal.tags == {"team": "shop"}
    assert principal.trust is not None
    assert principal.boundary is not None
    assert evidence.policies.partial_accounts == (ACCOUNT,)
    assert evidence.coverage.skipped == ()
    assert len(evidence.coverage.inputs) == len(found)


def test_a_user_has_the_policies_of_its_groups() -> None:
    evidence = read_evidence(files(USER_FILES))
    (user,) = evidence.policies.principals
    assert [policy.name for policy in user.policies] == ["group Devs: read"]


def test_the_policy_of_a_resource_has_its_owner_from_the_file_beside_it() -> None:
    evidence = read_evidence(files(QUEUE_FILES))
    assert [policy.resource_arn for policy in evidence.policies.resources] == [f"arn:aws:sqs:eu-west-1:{ACCOUNT}:Orders"]
    assert evidence.coverage.skipped == ()


def test_a_folder_that_does_not_say_whose_it_is_stays_what_it_is() -> None:
    evidence = read_evidence(files({"iam/role/x/trust-policy": TRUST, "iam/role/y/metadata": {"name": "y"}, "iam/role/y/trust-policy": TRUST}))
    assert evidence.policies.principals == ()
    assert "a policy document alone does not say whose it is" in reasons(evidence)


@pytest.mark.parametrize("given", ["accounts/222222222222", "data/iam-data/aws/accounts/222222222222", ".", ".."])
def test_any_folder_of_the_tree_may_be_the_one_that_is_given(given: str) -> None:
    found = [RawInput(source=f"{given}/{place}.json", data=json.dumps(content).encode()) for place, content in ROLE_FILES.items()]
    evidence = read_evidence(found)
    assert ([one.arn for one in evidence.policies.principals], evidence.coverage.skipped) == ([ROLE], ())


@pytest.mark.parametrize("redact", [True, False])
def test_a_bundle_of_a_tree_still_tells_whose_each_policy_is(tmp_path: Path, redact: bool) -> None:
    for item in files(ROLE_FILES, str(tmp_path / "saved")):
        Path(item.source).parent.mkdir(parents=True, exist_ok=True)
        Path(item.source).write_bytes(item.data)
    packed = bundle(tmp_path / "saved", redact=redact)
    evidence = read_evidence(RawInput(source=f"shared.zip!{name}", data=data) for name, data in packed.files)
    (principal,) = evidence.policies.principals
    assert (len(principal.policies), principal.trust is not None, principal.boundary is not None) == (1, True, True)


def test_a_bundle_has_no_way_out_of_its_folder() -> None:
    item = RawInput(source=f"a.zip!accounts/{ACCOUNT}/../../iam/metadata.json", data=b"{}")
    assert path_in_tree(item) is None
