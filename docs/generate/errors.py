"""A page for each error phrase that people search for: what the program reads in it, and the rows of the tables that belong to it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from docs.generate.markdown import code, prose, table, whole
from docs.generate.messages import opaque_row
from docs.generate.rows import Row, rows
from trailsleuth import api
from trailsleuth.report.explanation import explanation_document
from trailsleuth.report.words import CAUSE, POLICY_TYPE

_MORE = (
    "How to export the evidence: [diagnose exported files](../how-to/offline.md). All texts that are known: [messages](../reference/messages.md), "
    "[opaque texts](../reference/opaque-errors.md)."
)


def listed() -> list[Row]:
    """The pages as the table has them."""
    return list(tomllib.loads((Path(__file__).parent / "errors.toml").read_text(encoding="utf-8"))["page"])


def pages() -> Mapping[str, Callable[[], str]]:
    """Every page by its name below docs/."""
    return {f"errors/{row['slug']}.md": partial(page, row) for row in listed()}


def page(row: Row) -> str:
    """One page."""
    return whole(row["phrase"], row["intro"], _ask(row), _read(row), _rows(row), [_MORE])


def _ask(row: Row) -> list[str]:
    return ["```sh", row["ask"], "```", ""]


def _read(row: Row) -> Iterator[str]:
    """What `explain` says to each example."""
    yield from ("## What it says", "")
    for example in row["examples"]:
        yield from ("```text", example, "```", "")
        for denial in explanation_document(api.explain(example))["denials"]:
            facts = (
                ("denied", denial["principal"]),
                ("action", denial["iam_action"]),
                ("resource", denial["resource"]),
                ("decided by", POLICY_TYPE.get(denial["policy_type"] or "", "")),
                ("cause", CAUSE[denial["cause"]] if denial["cause"] != "unknown" else ""),
            )
            known = [(name, prose(said) if name in ("decided by", "cause") else code(said)) for name, said in facts if said]
            yield from table(["read as", ""], known) if known else ()
            yield from (prose(denial["advice"]), "") if denial["advice"] else ()


def _rows(row: Row) -> Iterator[str]:
    """The texts of the tables that hide the same."""
    begins = tuple(row.get("opaque", ()))
    found = [one for one in rows("opaque_errors", "error") if begins and one["id"].startswith(begins)]
    if found:
        yield from ("## Texts of this kind", "")
    for one in found:
        yield from opaque_row(one, level=3)
