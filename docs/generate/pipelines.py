"""What CodePipeline actions need, and which services act for them."""

from __future__ import annotations

from docs.generate.markdown import anchor, code, codes, prose, source, table, whole
from docs.generate.rows import Row, rows

INTRO = """
What the role of a CodePipeline action needs, as the action structure reference lists it. Known or likely, never complete: a row becomes a finding
only where the policies in the evidence say that it is not allowed. `${…}` stands for a key of the action's configuration or for the pipeline's
artifact store.
"""


def page() -> str:
    """The page."""
    return whole("Pipeline actions", INTRO, _needs(), _providers())


def _needs() -> list[str]:
    heads = ["row", "providers", "IAM actions", "resource", "when", ""]
    return ["## What they need", "", *table(heads, [_need(row) for row in rows("pipeline_actions", "need")])]


def _need(row: Row) -> tuple[str, ...]:
    whose = f" (by {prose(row['principal'])})" if "principal" in row else ""
    passed = f", passed to {code(row['passed_to'])}" if "passed_to" in row else ""
    providers = f"{codes(row['providers'])} ({', '.join(row['categories'])})"
    return anchor(row["id"]), providers, codes(row["actions"]) + passed + whose, code(row["resource"]), prose(row.get("when", "")), source(row["source"])


def _providers() -> list[str]:
    listed = [(anchor(row["id"]), codes(row["providers"]), codes(row["services"]), source(row["source"])) for row in rows("provider_services", "provider")]
    text = "Sessions that these services open within the action's time belong to the action."
    return ["## Services that act for them", "", text, "", *table(["row", "providers", "services", ""], listed)]
