"""The README says what is true: its commands, its output, its links."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from docs.generate.cli import commands, parameters

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\]\(([^)#\s]+)", README)


def block_after(mark: str) -> str:
    """The fenced block that follows a mark."""
    after = README.split(f"<!-- {mark} -->\n", 1)[1]
    return after.split("```", 2)[1].partition("\n")[2]


def invocations() -> list[list[str]]:
    """Every call of the program in a code block, indented or fenced, without its comment."""
    fenced = [line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
    lines = [*fenced, *re.findall(r"^ {4}(trailsleuth .+)$", README, re.MULTILINE)]
    calls = [re.search(r"(?:^|\s|/)trailsleuth (.+)$", line) for line in lines]
    return [shlex.split(call[1], comments=True) for call in calls if call is not None]


def test_the_demo_prints_what_the_readme_shows() -> None:
    command = shlex.split(block_after("command: demo").split("&&")[-1])
    assert command[0] == ".venv/bin/trailsleuth"
    told = subprocess.run([sys.executable, "-m", "trailsleuth", *command[1:]], capture_output=True, text=True, cwd=ROOT, env={**os.environ, "COLUMNS": "80"})
    shown = block_after("output: demo")
    assert len(shown.splitlines()) > 3
    assert told.stdout.startswith(shown)
    assert told.returncode == 0


def test_the_marks_that_ci_reads_are_whole_lines_and_stand_once() -> None:
    for mark in ("<!-- command: demo -->", "<!-- command: test -->", "<!-- output: demo -->", "<!-- end -->"):
        assert README.splitlines().count(mark) == 1
    assert "command_of demo" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "command_of test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_test_command_installs_what_the_tests_need() -> None:
    assert "-e '.[dev]'" in block_after("command: test")
    assert "pytest" in block_after("command: test")


def test_the_commands_and_options_that_it_names_exist() -> None:
    known = commands()
    assert len(invocations()) > 6
    for words in invocations():
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        assert name in known, words
        options = {flag for one in parameters(known[name]) for flag in one.names}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize("link", LINKS)
def test_its_links_lead_somewhere(link: str) -> None:
    assert link.startswith("https://") or (ROOT / link).exists()


def test_every_command_is_mentioned() -> None:
    shown = {words[0] for words in invocations()} | set(re.findall(r"`trailsleuth (\w+)", README))
    assert {name.partition(" ")[0] for name in commands()} <= shown


def test_its_exit_codes_are_those_of_diagnose() -> None:
    told = re.search(r"## Exit codes\n\n(.+?)\n\n", README, re.DOTALL)
    assert told is not None
    assert re.findall(r"(?:^|· )(\d+) ", told[1].replace("\n", " ")) == ["0", "1", "2", "3", "4", "130"]
