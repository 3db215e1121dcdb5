"""SARIF, OCSF and Timesketch, each held to its own schema: the official one where its package is there, ours always."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime

import pytest
from msgspec.structs import replace

from tests.report.build import DEPLOY_ROLE, a_delta, a_quiet_case, an_open_case, the_founding_case
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.formats import render
from trailsleuth.report.policy_source import delta_for, patch, read_policy_source

POLICY = '{\n  "Version": "2012-10-17",\n  "Statement": [\n    {"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}\n  ]\n}\n'
CASES = {"founding": the_founding_case, "open": an_open_case, "quiet": a_quiet_case}


def lines(form, case):
    return [json.loads(line) for line in render(case_document(case), form, RenderContext()).splitlines()]


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_finding_is_an_ocsf_detection_finding(name):
    schemas = pytest.importorskip("ocsf_json_schema")
    jsonschema = pytest.importorskip("jsonschema")
    schema = schemas.OcsfJsonSchemaEmbedded(schemas.get_ocsf_schema(version="1.5.0")).get_class_schema(class_name="detection_finding", profiles=["cloud"])
    validator = jsonschema.Draft202012Validator(schema)
    events = lines("ocsf", CASES[name]())
    assert [error.message for event in events for error in validator.iter_errors(event)] == []
    assert len(events) == len(CASES[name]().findings)


def test_ocsf_tells_standing_and_basis_in_its_own_words():
    cause, next_one, recovered, background = lines("ocsf", the_founding_case())
    assert [(e["severity_id"], e["confidence_id"]) for e in (cause, next_one, recovered, background)] == [(4, 3), (3, 1), (1, 3), (1, 3)]
    assert all(e["type_uid"] == e["class_uid"] * 100 + e["activity_id"] for e in (cause, next_one))
    assert cause["evidences"][0]["api"]["operation"] == "RegisterTaskDefinition"
    assert "ecs:RegisterTaskDefinition" in cause["remediation"]["desc"]
    assert cause["cloud"]["account"]["uid"] == "444455556666"
    assert next_one["time"] == round(the_founding_case().execution.ended.timestamp() * 1000)  # nothing cited: the end of the execution


def test_timesketch_has_its_mandatory_fields_in_the_order_of_time():
    rows = lines("timesketch", the_founding_case())
    assert all(isinstance(row[field], str) and row[field] for row in rows for field in ("message", "datetime", "timestamp_desc"))
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
    assert all(round(datetime.fromisoformat(row["datetime"]).timestamp() * 1_000_000) == row["timestamp"] for row in rows)
    assert sorted(row["tag"][0] for row in rows[1:-1]) == ["background", "cause", "recovered"]


@pytest.mark.parametrize("name", sorted(CASES))
def test_graphviz_draws_the_chain(name):
    program = shutil.which("dot")
    if program is None:
        pytest.skip("no Graphviz here")
    drawn = subprocess.run([program, "-Tplain"], input=render(case_document(CASES[name]()), "dot", RenderContext()).encode(), capture_output=True, check=True)
    assert drawn.stdout.startswith(b"graph ")
    assert drawn.stderr == b""


def sarif(text=POLICY, case=None):
    document = case_document(case or the_founding_case())
    source = read_policy_source(text, path="policies/deploy role.json")
    return json.loads(render(document, "sarif", RenderContext(patches=(patch(source, delta_for(source, document)),))))


def applied(text, replacements):
    """The file after the replacements of a SARIF fix, from the last to the first."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for one in sorted(replacements, key=lambda one: (one["deletedRegion"]["startLine"], one["deletedRegion"]["startColumn"]), reverse=True):
        region = one["deletedRegion"]
        start, end = (starts[region[f"{at}Line"] - 1] + region[f"{at}Column"] - 1 for at in ("start", "end"))
        text = text[:start] + one["insertedContent"]["text"] + text[end:]
    return text


def test_sarif_shows_the_place_and_its_fix_is_the_delta():
    log = sarif()
    (run,) = log["runs"]
    assert [(result["ruleId"], result["level"]) for result in run["results"]] == [("missing_allow", "error"), ("missing_allow", "warning")]
    first = run["results"][0]
    assert first["locations"][0]["physicalLocation"]["region"]["startLine"] == 4
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "policies/deploy%20role.json"
    fixed = applied(POLICY, first["fixes"][0]["artifactChanges"][0]["replacements"])
    delta = case_document(the_founding_case())["deltas"][0]
    assert json.loads(fixed)["Statement"] == [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}, *delta["document"]["Statement"]]
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {result["ruleId"] for result in run["results"]}


def test_sarif_is_read_by_another_reader():
    reader = pytest.importorskip("sarif_pydantic")
    for log in (sarif(), json.loads(render(case_document(a_quiet_case()), "sarif", RenderContext()))):
        reader.Sarif.model_validate(log)


def test_sarif_marks_a_statement_that_has_to_go():
    deny = {"Effect": "Deny", "Action": "ecs:*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, deny]}, indent=2)
    delta = a_delta(statements=(), remove=({"policy": "p", "statement": deny},), attach_to=DEPLOY_ROLE)
    result = sarif(text, replace(the_founding_case(), deltas=(delta,)))["runs"][0]["results"][0]
    fixed = applied(text, result["fixes"][0]["artifactChanges"][0]["replacements"])
    assert json.loads(fixed)["Statement"] == [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]
