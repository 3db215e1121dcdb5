"""The reference pages and those of error phrases, written from the code and its tables.

Git does not hold them: the site writes them when it is built, `python -m docs.generate` to read them here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from docs.generate import catalog, cli, documents, errors, evidence, messages, pipelines, python_names, tables, tutorial_page

DOCS = Path(__file__).parent.parent
PAGES: Mapping[str, Callable[[], str]] = {
    "reference/cli.md": cli.page,
    "reference/json.md": documents.page,
    "reference/evidence.md": evidence.page,
    "reference/python.md": python_names.page,
    "reference/catalog.md": catalog.page,
    "reference/messages.md": messages.page,
    "reference/opaque-errors.md": messages.opaque_page,
    "reference/operations.md": tables.operations_page,
    "reference/passed-roles.md": tables.passed_roles_page,
    "reference/resources.md": tables.resources_page,
    "reference/pipeline-actions.md": pipelines.page,
    **errors.pages(),
    "tutorial.md": tutorial_page.page,
}
NOTICE = "\n<!-- Written by `python -m docs.generate`; change the code or the table instead. -->\n"


@cache
def written(name: str) -> str:
    """A page as it should stand in its file."""
    return PAGES[name]().rstrip() + "\n" + NOTICE


def write_pages() -> list[str]:
    """Writes the pages that are not what the code says now; their names."""
    outdated = [name for name in PAGES if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != written(name)]
    for name in outdated:
        (DOCS / name).parent.mkdir(exist_ok=True)
        (DOCS / name).write_text(written(name), encoding="utf-8")
    return outdated
