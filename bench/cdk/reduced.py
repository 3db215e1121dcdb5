"""Every grant of aws-cdk-lib, half of its calls made: does the reduced policy allow these and nothing else that was granted?

    NODE_PATH=node_modules python -m bench.cdk.reduced grants.json [-v] [NAME...]     # grants.json: written by grants.js

The calls of a grant are made in two halves, so that each is made once and left out once; each half with a snapshot of the role and from the trail alone.
"""

from __future__ import annotations

import fnmatch
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cdk.calls import CALLS, CONTEXT, MEANT, NO_RECORD, ON, ON_ALL, ON_NONE, record_of
from bench.cdk.judges import Question, Statements, ours, theirs
from trailsleuth.api.reductions import reduce_evidence
from trailsleuth.catalog.actions import resource_types
from trailsleuth.catalog.arns import fits
from trailsleuth.ingest.evidence import read_evidence
from trailsleuth.model import RawInput
from trailsleuth.report.reduction import reduction_document

UNIQUE_ID = "AROAWORKERWORKER00001"
Ask = tuple[str, str]  # action, resource


@dataclass(frozen=True)
class Run:
    """One reduction: the requests that its calls were, those that were granted and not made, and the document."""

    name: str
    made: list[Ask]
    left: list[Ask]
    document: Statements


class Grants:
    """The grants of one `grants.json`."""

    def __init__(self, written: dict[str, Any]) -> None:
        self.account, self.region = written["account"], written["region"]
        self.role = f"arn:aws:iam::{self.account}:role/worker"
        self.grants: dict[str, Statements] = written["grants"]
        self.left_out: Counter[str] = Counter()

    def question(self, ask: Ask, document: Statements) -> Question:
        """The request to the document."""
        return Question(self.role, *ask, CONTEXT.get(ask[0], {}), document)

    def runs(self, name: str) -> Iterator[Run]:
        """The grant with the first half of its calls made, then with the second."""
        statements = self.grants[name]
        asked = list(dict.fromkeys(ask for statement in statements for ask in _asks(statement)))
        allowed = ours([self.question(ask, statements) for ask in asked])
        live = [ask for ask, granted in zip(asked, allowed, strict=True) if granted and _takes(*ask)]
        shown = [ask for ask in live if ask[0] in CALLS]
        passed = [ask for ask in live if ask[0] == "iam:PassRole" and ("ecs:RunTask" in (one for one, _ in live))]
        self.left_out["granted on what the action does not take"] += len(asked) - len(live)
        self.left_out["without a record"] += sum(action in NO_RECORD for action, _ in live)
        self.left_out["without a call in the table"] += sum(action not in NO_RECORD for action, _ in live if (action, _) not in (*shown, *passed))
        calls = list(dict.fromkeys(action for action, _ in shown))
        for half in [half for half in (calls[0::2], calls[1::2]) if half]:
            calling = [ask for ask in shown if ask[0] in half]
            passing = passed if "ecs:RunTask" in half else []
            also = [(other, resource) for action, resource in calling for other in CALLS[action].get("also", ())]
            left = [ask for ask in (*shown, *passed) if ask not in (*calling, *passing)]
            yield Run(f"{name} with its policies", [*calling, *passing, *also], left, self._document(calling, self._snapshot(statements)))
            yield Run(f"{name} from the trail", [*calling, *also], left, self._document(calling))

    def _document(self, calls: list[Ask], *more: dict[str, Any]) -> Statements:
        """The reduced policy of the role."""
        records = [self._record(number, ask) for number, ask in enumerate(calls)]
        evidence = read_evidence(RawInput(source=f"input-{n}", data=json.dumps(one).encode()) for n, one in enumerate(({"Records": records}, *more)))
        return list(reduction_document(reduce_evidence(evidence, role=self.role))["document"]["Statement"])

    def _record(self, number: int, ask: Ask) -> dict[str, Any]:
        issuer = {"type": "Role", "principalId": UNIQUE_ID, "arn": self.role, "accountId": self.account, "userName": "worker"}
        who = {
            "type": "AssumedRole",
            "principalId": f"{UNIQUE_ID}:run",
            "arn": f"arn:aws:sts::{self.account}:assumed-role/worker/run",
            "accountId": self.account,
            "accessKeyId": "ASIAWORKERWORKER0001",
            "sessionContext": {"sessionIssuer": issuer, "attributes": {"creationDate": "2026-05-01T08:00:00Z"}},
        }
        return {
            "eventVersion": "1.11",
            "userIdentity": who,
            "eventTime": f"2026-05-{number % 28 + 1:02d}T08:00:00Z",
            "awsRegion": self.region,
            "sourceIPAddress": "192.0.2.7",
            "userAgent": "worker",
            "responseElements": None,
            "requestID": f"request-{number}",
            "eventID": f"00000000-0000-4000-8000-{number:012d}",
            "eventType": "AwsApiCall",
            "recipientAccountId": self.account,
            **record_of(*ask, self.account, self.region),
        }

    def _snapshot(self, statements: Statements) -> dict[str, Any]:
        role = {
            "Path": "/",
            "RoleName": "worker",
            "RoleId": UNIQUE_ID,
            "Arn": self.role,
            "CreateDate": "2025-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            "RolePolicyList": [{"PolicyName": "work", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
            "AttachedManagedPolicies": [],
            "InstanceProfileList": [],
            "Tags": [],
        }
        return {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role], "Policies": []}


