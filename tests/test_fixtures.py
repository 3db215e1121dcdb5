"""The cases are what their definitions write; those that a clone holds, too."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from fixtures import build
from fixtures.builder import REGISTRY
from tests.checkout import ROOT, differences, files_of


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path; packed ones unpacked, since not every zlib packs to the same bytes."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()}


@pytest.mark.parametrize("slug", build.KEPT)
def test_a_case_that_a_clone_holds_is_what_its_definition_writes(slug: str, tmp_path: Path) -> None:
    build.load_definitions()
    build.write(build.written(slug), tmp_path / slug)
    assert contents(tmp_path / slug) == contents(build.ROOT / slug), "run `python -m fixtures.build`"


def test_every_definition_has_its_folder_and_every_folder_its_definition() -> None:
    build.load_definitions()
    assert {folder.name for folder in build.ROOT.iterdir()} == set(REGISTRY)


def test_the_cases_that_readme_and_pages_name_are_in_a_clone() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.ipynb")]
    named = {slug for page in pages for slug in re.findall(r"fixtures/cases/([\w-]+)", page.read_text(encoding="utf-8"))}
    assert named == set(build.KEPT)
    listed = re.findall(r"^!/fixtures/cases/(.+)/$", (ROOT / ".gitignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(build.KEPT)


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="not in a clone")
def test_git_holds_nothing_that_it_is_told_to_ignore() -> None:
    told = subprocess.run(["git", "ls-files", "--cached", "--ignored", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [], "built files: git rm --cached"


@pytest.mark.skipif(shutil.which("git") is None or not (ROOT / ".git").exists(), reason="not in a clone")
def test_the_tree_stays_small_enough_to_be_looked_through() -> None:
    told = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert len(told.stdout.splitlines()) < 1100


def test_what_came_went_or_was_written_anew_is_seen(tmp_path: Path) -> None:
    (tmp_path / "stays").write_text("a")
    (tmp_path / "goes").write_text("b")
    before = files_of(tmp_path)
    (tmp_path / "goes").unlink()
    (tmp_path / "stays").write_text("longer")
    (tmp_path / "comes").write_text("c")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "own").write_text("d")
    assert differences(before, files_of(tmp_path), contents=False) == ["comes", "goes"]
    assert differences(before, files_of(tmp_path), contents=True) == ["comes", "goes", "stays"]
