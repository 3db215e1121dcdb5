"""Actions that no reference lists: what they rest on, that each is marked wherever it shows, and that nothing else became an action."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from tests.remedy.build import ROLE, a_call, a_refusal, a_snapshot, allow, evidence
from trailsleuth.api.reductions import reduce_evidence
from trailsleuth.catalog import unlisted as table
from trailsleuth.catalog.actions import actions_of, entry, nearest, spelling, takes_resource, unlisted
from trailsleuth.catalog.operations import needs, primary_action
from trailsleuth.catalog.reference import use_reference
from trailsleuth.catalog.unlisted import Ground, decided_without_iam
from trailsleuth.cli.catalog import catalog_app
from trailsleuth.errors import UsageError
from trailsleuth.iam.requests import simulate_requests
from trailsleuth.ingest.explain_records import explain_evidence
from trailsleuth.investigation import run_investigation
from trailsleuth.model import Cause, Inquiry
from trailsleuth.remedy.deltas import merge

MODELS = {
    "botocore": "9.9.9",
    "catalogue": "2026-01-31",
    "documented": {"ecs": ["HangPicture"]},
    "presumed": {"ecs": ["PaintContainer", "VarnishContainer", "RunTask"], "easel": ["CreateEasel"]},
    "unsigned": {"ecs": ["AdmirePicture"]},
}
PRESUMED = "ecs:PaintContainer is not in the action catalogue of 2026-01-31: it is presumed from the operation's name in the API model (botocore 9.9.9)."


@pytest.fixture(autouse=True)
def models(monkeypatch, tmp_path):
    monkeypatch.setattr(table, "models", lambda: MODELS)
    monkeypatch.setenv("TRAILSLEUTH_CACHE", str(tmp_path))
    table._of_service.cache_clear()
    yield
    table._of_service.cache_clear()
    use_reference(None)


def refused(name, number=1, message="Access denied"):
    return a_call(number, f"ecs:{name}", {"container": "c"}, error="AccessDenied", message=message)


def diagnosed(*calls, snapshot=None):
    return run_investigation(evidence(calls, snapshot or a_snapshot(allow("s3:GetObject"))), Inquiry(role=ROLE))


def test_a_presumed_action_is_one_by_its_name_alone():
    found = entry("ECS:paintcontainer")
    assert (found.name, found.access_level, found.resource_types, found.unlisted.ground) == ("ecs:PaintContainer", None, (), Ground.PRESUMED)
    assert found.unlisted.why == PRESUMED
    assert takes_resource("ecs:PaintContainer") is None
    assert primary_action("ecs.amazonaws.com", "PaintContainer", {}) == "ecs:PaintContainer"
    (need,) = needs("ecs.amazonaws.com", "PaintContainer", {"container": "c"}, partition="aws", region="eu-west-1", account="111122223333")
    assert (need.resource, need.source_id) == (None, "own-name-unlisted")


def test_a_service_that_the_catalogue_does_not_know_is_presumed_too():
    assert primary_action("easel.amazonaws.com", "CreateEasel", {}) == "easel:CreateEasel"
    assert primary_action("easel.amazonaws.com", "CreateNothing", {}) is None


def test_the_documentation_of_a_model_is_another_ground():
    assert unlisted("ecs:HangPicture").ground is Ground.DOCUMENTED
    assert "taken from the documentation of the API model" in unlisted("ecs:HangPicture").why


def test_what_a_reference_lists_is_no_longer_presumed(tmp_path):
    assert unlisted("ecs:RunTask") is None
    (tmp_path / "ecs.json").write_text(json.dumps({"Actions": [{"Name": "PaintContainer", "Annotations": {"Properties": {"IsWrite": True}}}]}))
    use_reference(tmp_path)
    assert unlisted("ecs:PaintContainer") is None
    assert entry("ecs:PaintContainer").access_level == "Write"


def test_an_operation_that_a_fetched_reference_maps_has_that_action(tmp_path):
    operations = [{"Name": "PaintContainer", "AuthorizedActions": [{"Name": "RunTask", "Service": "ecs"}]}]
    (tmp_path / "ecs.json").write_text(json.dumps({"Actions": [], "Operations": operations}))
    use_reference(tmp_path)
    assert primary_action("ecs.amazonaws.com", "PaintContainer", {}) == "ecs:RunTask"


def test_no_other_name_became_an_action():
    for name in ("ecs:PaintContaine", "ecs:AdmirePicture", "easel:CreateEasels", "ecs:Paint*", "s3:PaintContainer"):
        assert spelling(name) is None, name
    assert nearest("ecs:PaintContainr") == ("ecs:PaintContainer",)
    assert "ecs:PaintContainer" not in actions_of("ecs")


def test_an_unsigned_operation_has_no_action_and_says_so():
    assert primary_action("ecs.amazonaws.com", "AdmirePicture", {}) is None
    assert decided_without_iam("ecs", "AdmirePicture").startswith("no IAM action decides on ecs:AdmirePicture: its API takes no AWS signature")
    assert decided_without_iam("ecs", "RunTask") is None


def test_the_finding_the_change_and_its_proof_say_that_the_action_is_presumed():
    case = diagnosed(refused("PaintContainer"))
    (finding,) = case.findings
    assert finding.iam_action == "ecs:PaintContainer"
    assert PRESUMED in finding.explanation
    (delta,) = case.deltas
    (statement,) = delta.statements
    assert re.fullmatch(r"PresumedAction[0-9a-f]{8}", statement["Sid"])
    assert statement == {"Sid": statement["Sid"], "Effect": "Allow", "Action": "ecs:PaintContainer", "Resource": "${ResourceArn}"}
    assert delta.proof.sufficient is None
    assert "whether IAM has the presumed action ecs:PaintContainer" in delta.proof.undecided


def test_an_action_that_the_message_names_is_not_presumed():
    case = diagnosed(a_refusal(1, "ecs:PaintContainer", "ecs:PaintContainer", "arn:aws:ecs:eu-west-1:410000000001:container/c"))
    (finding,) = case.findings
    assert "presumed" not in finding.explanation
    (delta,) = case.deltas
    assert "Sid" not in delta.statements[0]
    assert delta.proof.sufficient is True


def test_presumed_actions_stand_apart_from_others_and_each_mark_is_its_own():
    arn = "arn:aws:ecs:eu-west-1:410000000001"
    known = a_refusal(3, "ecs:RunTask", "ecs:RunTask", f"{arn}:task-definition/t:1")
    paint, varnish = refused("PaintContainer", 1), refused("VarnishContainer", 2)
    statements = merge([{"Sid": "PresumedAction", "Effect": "Allow", "Action": name, "Resource": f"{arn}:{name}"} for name in ("ecs:A", "ecs:B")])
    assert len({s["Sid"] for s in statements}) == 2
    (delta,) = diagnosed(paint, varnish, known).deltas
    assert {"Sid" in s: s["Action"] for s in delta.statements} == {False: "ecs:RunTask", True: ["ecs:PaintContainer", "ecs:VarnishContainer"]}


def test_a_refusal_that_iam_does_not_decide_on_names_who_does():
    (finding,) = diagnosed(refused("AdmirePicture")).findings
    assert finding.cause is Cause.UNKNOWN
    assert "No IAM action decides on ecs:AdmirePicture" in finding.explanation


def test_explain_says_what_the_action_rests_on():
    (denial,) = explain_evidence(evidence([refused("PaintContainer")])).denials
    assert denial.iam_action == "ecs:PaintContainer"
    assert PRESUMED in denial.advice


def test_reduce_marks_it_in_the_document_and_in_the_gaps():
    calls = [a_call(1, "ecs:PaintContainer", {}), a_call(2, "ecs:AdmirePicture", {})]
    answer = reduce_evidence(evidence(calls, a_snapshot(allow("ecs:*", "arn:aws:ecs:*:*:container/c"))), role=ROLE)
    (statement,) = answer.statements
    assert statement["Sid"].startswith("PresumedAction")
    assert (statement["Action"], statement["Resource"]) == ("ecs:PaintContainer", "arn:aws:ecs:*:*:container/c")
    assert PRESUMED in answer.gaps
    assert (answer.proof.sufficient, answer.proof.undecided) == (None, ("whether IAM has the presumed action ecs:PaintContainer",))
    assert any("calls of ecs.amazonaws.com:AdmirePicture are not in the document: no IAM action decides on" in gap for gap in answer.gaps)


@pytest.mark.parametrize(
    ("action", "note"), [("ecs:PaintContainer", PRESUMED), ("ecs:PaintContainr", "there is no action ecs:PaintContainr; the nearest: ecs:PaintContainer")]
)
def test_simulate_notes_what_is_presumed_and_what_there_is_not(action, note):
    request = {"principal": ROLE, "action": action, "resource": "*", "policies": {"identity": {"Version": "2012-10-17", "Statement": [allow("ecs:*")]}}}
    (answer,) = simulate_requests(json.dumps(request))
    assert answer["decision"] == "allowed"
    assert answer["notes"] == [note]


def test_the_catalogue_shows_it_as_not_listed():
    def show(*arguments):
        return CliRunner().invoke(catalog_app, ["show", *arguments], catch_exceptions=False)

    assert f"not listed:      {PRESUMED}" in show("ecs:PaintContainer").output
    document = json.loads(show("ecs:PaintContainer", "ecs:RunTask", "-o", "json").output)
    assert [one["unlisted"] for one in document["actions"]] == [PRESUMED, None]
    with pytest.raises(UsageError) as error:
        show("ecs:AdmirePicture")
    assert "takes no AWS signature" in error.value.why
