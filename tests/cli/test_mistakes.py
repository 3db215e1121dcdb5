"""What people get wrong, and that each answer names the thing, why it cannot be, and what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from trailsleuth.cli.app import main

ROOT = Path(__file__).parent.parent.parent
EVIDENCE = str(ROOT / "fixtures" / "cases" / "founding-first-no-snapshot" / "evidence")
BLUE_GREEN = "arn:aws:iam::310030040050:role/release/BlueGreen"
MISTAKES: dict[str, tuple[int, str, str]] = {  # arguments (E: good evidence): exit code, what of stderr names the thing and the cause, what says the next step
    "diagnose": (2, "no evidence given", "name exported files or directories"),
    "diagnose nowhere/": (4, "nowhere/ no such file or directory", "check the path"),
    "diagnose ''": (2, "an evidence path is empty", "name a file or directory"),
    "diagnose empty": (4, "no CloudTrail records in empty", "aws cloudtrail lookup-events"),
    "diagnose empty.json": (4, "empty.json: empty", "export them"),
    "diagnose note.txt": (4, "note.txt: not recognised", "export them"),
    "diagnose half.json": (4, "half.json: broken at character", "export them"),
    "diagnose E --since soon": (2, "--since 'soon' is not a time", "ISO 8601"),
    "diagnose E --since 1h --until 2h": (2, "--since is not before --until", "exchange them"),
    "diagnose E --since 36501d": (2, "--since '36501d' hundred years", "give a date"),
    "diagnose E --output yaml": (2, "'--output' 'yaml' is not one of", "diagnose --help"),
    "diagnose E --outptu json": (2, "No such option: --outptu", "--output"),
    "diagnose E --region eu-west-1": (2, "--region is for live use", "add --profile"),
    "diagnose E --wait 5": (2, "--wait is for live use", "add --profile"),
    "diagnose E --wait -1": (2, "'--wait' -1 is not in the range", "diagnose --help"),
    "diagnose - -": (2, "stdin is named twice", "give - once"),
    "diagnose - --error -": (2, "both the evidence and --error from stdin", "name a file"),
    "diagnose E --output-file there.html": (2, "there.html exists already", "--force"),
    "diagnose E --output-file empty": (2, "--output-file empty is a directory", "name a file"),
    "diagnose E --output-file no/such.json": (2, "no/such.json there is no directory", "make it first"),
    "diagnose E --prune": (2, "--prune is for exported files and needs --since", "name a window"),
    "diagnose E --keys k.json": (2, "--keys is for --verify", "add --verify"),
    "diagnose E --policy-file nope.json": (4, "nope.json No such file", "check the path of --policy-file"),
    "diagnose E --policy-file note.txt": (4, "note.txt is not a policy document not JSON", "give the policy's own JSON file"),
    "diagnose E --attached-to arn:x": (2, "--attached-to", "give one --policy-file"),
    "diagnose E -o sarif": (2, "--output sarif needs --policy-file", "add --policy-file"),
    "diagnose E --fix pulumi": (2, "'--fix' 'pulumi' is not one of", "diagnose --help"),
    "diagnose E --fail-on denied": (2, "'--fail-on' 'denied' is not one of", "diagnose --help"),
    "diagnose E --redact --policy-file note.txt": (2, "--policy-file and --redact exclude each other", "leave one of them out"),
    "diagnoze E": (2, "no such command: diagnoze", "did you mean diagnose?"),
    "-q -v diagnose E": (2, "--quiet and --verbose exclude each other", "leave one of them out"),
    "explain nowhere/message.txt": (4, "nowhere/message.txt there is no such file", "a message is given in quotes"),
    "explain": (2, "Missing argument 'TEXT|FILE|-'", "explain --help"),
    "simulate E": (2, "say what to ask", "--principal, --action and --resource"),
    f"simulate E --principal {BLUE_GREEN} --action s3:GetObject --resource b --context a": (2, "--context 'a' is not KEY=VALUE", "aws:SourceIp="),
    "simulate --requests nope.json": (4, "nope.json No such file", "check the path given with --requests"),
    "simulate --requests note.txt": (4, "the requests cannot be read line 1 is not JSON", "one request a line"),
    "reduce E": (2, "--role is missing", "--all-roles"),
    "reduce E --role Nobody": (4, f"no role Nobody {BLUE_GREEN}", "name one of these"),
    "reduce E --role X --all-roles": (2, "--role and --all-roles exclude each other", "name one role"),
    "reduce E --all-roles --boundary": (2, "--boundary and --compare are about one role", "--role"),
    f"reduce E --role {BLUE_GREEN} --compare old.json": (4, "old.json is not a saved reduction its schema", "-o json"),
    "fix nope.json": (4, "nope.json No such file", "save a case with --output json"),
    "fix note.txt": (4, "note.txt is not a saved case not JSON", "save one with --output json"),
    "fix old.json": (4, "old.json is not a saved case its schema", "save one with --output json"),
    "events E --select ,": (2, "--select names nothing", "eventTime,userIdentity.arn"),
    "events E --query [[": (2, "--query '[[' is not a JMESPath expression", "jmespath.org"),
    "events E --select a --query b": (2, "--select and --query exclude each other", "leave one of them out"),
    "events E --limit 0": (2, "'--limit' 0 is not in the range", "events --help"),
    "denied E --by who": (2, "cannot be grouped by 'who'", "principal, action"),
    "denied E -o csv": (2, "--output csv is for groups", "add --by"),
    "denied s3://bucket/x": (2, "denied records are picked from exported files", "name files"),
    "index E --to there.html": (2, "there.html exists and is not an index", "choose another name"),
    "bundle E": (2, "no zip file named", "--to PATH.zip"),
    "fetch --pipeline web": (2, "say where the case goes", "--to FOLDER"),
    "fetch --resume empty": (4, "empty is not a case folder manifest.json", "trailsleuth fetch"),
    "verify nowhere": (4, "cannot verify nowhere no such directory", "aws s3 sync"),
    "verify empty --keys a --profile b": (2, "--keys and --profile exclude each other", "give the saved keys"),
    "catalog show s3:GetObjct": (2, "IAM knows no action s3:GetObjct", "did you mean s3:GetObject"),
    "permissions --account mine": (2, "'--account' 'mine' is not one of", "permissions --help"),
    "info nowhere": (4, "nowhere there is no such file or directory", "check the path"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    for name, text in {
        "empty.json": "",
        "note.txt": "hello",
        "half.json": '{"Records": [{"eventID"',
        "old.json": '{"schema": "other/1"}',
        "there.html": "x",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_there_are_many_mistakes_in_the_list():
    assert len(MISTAKES) >= 45


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_with_its_thing_its_cause_and_the_next_step(mistake, folder, capsys):
    before = {path.name: path.stat().st_size for path in folder.iterdir()}
    code, named, then = MISTAKES[mistake]
    assert main([EVIDENCE if word == "E" else word.strip("'") for word in mistake.split()]) == code
    out, err = capsys.readouterr()
    assert [word for word in named.split() if word not in err] == []
    assert then in err
    assert out == ""
    assert len(err.splitlines()) <= 3
    assert {path.name: path.stat().st_size for path in folder.iterdir()} == before
