"""The tables that are cut by service: operations, passed roles, resources."""

from __future__ import annotations

from collections.abc import Callable

from docs.generate.markdown import anchor, code, codes, prose, source, table, whole
from docs.generate.rows import Row, files, headings, rows
from trailsleuth.catalog.load import resource_rows

OPERATIONS = """
A call is checked for the IAM action of its own name, except for these. "Also" rows are what a request's content makes it need besides. `trailsleuth
catalog show ACTION` shows the rows of one action together with its resource types and condition keys. `when` names request parameters: `name`,
`!name` (not there), `name=value`.
"""
PASSED = """
Where requests carry a role. Passing it needs `iam:PassRole` on the role; the service is the value of `iam:PassedToService`. `iam:PassRole` never
has a record of its own: these rows are how it is found all the same.
"""
RESOURCES = """
How the resource of a call is built from its request, where neither the message nor the record names it. Without a row of its own, the formats of
the Service Authorization Reference are filled from parameters of the same names. Where a part is missing, no ARN is made up.
"""


def _sections(folder: str, heads: list[str], cells: Callable[[str, Row], tuple[str, ...]]) -> list[list[str]]:
    parts = []
    for name in files(folder):
        listed = [cells(heading, row) for heading in headings(f"{folder}/{name}") for row in rows(f"{folder}/{name}", heading)]
        parts.append([f"## {name}", "", *table(heads, listed)])
    return parts


def operations_page() -> str:
    """Operations and what they are checked for."""
    return whole("Operations", OPERATIONS, *_sections("operations", ["row", "calls", "checked for", "when, why", ""], _operation))


def _operation(heading: str, row: Row) -> tuple[str, ...]:
    calls = codes(row.get("events") or row["calls"]) if "events" in row or "calls" in row else code(row["pattern"]) if "pattern" in row else "all calls"
    also = "also " if heading in ("need", "delivery") else ""
    when = " and ".join(filter(None, [codes(row.get("when", ())), prose(row.get("why", ""))]))
    return anchor(row["id"]), calls, also + code(row["action"]), when, source(row["source"])


def passed_roles_page() -> str:
    """Where requests carry roles."""
    heads = ["row", "calls", "request path", "passed to", ""]
    parts = ([f"## {prefix}", "", *table(heads, [_passed(row) for row in rows("passed_roles", prefix)])] for prefix in headings("passed_roles"))
    return whole("Passed roles", PASSED, *parts)


def _passed(row: Row) -> tuple[str, ...]:
    to = code(row["service"]) if "service" in row else "not sent, or not known"
    profile = " (by instance profile)" if row.get("instance_profile") else ""
    return anchor(row["id"]), codes(row["events"]), codes(row["paths"]) + profile, to, source(row["source"])


def resources_page() -> str:
    """How resources are built."""
    heads, listed = ["row", "type or format", "example", ""], sorted({*files("resources"), *headings("resources")})
    parts = ([f"## {prefix}", "", *table(heads, [_resource(row) for row in resource_rows(prefix)])] for prefix in listed)
    return whole("Resources of calls", RESOURCES, *parts)


def _resource(row: Row) -> tuple[str, ...]:
    example = row["example"]
    shown = f"{code(example.get('event', ''))}: {code(example['resource'])}" if example.get("resource") else code(example.get("event", ""))
    why = f" {prose(row['why'])}" if row.get("why") else ""
    return anchor(row["id"]), code(row.get("format") or row.get("type") or "") + why, shown, source(row["source"])
