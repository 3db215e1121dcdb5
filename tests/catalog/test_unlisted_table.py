"""The table that `bench/unlisted.py` writes from the API models."""

from __future__ import annotations

import re

from trailsleuth.catalog.unlisted import models

KINDS = ("documented", "presumed", "unsigned")


def names(kind):
    return [f"{prefix}:{name}" for prefix, listed in models()[kind].items() for name in listed]


def test_it_says_what_it_was_made_from():
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", models()["catalogue"])
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", models()[key]) for key in ("botocore", "botocore_of_the_catalogue"))
    assert models()["operations"] > 15_000


def test_every_name_is_in_it_once():
    listed = [name.lower() for kind in KINDS for name in names(kind)]
    assert len(listed) == len(set(listed))
    assert all(re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+", name) for kind in KINDS for name in names(kind))


def test_nothing_is_presumed_of_an_operation_on_many_things_at_once():
    assert not [name for name in names("presumed") if ":Batch" in name or name in ("batch:CancelJobs", "batch:TerminateJobs")]
