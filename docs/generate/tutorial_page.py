"""The tutorial as a page of the site: the notebook's cells with the outputs that are saved in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generate.tutorial import NOTEBOOK


def page() -> str:
    """The page."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    parts = [*(line for cell in cells for line in _cell(cell)), "As a notebook: [tutorial.ipynb](tutorial.ipynb)."]
    return "\n\n".join(parts)


def _cell(cell: Mapping[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        yield source
        return
    yield f"```python\n{source}\n```"
    for output in cell["outputs"]:
        yield from _output(output)


def _output(output: Mapping[str, Any]) -> Iterator[str]:
    """HTML where there is some, on lines without a gap, since a gap ends it in Markdown; else the text."""
    data = output.get("data", {})
    if "text/html" in data:
        html = "".join(data["text/html"])
        lines = [html.replace("\n", "&#10;")] if html.startswith("<iframe") else [line for line in html.splitlines() if line.strip()]
        yield "\n".join(['<div style="overflow-x:auto">', *lines, "</div>"])
    elif text := "".join(output.get("text", data.get("text/plain", ""))):
        yield f"```text\n{text.rstrip()}\n```"
