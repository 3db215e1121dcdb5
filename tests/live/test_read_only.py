"""The tool only reads: what is not in the table never leaves the machine, and the table, the policies and the code are one list."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import trailsleuth.fetch
from tests.live.test_founding_case import WEB, by_name, gaps_in
from tests.live.world import A, B, a_world
from trailsleuth.fetch.guard import OperationForbidden
from trailsleuth.fetch.operations import POLICY_ACCOUNTS, operations, shipped_policy

MUTATING = [
    ("iam", "PutRolePolicy", {"RoleName": "R", "PolicyName": "p", "PolicyDocument": "{}"}),
    ("codepipeline", "RetryStageExecution", {"pipelineName": "web", "stageName": "s", "pipelineExecutionId": "e", "retryMode": "FAILED_ACTIONS"}),
    ("s3", "PutObject", {"Bucket": "web-artifacts", "Key": "k", "Body": b"x"}),
    ("s3", "DeleteObject", {"Bucket": "web-artifacts", "Key": "k"}),
    ("kms", "PutKeyPolicy", {"KeyId": "k", "Policy": "{}"}),
    ("cloudtrail", "StopLogging", {"Name": "t"}),
    ("organizations", "DetachPolicy", {"PolicyId": "p-12345678", "TargetId": "111122223333"}),
    ("iam", "GetAccountAuthorizationDetails", {}),
]


@pytest.mark.parametrize(("service", "operation", "parameters"), MUTATING, ids=lambda value: str(value)[:30])
def test_an_operation_outside_the_table_never_reaches_the_server(serve, live, service, operation, parameters):
    aws = serve(a_world())
    source, _ = live()
    before = len(aws.calls)
    with pytest.raises(OperationForbidden, match=operation):
        source.accounts[A].ask(service, operation, "eu-west-1", **parameters)
    assert len(aws.calls) == before


def test_every_operation_in_the_code_is_in_the_table_and_none_stands_there_unused():
    called = set(_operations_in_code())
    ours = {key for key, row in operations().items() if row.part != "credentials" or key == ("sts", "AssumeRole")}
    assert called == ours


PAGED = {"codepipeline": "codepipeline", "principals": "iam"}  # modules whose page reader is given the operation alone


def _operations_in_code():
    """Every operation that the code asks for by name."""
    for path in Path(trailsleuth.fetch.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            if getattr(node.func, "id", "") == "Kind":
                yield from (("iam", word.value.value) for word in node.keywords if word.arg in ("list_inline", "get_inline", "list_attached"))
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            texts = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            if name in ("ask", "_raw") and len(texts) >= 2:
                yield texts[0], texts[1]
            elif name == "_pages":
                yield from ((PAGED[path.stem], text) for text in texts if text.startswith("List"))


def test_every_operation_only_reads_and_says_why_and_where_that_is_written():
    for row in operations().values():
        verb = row.name[:3]
        assert verb in ("Get", "Lis", "Des", "Loo", "Dec") or row.part == "credentials", row.name
        assert row.why
        assert row.source


@pytest.mark.parametrize("account", POLICY_ACCOUNTS)
def test_the_shipped_policies_hold_no_star_in_an_action(account):
    for minimal in (False, True):
        policy = shipped_policy(account, minimal=minimal)
        assert policy["Statement"]
        assert not any("*" in action for statement in policy["Statement"] for action in statement["Action"])


def test_the_tool_works_with_exactly_its_shipped_policy(serve, live):
    aws = serve(a_world())
    source, _ = live()
    free = by_name(source.start(WEB))
    aws.accounts[A].policy = shipped_policy("pipeline", minimal=False)
    aws.accounts[B].policy = shipped_policy("target", minimal=False)
    source, _ = live()
    assert by_name(source.start(WEB)) == free


def test_the_minimal_policy_still_gives_the_records(serve, live):
    aws = serve(a_world())
    aws.accounts[A].policy = shipped_policy("pipeline", minimal=True)
    aws.accounts[B].policy = shipped_policy("target", minimal=True)
    source, _ = live()
    pieces = list(source.start(WEB))
    assert any("AccessKeyId-ASIACROSS" in piece.source for piece in pieces)
    assert not any(piece.source.startswith(("iam/", "resource-policies/")) for piece in pieces)
    assert len(gaps_in(pieces)) >= 4


OPTIONAL = sorted({action for row in operations().values() if row.optional and "pipeline" in row.accounts for action in row.iam_actions})
USED = {"codepipeline:ListPipelineExecutions", "codepipeline:GetPipelineExecution", "kms:GetKeyPolicy", "s3:GetBucketPolicy"} | {
    action for action in OPTIONAL if action.startswith("iam:") and "Role" in action
}


@pytest.mark.parametrize("action", [action for action in OPTIONAL if action in USED])
def test_each_optional_permission_that_is_removed_gives_a_marked_and_smaller_answer(serve, live, action):
    aws = serve(a_world())
    source, _ = live()
    whole = by_name(source.start(WEB))
    for account, kind in ((A, "pipeline"), (B, "target")):
        policy = shipped_policy(account=kind, minimal=False)
        for statement in policy["Statement"]:
            statement["Action"] = [allowed for allowed in statement["Action"] if allowed != action]
        aws.accounts[account].policy = policy
    source, _ = live()
    pieces = list(source.start(WEB))
    marked = [why for why in gaps_in(pieces) if action.partition(":")[2] in why]
    assert marked
    left = {name for name in by_name(pieces) if not name.startswith("gaps/")}
    assert left <= {name for name in whole if not name.startswith("gaps/")}
    assert any(b'"allow": {' in piece.data and action.encode() in piece.data for piece in pieces if piece.source.startswith("gaps/"))