def _asks(statement: dict[str, Any]) -> Iterator[Ask]:
    """The concrete requests that a statement stands for."""
    for pattern in _listed(statement["Action"]):
        for action in MEANT.get(pattern, [pattern]):
            for resource in _on(action, _listed(statement["Resource"])):
                yield action, resource


def _on(action: str, resources: list[str]) -> list[str]:
    """What a call of the action is checked on, of a statement's resources: each pattern as one of its members."""
    if action in ON_NONE:
        return ["*"]
    if action.startswith("s3:"):
        resources = [r for r in resources if ("/" in r) is ("Object" in action or "Multipart" in action)]
    elif action not in ON_ALL:
        inside = [r for r in resources if r.endswith(":*") and action.startswith("logs:")]
        resources = (inside or resources)[:1]
    return [ON.get(action, "*") if one == "*" else _member(one) for one in resources]


def _takes(action: str, resource: str) -> bool:
    """The action works on such resources: CDK also grants actions on those that they do not take."""
    return resource == "*" or any(fits(resource, form) for kind in resource_types(action) for form in kind.arn_formats)


def _member(pattern: str) -> str:
    """One of the things that a pattern means."""
    for text, member in (("??????", "Ab3dE6"), ("instance/*", "instance/i-0a1b2c3d4e5f60718"), ("task/main/*", "task/main/0123456789abcdef0123456789abcdef")):
        pattern = pattern.replace(text, member)
    return re.sub(r"\*", "log-stream:a" if ":log-group:" in pattern else "a", pattern)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def main() -> int:
    """The figures, and each difference by name."""
    args = [a for a in sys.argv[1:] if a != "-v"]
    written = json.loads(Path(args[0]).read_text(encoding="utf-8"))
    grants = Grants(written)
    names = [name for name in grants.grants if not args[1:] or any(fnmatch.fnmatchcase(name, wanted) for wanted in args[1:])]
    runs = [run for name in names for run in grants.runs(name)]
    asked = [(run.name, grants.question(ask, run.document), ask in run.made) for run in runs for ask in (*run.made, *run.left)]
    questions = [question for _, question, _ in asked]
    if not theirs(questions[:1]):
        print("iam-simulate is not asked: NODE_PATH is not set")
    judges: dict[str, list[bool] | list[bool | str]] = {"ours": ours(questions), "iam-simulate": theirs(questions)}
    wrong: dict[str, list[str]] = {}
    untaken: Counter[str] = Counter()
    for judge, answers in judges.items():
        for (name, one, made), answer in zip(asked, answers, strict=bool(answers)):
            if isinstance(answer, str):
                untaken[f"{one.action} on {one.resource}: {answer}"] += 1
            elif answer is not made:
                wrong.setdefault(name, []).append(
                    f"{judge}: {one.action} on {one.resource} {'is denied, though made' if made else 'is allowed, though not made'}"
                )
    for name, said in wrong.items():
        print("\n    ".join((name, *said)))
    held = len({run.name.partition(" ")[0] for run in runs})
    print(f"{held} of {len(names)} grants of aws-cdk-lib {written['version']} have a record to show; left out: {dict(grants.left_out)}")
    right = len(runs) - sum(run.name in wrong for run in runs)
    print(f"{right} of {len(runs)} reductions right; {len(questions)} requests judged, {sum(untaken.values())} not taken by iam-simulate")
    if "-v" in sys.argv:
        print("\n".join(f"    {count} times {what}" for what, count in sorted(untaken.items())))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
