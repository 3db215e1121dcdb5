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
    (
        "code",
        '%load_ext trailsleuth.notebook\nimport trailsleuth as ts\n\ncase = ts.load("../fixtures/cases/founding-first-snapshot/evidence")\n'
        'diagnosis = case.diagnose(pipeline="basket")\ndiagnosis',
    ),
    (
        "markdown",
        "That is the whole answer: cause, change and next step at the top, then how the pipeline got there and what it all rests on\n"
        "(`diagnosis.to_html()` gives the same page as a file to send). The rest of this notebook takes it apart.\n\n"
        "The trail as a DataFrame, in CloudTrail's names and UTC; the column `denied` is trailsleuth's reading of each error.",
    ),
    (
        "code",
        'records = case.records\ncolumns = ["eventTime", "recipientAccountId", "eventSource", "eventName", "errorCode", "denied"]\n'
        'records[columns].sort_values("eventTime").tail(12)',
    ),
    ("markdown", "The denials alone do not answer the question: some belong to other people, and some calls succeeded later."),
    ("code", 'records.trail.denied()[["eventTime", "recipientAccountId", "userIdentityArn", "eventName", "errorCode"]]'),
    ("markdown", "The diagnosis of the pipeline, in one sentence and by finding:"),
    ("code", "print(diagnosis.summary)"),
    ("code", 'diagnosis.findings[["rank", "standing", "basis", "cause", "principal", "iam_action", "resource"]]'),
    (
        "markdown",
        "One denial is *observed*, in the trail of the other account. The two `iam:PassRole` are *predicted*: registering the task\n"
        "definition passes two roles to ECS, and CloudTrail never records PassRole by itself. They would have failed next, with the same error text.\n\n"
        "How did the pipeline get there? One row per hop:",
    ),
    ("code", 'diagnosis.chains[["chain", "hop", "role", "session_name", "assumed_by", "account", "calls", "denied"]]'),
    ("code", "diagnosis.plot()"),
    ("markdown", "And when? Predictions are drawn in the next attempt."),
    ("code", "diagnosis.plot_timeline()"),
    ("markdown", "Every call of the last session, in time order:"),
    (
        "code",
        'key = diagnosis.chains["access_key_id"].iloc[-1]\n'
        'records.trail.chain(key)[["eventTime", "recipientAccountId", "eventSource", "eventName", "errorCode"]]',
    ),
    ("markdown", "The change, one row per attachment point, tested against the policies of the snapshot:"),
    (
        "code",
        'import json\n\nchange = diagnosis.deltas.iloc[0]\nprint(change["attach_to"], "| sufficient:", change["sufficient"], "| minimal:", change["minimal"])\n'
        'print(json.dumps(change["document"], indent=2))',
    ),
    (
        "markdown",
        "The same evaluator answers other questions: `simulate` says what IAM decides on a request under the policies in the evidence, and why:",
    ),
    (
        "code",
        'ask = dict(principal="arn:aws:iam::310030040050:role/release/BlueGreen", resource="*")\n'
        'for action in ("codedeploy:CreateDeployment", "ecs:RegisterTaskDefinition"):\n'
        '    answer = ts.simulate(["../fixtures/cases/founding-first-snapshot/evidence"], action=action, **ask)[0]\n'
        '    print(action, answer["decision"], answer["blocked_by"])',
    ),
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
