"""The GitHub Action, the workflows and the image: their own steps, run here on a shell like the runner's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from bench.release import bill_of_materials, version_of
from fixtures.build import ROOT as CASES

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FOUNDING = CASES / "founding-first-snapshot" / "evidence"
TOOLING_ONLY = CASES / "founding-tooling-trail-only" / "evidence"


class Runner:
    """What a step meets on a runner: its files, its environment, and bash as it is called there."""

    def __init__(self, folder: Path) -> None:
        self.temp, self.summary, self.output = folder / "temp", folder / "summary.md", folder / "output"
        (self.temp / "trailsleuth" / "bin").mkdir(parents=True)
        program = self.temp / "trailsleuth" / "bin" / "trailsleuth"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m trailsleuth "$@"\n')
        program.chmod(0o755)

    def run(self, **given: str) -> subprocess.CompletedProcess[str]:
        """The step that diagnoses, with these inputs and the defaults of the others."""
        return self.step("Diagnose", {name.replace("_", "-"): value for name, value in given.items()})

    def step(self, name: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """A step of the action, as the runner starts it."""
        inputs = {one: given.get(one, of.get("default", "")) for one, of in ACTION["inputs"].items()}
        step = next(one for one in ACTION["runs"]["steps"] if one["name"] == name)
        values = {key: inputs[re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value)[1]] for key, value in step["env"].items()}
        there = {"RUNNER_TEMP": str(self.temp), "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_OUTPUT": str(self.output), "GITHUB_ACTION_PATH": str(ROOT)}
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(self.temp), **there, **values}
        script = self.temp / "step.sh"
        script.write_text(step["run"])
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return subprocess.run(command, env=environment, cwd=self.temp, capture_output=True, text=True)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.parametrize(("fail_on", "code"), [("cause", 1), ("inconclusive", 1), ("never", 0)])
def test_a_cause_is_summed_up_annotated_and_fails_as_asked(runner: Runner, fail_on: str, code: int) -> None:
    done = runner.run(evidence=f"{FOUNDING}\n", pipeline="basket", fail_on=fail_on)
    assert done.returncode == code, done.stderr
    assert runner.summary.read_text().startswith("# Cause found")
    assert "outcome=cause_found\n" in runner.output.read_text()
    lines = done.stdout.splitlines()
    assert lines[0].startswith("::error title=ecs%3ARegisterTaskDefinition%3A implicit deny%2C no statement allows it::BlueGreen, *: ")
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", "::warning"]


@pytest.mark.parametrize(("fail_on", "code"), [("cause", 0), ("inconclusive", 3), ("never", 0)])
def test_an_open_case_says_what_is_missing(runner: Runner, fail_on: str, code: int) -> None:
    done = runner.run(evidence=str(TOOLING_ONLY), pipeline="basket", fail_on=fail_on)
    assert done.returncode == code, done.stderr
    assert "outcome=inconclusive\n" in runner.output.read_text()
    assert "::notice title=Missing%3A records of account 310030040050::" in done.stdout


def test_wrong_usage_fails_and_writes_no_summary(runner: Runner) -> None:
    done = runner.run(evidence="nowhere/")
    assert done.returncode == 4
    assert "no such file or directory" in done.stderr
    assert not runner.summary.exists()


@pytest.mark.parametrize("name", ['"; touch made; "', "$(touch made)", "--help", "a b", "-o json"])
def test_an_input_is_a_value_and_never_a_command_or_an_option(runner: Runner, name: str) -> None:
    done = runner.run(evidence=str(FOUNDING), pipeline=name)
    assert not (runner.temp / "made").exists()
    assert done.returncode in (0, 1, 3)
    assert runner.summary.read_text().startswith("# ")


def test_the_install_step_makes_a_program_of_the_locked_versions_for_the_step_after_it(runner: Runner) -> None:
    """With a Python whose `-m venv` leaves a pip that says what it was asked, and a program like the installed one."""
    made, asked = runner.temp / "made", runner.temp / "asked"
    shutil.move(runner.temp / "trailsleuth", made)
    (made / "bin" / "pip").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {asked}\n')
    python = runner.temp / "python"
    python.write_text(f'#!/bin/sh\n[ "$1 $2" = "-m venv" ] && cp -R {made} "$3"\n')
    for program in (made / "bin" / "pip", python):
        program.chmod(0o755)
    assert runner.step("Install trailsleuth", {"python": str(python)}).returncode == 0
    target, versions = asked.read_text().splitlines()[-1], asked.read_text().splitlines()[-2]
    assert target == str(ROOT)
    locked = dict(line.split("==") for line in Path(versions).read_text(encoding="utf-8").splitlines())
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {re.match(r"[\w-]+", one)[0].lower() for one in needed} <= {name.lower() for name in locked}
    assert runner.run(evidence=str(FOUNDING), pipeline="basket").returncode == 1


def test_a_failed_install_stops_the_action(runner: Runner) -> None:
    assert runner.step("Install trailsleuth", {"python": "/bin/false"}).returncode != 0


def test_no_expression_stands_in_a_script() -> None:
    workflows = [job for path in WORKFLOWS for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()]
    scripts = [step.get("run", "") for steps in (ACTION["runs"]["steps"], *(job["steps"] for job in workflows)) for step in steps]
    assert [script for script in scripts if "${{" in script] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_whole_hash_and_nothing_may_more_than_it_needs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    uses = re.findall(r"uses: (.+)", text)
    assert uses
    assert [one for one in uses if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    granted = [one for job in workflow["jobs"].values() for one in job.get("permissions", {}).items()]
    assert {name for name, access in granted if access == "write"} <= {"id-token"}


def test_the_image_runs_as_nobody_and_holds_only_what_the_command_needs() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    last = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert "USER 65532:65532" in last
    assert not [line for line in last if line.startswith(("RUN", "ADD", "VOLUME"))]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[0] == "*"
    copied = {name.rstrip("/") for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]}
    assert copied == {line[1:] for line in ignored if line.startswith("!")}


def test_no_command_needs_what_the_image_leaves_out() -> None:
    code = (
        "import sys\n"
        "class Gone:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('pandas', 'numpy', 'rich'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Gone())\n"
        "from trailsleuth.cli.app import main\n"
        f"E = {str(FOUNDING)!r}\n"
        "for words in ('--help', 'diagnose --help', 'diagnose E', 'diagnose E -o html',\n"
        "              'denied E', 'denied E --by service', 'events E -o csv', 'sessions E', 'timeline E', 'info E',\n"
        "              'reduce E --all-roles', 'simulate E --principal arn:aws:iam::310030040050:role/release/BlueGreen --action s3:GetObject --resource *'):\n"
        "    code = main([E if word == 'E' else word for word in words.split()])\n"
        "    assert code in (0, 1), (words, code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_bill_of_materials_names_every_package_with_version_and_licence() -> None:
    installed = [{"metadata": {"name": "Example_Pkg", "version": "1.2", "license_expression": "MIT"}}, {"metadata": {"name": "other", "version": "3"}}]
    bill = bill_of_materials(installed, version="0.9")
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["component"]["purl"] == "pkg:pypi/trailsleuth@0.9"
    assert bill["components"][0]["purl"] == "pkg:pypi/example-pkg@1.2"
    assert bill["components"][0]["licenses"] == [{"expression": "MIT"}]
    assert "licenses" not in bill["components"][1]


def test_a_tag_that_is_not_the_version_is_refused() -> None:
    version = version_of(ROOT)
    assert version_of(ROOT, tag=f"v{version}") == version
    with pytest.raises(SystemExit, match="v9"):
        version_of(ROOT, tag="v9.9.9")
