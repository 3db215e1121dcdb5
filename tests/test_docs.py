"""The documentation is whole and true: everything is in it, generated pages are current, and what it shows is run."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from docs import generate
from docs.generate import cli, documents, errors, python_names, rows, tutorial
from docs.generate.markdown import code
from tests.test_cases import diagnosed
from trailsleuth import api
from trailsleuth.catalog.describe import describe
from trailsleuth.cli.app import COMMANDS, main
from trailsleuth.cli.catalog import sources_json
from trailsleuth.cli.catalog import to_json as catalog_json
from trailsleuth.cli.doctor import to_json as doctor_json
from trailsleuth.cli.fetch import to_json as fetched_json
from trailsleuth.report.explanation import explanation_document
from trailsleuth.report.reduction import reduction_document
from trailsleuth.sources.aws.doctor import Check, State

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
GENERATED = generate.PAGES
PAGES = [*sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if str(page.relative_to(DOCS)) not in GENERATED), *GENERATED]
CASES = ROOT / "fixtures" / "cases"
FOUNDING = CASES / "founding-first-snapshot" / "evidence"
SAMPLE = [
    "founding-first-snapshot",
    "founding-tooling-trail-only",
    "org-scp-tag-required",
    "cp-hop-both-sides",
    "noise-recovered-hop",
    "oth-account-missing",
    "cb-secret-and-key",
    "ecs-execution-secret-suffix",
]
REDUCED = "arn:aws:iam::310030040050:role/release/BlueGreen"
FREE = ("conditions", "document.Statement", "remove", "known_from", "statement", "inquiry", "collectors")  # objects whose members AWS or the user names


def text_of(page: str) -> str:
    """A page by its name in docs/: of its file, or as the code writes it."""
    return generate.written(page) if page in GENERATED else (DOCS / page).read_text(encoding="utf-8")


# --- the reference


def test_git_ignores_what_the_site_writes() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    written = [f"/docs/{page}" for page in GENERATED if page.startswith("reference/")]
    assert sorted(line for line in ignored if line.startswith("/docs/")) == sorted(["/docs/errors/", "/docs/tutorial.md", *written])


def test_the_pages_are_written_where_they_are_not_what_the_code_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    assert generate.write_pages() == list(generate.PAGES)
    (tmp_path / "reference" / "cli.md").write_text("old")
    assert generate.write_pages() == ["reference/cli.md"]
    assert generate.write_pages() == []
    assert (tmp_path / "reference" / "cli.md").read_text(encoding="utf-8") == generate.written("reference/cli.md")


def test_every_command_and_option_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    page = text_of("reference/cli.md")
    known = cli.commands()
    assert {name.partition(" ")[0] for name in known} == set(COMMANDS)
    for name, command in known.items():
        section = page.split(f"\n## trailsleuth {name}\n", 1)[1].split("\n## ", 1)[0]
        for one in cli.parameters(command):
            assert one.text, f"{name}: {one.names} has no help"
            for flag in one.names:
                assert code(one.metavar if one.argument else flag) in section
        main([*name.split(), "--help"])
        shown = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
        assert len(shown) > 1
        assert [flag for flag in shown if f"`{flag}`" not in page] == []
        assert "xit code" in section or name == "fix", name


def test_every_exit_code_is_documented() -> None:
    page = text_of("reference/cli.md")
    assert all(f"| `{number}` |" in page for number in (0, 1, 2, 3, 4, 130))


def test_every_error_is_documented_with_its_exit_code() -> None:
    page = text_of("reference/python.md")
    for kind in python_names.error_classes():
        assert re.search(rf"\| `{kind.__name__}` \| `\w+` \| {kind.exit_code} \|", page)


def test_every_public_name_is_documented() -> None:
    import trailsleuth

    assert all(f"\n## {name}\n" in text_of("reference/python.md") for name in trailsleuth.__all__)


def test_every_row_of_every_table_is_documented() -> None:
    whole = "".join(map(text_of, GENERATED))
    missing = [f"{table}: {row['id']}" for table, row in rows.every_row() if "id" in row and f"`{row['id']}`" not in whole]
    assert missing == []


def test_the_tutorial_stands_on_the_site_with_its_outputs() -> None:
    page = text_of("tutorial.md")
    assert page.count("data:image/svg+xml;base64,") == 2
    assert page.count("<table") >= 4
    assert page.count("```python") == sum(cell["cell_type"] == "code" for cell in saved_cells())


@pytest.mark.parametrize("row", errors.listed(), ids=lambda row: row["slug"])
def test_a_page_of_an_error_phrase_shows_what_is_read_in_it_and_rows_that_exist(row: dict[str, Any]) -> None:
    ids = [one["id"] for one in rows.rows("opaque_errors", "error")]
    assert all(any(known.startswith(begin) for known in ids) for begin in row.get("opaque", ()))
    for example in row["examples"]:
        (denial,) = explanation_document(api.explain(example))["denials"]
        assert denial["advice"]


# --- the JSON documents


@cache
def fields_of(schema: str) -> dict[str, str]:
    """Path to type, as the JSON page tells it."""
    return {path: kind for one in documents.listed() if one["schema"] == schema for path, kind, _ in one["fields"]}


def paths_in(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every field of a document with its value, without the members of free objects."""
    if path and not path.endswith("[]"):
        yield path, value
    if isinstance(value, dict) and not path.endswith(FREE):
        for key, inner in value.items():
            yield from paths_in(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and not path.endswith(FREE):
        for inner in value:
            yield from paths_in(inner, f"{path}[]")


def fits(value: object, kind: str) -> bool:
    if value is None:
        return "null" in kind
    expected = {str: "text", bool: "yes", int: "number", list: "list", dict: "object"}[type(value)]
    return kind.startswith(expected)


def complaints(schema: str, written: list[object], *, but: tuple[str, ...] = ()) -> list[str]:
    """Fields that are not documented, of another type, or documented and never written."""
    known, seen, wrong = fields_of(schema), set(but), []
    for document in written:
        for path, value in paths_in(document):
            seen.add(path)
            if path not in known:
                wrong.append(f"not documented: {path}")
            elif not fits(value, known[path]):
                wrong.append(f"{path} is {value!r}, not {known[path]}")
    return sorted({*wrong, *(f"never written: {path}" for path in known.keys() - seen)})


def test_the_case_document_has_the_documented_fields() -> None:
    written: list[object] = [json.loads(json.dumps(diagnosed(CASES / name))) for name in SAMPLE]
    rare = ("coverage.skipped[].source", "coverage.skipped[].reason", "findings[].evidence[].verified")
    gaps = tuple(path for path in fields_of("trailsleuth.case/2") if path.startswith("coverage.gaps[]"))
    placeholders = tuple(path for path in fields_of("trailsleuth.case/2") if path.startswith("deltas[].placeholders[]"))
    background = tuple(path for path in fields_of("trailsleuth.case/2") if path.startswith("background[]"))
    calibration = tuple(path for path in fields_of("trailsleuth.case/2") if path.startswith("findings[].calibration"))
    maker = tuple(path for path in fields_of("trailsleuth.case/2") if path.startswith("deltas[].maker"))
    opinion = tuple(path for path in fields_of("trailsleuth.case/2") if path.startswith("deltas[].second_opinion"))
    assert complaints("trailsleuth.case/2", written, but=(*rare, *gaps, *placeholders, *background, *calibration, *maker, *opinion)) == []
    asked = api.load(CASES / SAMPLE[0]).diagnose(second_opinion=True).document()
    assert [found for found in complaints("trailsleuth.case/2", [asked]) if "second_opinion" in found] == []


def test_the_explanation_has_the_documented_fields() -> None:
    text = "User: arn:aws:iam::222222222222:user/ana is not authorized to perform: ecs:RunTask on resource: * with an explicit deny in an identity-based policy"
    assert complaints("trailsleuth.explanation/1", [explanation_document(api.explain(text))]) == []


def test_the_decisions_have_the_documented_fields() -> None:
    asked = {"principal": REDUCED, "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "context": {"aws:SourceIp": "192.0.2.1"}}
    condition = {"StringEquals": {"aws:PrincipalTag/team": "a"}}
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*", "Condition": condition}
    held = [{"identity": [{"name": "p", "policy": {"Version": "2012-10-17", "Statement": [one]}}]} for one in (statement, {**statement, "Condition": {}})]
    requests = [{"id": "unreadable"}, *({"id": "one", **asked, "policies": policies} for policies in held)]
    saved = api.simulate([str(FOUNDING)], principal=REDUCED, action="s3:GetObject", resource="arn:aws:s3:::basket-artifacts-0040/k")
    assert complaints("a list of answers", [api.simulate_requests(json.dumps(requests)), saved]) == []


def test_the_reduction_has_the_documented_fields() -> None:
    assert complaints("trailsleuth.reduction/1", [reduction_document(api.reduce([FOUNDING], role=REDUCED))]) == []


def test_the_catalogue_answer_has_the_documented_fields() -> None:
    found = describe("ecs:RegisterTaskDefinition"), describe("s3:PutObject")
    answer = {"schema": "trailsleuth.catalog/1", "actions": [catalog_json(one) for one in found if one is not None], "sources": sources_json()}
    update = ("directory", "written", "skipped", "skipped[].source", "skipped[].reason")
    assert complaints("trailsleuth.catalog/1", [answer], but=update) == []


def test_info_and_verify_have_the_documented_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Only that nothing else is written: what a sample without digests or a manifest lacks is tested with the commands."""
    for command, schema in (("info", "trailsleuth.info/1"), ("verify", "trailsleuth.verification/1")):
        main([command, str(FOUNDING), "--output", "json"])
        document = json.loads(capsys.readouterr().out)
        if command == "info":
            document["coverage"] = {}
        told = [one for one in complaints(schema, [document]) if not one.startswith("never written")]
        assert told == []


@pytest.mark.parametrize(("command", "name"), [("sessions", "a list of sessions"), ("timeline", "a list of moments")])
def test_the_views_have_the_documented_fields(command: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(FOUNDING), "-o", "json"]) == 0
    assert complaints(name, [json.loads(capsys.readouterr().out)]) == []


def test_doctor_and_fetch_have_the_documented_fields(tmp_path: Path) -> None:
    check = Check(account="111122223333", subject="region", state=next(iter(State)), detail="eu-west-1")
    assert complaints("trailsleuth.doctor/1", [json.loads(doctor_json((check,)))]) == []
    assert complaints("trailsleuth.fetched/1", [json.loads(fetched_json(tmp_path, ()))]) == []


def test_every_enumeration_that_the_json_page_names_is_whole() -> None:
    page = text_of("reference/json.md")
    for kind in documents.ENUMERATIONS.values():
        assert all(f"`{member.value}`" in page for member in kind)


# --- the pages


def test_every_page_is_in_the_navigation() -> None:
    listed = re.findall(r"(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        place = os.path.normpath((DOCS / page).parent / target)
        assert target.startswith("https://") or os.path.relpath(place, DOCS) in GENERATED or Path(place).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_title_and_names_no_place_on_a_disk(page: str) -> None:
    text = text_of(page)
    outside = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert len(re.findall(r"^# ", outside, re.MULTILINE)) == 1
    assert re.search(r"(?<![\w.:$/}])/(home|root|work|tmp|Users|var|opt)/\w", text) is None


def test_decisions_are_numbered_without_a_hole() -> None:
    numbers = [int(page.name[:4]) for page in sorted((DOCS / "decisions").glob("0*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))
    index = (DOCS / "decisions" / "index.md").read_text(encoding="utf-8")
    assert all(page.name in index for page in (DOCS / "decisions").glob("0*.md"))


# --- what the pages show is run

RUN = re.compile(r"<!-- run: exit (\d+) -->\n\s*```sh\n(.*?)```", re.DOTALL)
PRINTS = re.compile(r"<!-- prints -->\n\s*```text\n(.*?)```", re.DOTALL)
FILES = re.compile(r"<!-- file: (\S+) -->\n\s*```\w+\n(.*?)```", re.DOTALL)
PYTHON = re.compile(r"<!-- python -->\n```python\n(.*?)```", re.DOTALL)
RUNNING = [page for page in PAGES if page not in GENERATED and RUN.search(text_of(page))]


def test_only_pages_in_the_tree_hold_commands_to_run() -> None:
    assert not any(RUN.search(text_of(page)) for page in GENERATED)


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the fixtures in it, as a clone has them."""
    (tmp_path / "fixtures").symlink_to(ROOT / "fixtures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.mark.parametrize("page", RUNNING)
def test_the_commands_of_a_page_do_what_it_says(page: str, clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = text_of(page)
    for name, content in FILES.findall(text):
        (clone / name).write_text(content, encoding="utf-8")
    steps = re.split(r"(?=<!-- run: exit)", text)[1:]
    assert steps
    for step in steps:
        found = RUN.match(step)
        assert found is not None, step[:80]
        printed = ""
        for line in found[2].strip().splitlines():
            words = shlex.split(line)
            assert words[0] == "trailsleuth"
            assert main(words[1:]) == int(found[1]), line
            printed += capsys.readouterr().out
        for shown in PRINTS.findall(step):
            assert shown in printed


def test_the_python_of_the_pages_runs(clone: Path) -> None:
    blocks = [block for page in PAGES for block in PYTHON.findall(text_of(page))]
    assert blocks
    for block in blocks:
        exec(compile(block, "docs", "exec"), {})  # noqa: S102 - the documentation's own code


# --- the tutorial


def saved_cells() -> list[dict[str, Any]]:
    return list(json.loads(tutorial.NOTEBOOK.read_text(encoding="utf-8"))["cells"])


def test_the_tutorial_is_the_one_that_its_script_writes() -> None:
    bare = [{**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell for cell in saved_cells()]
    joined = [{**cell, "source": "".join(cell["source"])} for cell in bare]
    assert joined == tutorial.cells(), "out of date: run `python -m docs.generate.tutorial`"


def test_the_tutorial_was_executed_without_an_error() -> None:
    outputs = [output for cell in saved_cells() if cell["cell_type"] == "code" for output in cell["outputs"]]
    assert len(outputs) >= 9
    assert [output for output in outputs if output["output_type"] == "error"] == []


def printed(cell: dict[str, Any]) -> str:
    """What a cell prints, in however many pieces the kernel hands it over."""
    return "".join("".join(output["text"]) for output in cell.get("outputs", []) if output["output_type"] == "stream")


def shown(cell: dict[str, Any]) -> list[Any]:
    """What a cell shows beside that, as plain text."""
    return [output.get("data", {}).get("text/plain") for output in cell.get("outputs", []) if output["output_type"] != "stream"]


def test_the_tutorial_says_today_what_it_said_when_it_was_saved(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Its code, run here; what it prints is what is saved."""
    monkeypatch.chdir(DOCS)
    space: dict[str, Any] = {}
    for cell in saved_cells():
        if cell["cell_type"] != "code":
            continue
        source = "".join(cell["source"]).replace("%load_ext trailsleuth.notebook", "from trailsleuth.notebook import register_accessor; register_accessor()")
        exec(compile(source, "tutorial", "exec"), space)  # noqa: S102 - the documentation's own code
        assert capsys.readouterr().out == printed(cell)
    assert space["diagnosis"].exit_code == 0


def test_the_tutorial_runs_in_a_kernel() -> None:
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    done = tutorial.executed()["cells"]
    for cell, saved in zip(done, saved_cells(), strict=True):
        assert printed(cell) == printed(saved)
        assert shown(cell) == shown(saved)
