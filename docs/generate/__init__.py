"""Writes the reference pages from the code and its tables: `python -m docs.generate`, or with `--check` says which of them are out of date."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generate import catalog, cli, documents, evidence, messages, pipelines, python_names, tables

REFERENCE = Path(__file__).parent.parent / "reference"
PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli.page,
    "json.md": documents.page,
    "evidence.md": evidence.page,
    "python.md": python_names.page,
    "catalog.md": catalog.page,
    "messages.md": messages.page,
    "opaque-errors.md": messages.opaque_page,
    "operations.md": tables.operations_page,
    "passed-roles.md": tables.passed_roles_page,
    "resources.md": tables.resources_page,
    "pipeline-actions.md": pipelines.page,
}
NOTICE = "\n<!-- Written by `python -m docs.generate`; change the code or the table instead. -->\n"


def written(name: str) -> str:
    """A page as it should stand in its file."""
    return PAGES[name]().rstrip() + "\n" + NOTICE


def stale() -> list[str]:
    """The pages that are not what the code would write now."""
    return [name for name in PAGES if not (REFERENCE / name).is_file() or (REFERENCE / name).read_text(encoding="utf-8") != written(name)]
