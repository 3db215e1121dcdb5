"""The reference pages, written from the code and its tables. Git does not hold them: the site writes them when it is built, `python -m docs.generate` to read
them here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
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


@cache
def written(name: str) -> str:
    """A page as it should stand in its file."""
    return PAGES[name]().rstrip() + "\n" + NOTICE


def write_pages() -> list[str]:
    """Writes the pages that are not what the code says now; their names."""
    outdated = [name for name in PAGES if not (REFERENCE / name).is_file() or (REFERENCE / name).read_text(encoding="utf-8") != written(name)]
    for name in outdated:
        (REFERENCE / name).write_text(written(name), encoding="utf-8")
    return outdated
