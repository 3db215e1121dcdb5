"""Writes and executes the tutorial notebook: `python -m docs.generate.tutorial` (needs nbformat, nbclient and ipykernel)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parent.parent / "tutorial.ipynb"
CELLS: tuple[tuple[str, str], ...] = (
    (
        "markdown",
        "# The founding case\n\n"
        "A CodePipeline in account 210020030040 deploys to ECS in account 310030040050 and fails with *The provided role does not have sufficient\n"
        "permissions to access CodeDeploy*. The role has the CodeDeploy permissions that the action needs. What is missing?\n\n"
        "The evidence is made up and lies in the repository: CloudTrail files of both accounts, CodePipeline's account of the execution, and the IAM\n"
        "snapshot of the second account.",
    ),
    ("code", '%load_ext trailsleuth.notebook\nimport trailsleuth as ts\n\ncase = ts.load("../fixtures/cases/founding-first-snapshot/evidence")\ncase'),
    ("markdown", "The trail as a DataFrame, in CloudTrail's names and UTC; `denied` is trailsleuth's reading of each error."),
    (
        "code",
        'records = case.records\ncolumns = ["eventTime", "recipientAccountId", "eventSource", "eventName", "errorCode", "denied"]\n'
        'records[columns].sort_values("eventTime").tail(12)',
    ),
    ("markdown", "Denials alone do not tell: some belong to other people, some resolved themselves."),
    ("code", 'records.trail.denied()[["eventTime", "recipientAccountId", "userIdentityArn", "eventName", "errorCode"]]'),
    ("markdown", "So ask about the pipeline."),
    ("code", 'diagnosis = case.diagnose(pipeline="basket")\nprint(diagnosis.summary)'),
    ("code", 'diagnosis.findings[["rank", "standing", "basis", "cause", "principal", "iam_action", "resource"]]'),
    (
        "markdown",
        "One denial is *observed*, in the trail of the account that nobody looked at. The two `iam:PassRole` are *predicted*: registering the task\n"
        "definition hands two roles to ECS, and PassRole never has a record of its own. They would have been the next failure, with the same text.\n\n"
        "How did the pipeline get there? One row a hop.",
    ),
    ("code", 'diagnosis.chains[["chain", "hop", "role", "session_name", "assumed_by", "account", "calls", "denied"]]'),
    ("code", "diagnosis.plot()"),
    ("markdown", "And when? A prediction stands in the next try."),
    ("code", "diagnosis.plot_timeline()"),
    ("markdown", "Every call of the last session, in time order:"),
    (
        "code",
        'key = diagnosis.chains["access_key_id"].iloc[-1]\n'
        'records.trail.chain(key)[["eventTime", "recipientAccountId", "eventSource", "eventName", "errorCode"]]',
    ),
    ("markdown", "The change, one row for each place to change, tested against the snapshot's policies:"),
    (
        "code",
        'import json\n\nchange = diagnosis.deltas.iloc[0]\nprint(change["attach_to"], "| sufficient:", change["sufficient"], "| minimal:", change["minimal"])\n'
        'print(json.dumps(change["document"], indent=2))',
    ),
    (
        "markdown",
        "Anything else can be asked of the same evaluator. `simulate` says what IAM decides on a request by the policies in the evidence, and why:",
    ),
    (
        "code",
        'ask = dict(principal="arn:aws:iam::310030040050:role/release/BlueGreen", resource="*")\n'
        'for action in ("codedeploy:CreateDeployment", "ecs:RegisterTaskDefinition"):\n'
        '    answer = ts.simulate(["../fixtures/cases/founding-first-snapshot/evidence"], action=action, **ask)[0]\n'
        '    print(action, answer["decision"], answer["blocked_by"])',
    ),
    ("markdown", "And the whole report, as it can be forwarded (`trailsleuth diagnose … --output html`):"),
    ("code", "diagnosis"),
)


def cells() -> list[dict[str, Any]]:
    """The cells without their outputs."""
    made: list[dict[str, Any]] = []
    for number, (kind, text) in enumerate(CELLS):
        cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number:02d}", "metadata": {}, "source": text}
        made.append(cell | ({"outputs": [], "execution_count": None} if kind == "code" else {}))
    return made


def notebook() -> dict[str, Any]:
    """The notebook, not yet executed."""
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}}, "cells": cells()}


def executed() -> dict[str, Any]:
    """The notebook with its outputs, run in a kernel whose folder is `docs`."""
    import nbformat
    from nbclient import NotebookClient

    ready = nbformat.from_dict(notebook())
    NotebookClient(ready, timeout=120, record_timing=False, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    done: dict[str, Any] = json.loads(nbformat.writes(ready))
    done["metadata"] = notebook()["metadata"]
    return done


if __name__ == "__main__":
    NOTEBOOK.write_text(json.dumps(executed(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"written: {NOTEBOOK.name}\n")
