"""What CodePipeline actions need, and which services act for them."""

from __future__ import annotations

from docs.generate.markdown import anchor, code, codes, prose, source, table, whole
from docs.generate.rows import Row, rows

INTRO = """
What a CodePipeline action needs, as the action structure reference lists it and as the roles that AWS CDK writes show it. Known or likely, never
complete: a row becomes a finding only where the policies in the evidence say that it is not allowed, and where nothing that comes after it in the run was
reached. `${…}` stands for a key of the action's configuration or for the pipeline's artifact store. A resource with a wildcard counts as allowed where any
grant overlaps it, and else as undecided. *Optional*: listed by AWS, but actions run without it; never foretold.
"""
HEADS = ["order", "IAM actions", "resource", "when", ""]


def page() -> str:
    """The page."""
    return whole("Pipeline actions", INTRO, _needs(), _providers())


def _needs() -> list[str]:
    lines = ["## What they need", ""]
    for row in (*rows("pipeline_actions", "action"), *rows("pipeline_actions", "common")):
        lines += [f"### {_title(row)}", "", f"{_who(row)} {source(row['source'])}", "", *table(HEADS, [_need(need) for need in row["needs"]]), ""]
    return lines[:-1]


def _title(row: Row) -> str:
    return f"{', '.join(row['providers'])} ({', '.join(row['categories'])})" if "providers" in row else f"Shared: {row['id']}"


def _who(row: Row) -> str:
    shared = ", ".join(f"{name} ({actor})" for name, actor in row.get("common", {}).items())
    return f"{anchor(row['id'])}{f', with the shared needs {shared}' if shared else ''}."


def _need(need: Row) -> tuple[str, ...]:
    whose = f" (by the {need['actor']})" if "actor" in need else ""
    passed = f", passed to {code(need['passed_to'])}" if "passed_to" in need else ""
    optional = "optional" if need.get("optional") else ""
    return str(need["order"]), codes(need["actions"]) + passed + whose, code(need["resource"]), prose(need.get("when", "")), optional


def _providers() -> list[str]:
    listed = [(anchor(row["id"]), codes(row["providers"]), codes(row.get("services", ())), codes(row["look_at"])) for row in rows("pipeline_actions", "action")]
    text = "Sessions that these services open within the action's time belong to the action. Its own calls stand in the last column's event sources."
    return ["## Services that act for them, and where their calls stand", "", text, "", *table(["row", "providers", "services", "event sources"], listed)]
