"""Whether a policy allows a request, by two judges.

The project's own evaluator, and npm @cloud-copilot/iam-simulate, which is run beside it where NODE_PATH has it.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trailsleuth import api

Statements = list[dict[str, Any]]
GUARDED = {"kms": {"Action": "kms:*", "Resource": "*"}, "sts": {"Action": "sts:AssumeRole"}}  # a key and a role have a policy that must let the account in too


@dataclass(frozen=True)
class Question:
    """One request to one document, as the only policy of a role."""

    principal: str
    action: str
    resource: str
    context: dict[str, list[str]]
    document: Statements

    @property
    def account(self) -> str:
        """The account of the role and of all that it works on."""
        return self.principal.split(":")[4]

    def guard(self) -> dict[str, Any] | None:
        """The policy that CDK writes for a key or a role: whoever the account's own policies let in."""
        own = GUARDED.get(self.action.partition(":")[0])
        principal = {"AWS": f"arn:aws:iam::{self.account}:root"}
        return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, **own}]} if own else None


def ours(questions: Sequence[Question]) -> list[bool]:
    """What `trailsleuth simulate` says."""
    asked = [
        {
            "id": str(number),
            "principal": one.principal,
            "action": one.action,
            "resource": one.resource,
            "resource_account": one.account,
            "context": one.context,
            "policies": {"identity": [{"name": "p", "policy": {"Version": "2012-10-17", "Statement": one.document}}], "resource": one.guard()},
        }
        for number, one in enumerate(questions)
    ]
    return [answer["decision"] == "allowed" for answer in api.simulate_requests(json.dumps(asked))] if asked else []


def theirs(questions: Sequence[Question]) -> list[bool | str]:
    """What iam-simulate says; its reason where it does not take the request, since its list has no such resource of the action."""
    if not os.environ.get("NODE_PATH"):
        return []
    lines = [json.dumps({**vars(one), "account": one.account, "guard": one.guard()}) for one in questions]
    script = str(Path(__file__).with_name("judge.mjs"))
    done = subprocess.run(["node", script], input="\n".join(lines), capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
