"""`trailsleuth permissions`: the read-only policy that live mode works with, and no more."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from trailsleuth.cli.options import TableOrJson
from trailsleuth.cli.output import write_stdout
from trailsleuth.report.context import UNWRAPPED
from trailsleuth.report.layout import table_lines
from trailsleuth.sources.aws.operations import Operation, needed, shipped_policy


class AccountKind(StrEnum):
    """Which account the policy is for."""

    PIPELINE = "pipeline"
    TARGET = "target"
    LOG = "log"
    ATHENA = "athena"
    LAKE = "lake"
    CLOUDWATCH = "cloudwatch"


def permissions_command(
    account: Annotated[
        AccountKind,
        typer.Option("--account", help="pipeline: where it runs; target: where its roles act; log: the trail bucket's; the others: where each is asked."),
    ],
    minimal: Annotated[bool, typer.Option("--minimal", help="Leave out what a diagnosis can do without.")] = False,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="json: the policy; table: what each permission is for.")] = TableOrJson.JSON,
) -> int:
    """Print the read-only policy that live use needs in an account.

    Exit codes: 0 printed, 2 wrong usage.
    """
    if output is TableOrJson.TABLE:
        write_stdout(to_table(account.value, minimal=minimal))
    else:
        write_stdout(json.dumps(shipped_policy(account.value, minimal=minimal), indent=2) + "\n")
    return 0


def to_table(account: str, *, minimal: bool) -> str:
    """Each permission with its part and what it is for."""
    rows = [
        (action, "needed" if isinstance(row, Operation) and not row.optional else row.part, row.why)
        for row in needed(account, minimal=minimal)
        for action in row.iam_actions
    ]
    return "\n".join(table_lines(("permission", "part", "what it is for"), rows, widths=(UNWRAPPED,) * 3)) + "\n"
