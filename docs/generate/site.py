"""A hook of mkdocs: the reference pages are written before the site is built."""

from __future__ import annotations

import sys
from pathlib import Path


def on_pre_build(**_: object) -> None:
    """Called by mkdocs, which runs this file outside of its package."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from docs.generate import write_pages

    write_pages()
