"""The tool only reads: what is not in the table never leaves the machine, and the table, the policies and the code are one list."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import trailsleuth.sources
from tests.live.world import A, a_world
from trailsleuth.sources.aws.guard import OperationForbidden
from trailsleuth.sources.aws.operations import POLICY_ACCOUNTS, operations, shipped_policy
from trailsleuth.sources.aws.things import entries

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


@pytest.mark.parametrize("statement", ["DROP TABLE logs", "INSERT INTO logs SELECT 1", "UNLOAD (SELECT 1) TO 's3://b/'", "  create table x as select 1", ""])
@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [("athena", "StartQueryExecution", "QueryString"), ("cloudtrail", "StartQuery", "QueryStatement"), ("logs", "StartQuery", "queryString")],
)
def test_a_statement_that_does_not_only_read_never_reaches_the_server(serve, live, service, operation, name, statement):
    aws = serve(a_world())
    source, _ = live()
    before = len(aws.calls)
    with pytest.raises(OperationForbidden, match=operation):
        source.accounts[A].ask(service, operation, "eu-west-1", **{name: statement})
    assert len(aws.calls) == before


def test_every_operation_in_the_code_is_in_the_table_and_none_stands_there_unused():
    called = set(_operations_in_code()) | {(entry.service, read.operation) for entry in entries().values() for read in entry.reads}
    ours = {key for key, row in operations().items() if row.part != "credentials" or key == ("sts", "AssumeRole")}
    assert called == ours


PAGED = {"codepipeline": "codepipeline", "principals": "iam"}  # modules whose page reader is given the operation alone


def _operations_in_code():
    """Every operation that the code asks for by name."""
    for path in Path(trailsleuth.sources.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            if getattr(node.func, "id", "") == "Kind":
                yield from (("iam", word.value.value) for word in node.keywords if word.arg in ("list_inline", "get_inline", "list_attached"))
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            texts = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
            if name == "_ask" and path.stem == "logs":
                yield "logs", texts[0]
            if name in ("ask", "_raw") and len(texts) >= 2:
                yield texts[0], texts[1]
            elif name == "_pages":
                yield from ((PAGED[path.stem], text) for text in texts if text.startswith("List"))


def test_every_operation_only_reads_and_says_why_and_where_that_is_written():
    for row in operations().values():
        verb = row.name[:3]
        query = row.part == "query" and (row.reads is not None or row.name in ("StopQueryExecution", "CancelQuery", "StopQuery"))
        assert verb in ("Get", "Lis", "Des", "Loo", "Dec", "Fil", "Sim") or row.name.startswith("BatchGet") or row.part == "credentials" or query, row.name
        assert row.why
        assert row.source


@pytest.mark.parametrize("account", POLICY_ACCOUNTS)
def test_the_shipped_policies_hold_no_star_in_an_action(account):
    for minimal in (False, True):
        policy = shipped_policy(account, minimal=minimal)
        assert policy["Statement"]
        assert not any("*" in action for statement in policy["Statement"] for action in statement["Action"])
