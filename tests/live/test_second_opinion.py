"""AWS's own engine on a proposed change: asked live with the changed policies and the organization's chain; offline the ready command."""

from __future__ import annotations

import json
import shlex
from functools import partial

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from tests.live.full_world import a_full_world
from tests.live.test_authorization_ids import a_world_with_ids
from tests.live.world import ACTION_ROLE, NOW, A, B
from trailsleuth import api
from trailsleuth.api.asking import Live
from trailsleuth.cli.app import main
from trailsleuth.model import Inquiry
from trailsleuth.report import words
from trailsleuth.sources.aws.operations import shipped_policy
from trailsleuth.sources.aws.sessions import Surroundings
from trailsleuth.sources.aws.ways import Ways

WEB = Inquiry(pipeline="web", second_opinion=True)
THROUGH = Live(ways=Ways(profiles=("tooling", "workload")))


@pytest.fixture
def asked(serve, monkeypatch):
    """The answer of a world, asked an hour after its failure."""
    monkeypatch.setattr("trailsleuth.api.gathering.Surroundings", partial(Surroundings, now=lambda: NOW))

    def answer(world, inquiry=WEB):
        aws = serve(world)
        return aws, api.diagnose([], inquiry, live=THROUGH).document()

    return answer


def delta_of(document):
    (delta,) = [one for one in document["deltas"] if one["attach_to"] == ACTION_ROLE and one["policy_type"] == "identity"]
    return delta


def test_a_change_that_awss_engine_confirms_says_so(asked):
    aws, document = asked(a_full_world())
    delta = delta_of(document)
    assert {one["decision"] for one in delta["second_opinion"]} == {"allowed"}
    assert "its policy simulator confirms the change" in words.opinion_text(delta)
    first = aws.accounts[B].simulated[0]
    documents = [value for name, value in first.items() if name.startswith("PolicyInputList.member.")]
    assert any("ecs:RegisterTaskDefinition" in text for text in documents)
    assert first["PermissionsBoundaryPolicyInputList.member.1"]
    assert any(name.startswith("OrderedOrganizationPolicyInputList.member.1.ServiceControlPolicyInputList.member.") for name in first)


def test_a_change_that_it_does_not_confirm_is_claimed_less(asked, monkeypatch):
    monkeypatch.setattr("tests.live.operations._effects", lambda *_: set())
    _, document = asked(a_full_world())
    delta = delta_of(document)
    assert delta["proof"]["sufficient"] is None
    assert "AWS's policy simulator, which says implicitDeny" in delta["proof"]["undecided"]
    assert "does NOT confirm the change" in words.opinion_text(delta)


def test_without_the_permission_the_answer_is_the_same_with_the_reason_and_the_command(asked):
    world = a_full_world()
    for account, kind in ((A, "pipeline"), (B, "target")):
        policy = shipped_policy(kind, minimal=False)
        for statement in policy["Statement"]:
            statement["Action"] = [allowed for allowed in statement["Action"] if allowed != "iam:SimulateCustomPolicy"]
        world.accounts[account].policy = policy
    _, document = asked(world)
    delta = delta_of(document)
    assert {one["decision"] for one in delta["second_opinion"]} == {None}
    assert "not allowed to call iam:SimulateCustomPolicy" in words.opinion_text(delta)
    assert words.opinion_command(delta).startswith("aws iam simulate-custom-policy")


def test_policies_as_aws_evaluated_them_are_sent_along(asked):
    aws, document = asked(a_world_with_ids())
    chosen = [one for one in aws.accounts[B].simulated if "iam:CreateRole" in one.values()]
    assert len({name.split(".")[2] for name in chosen[0] if name.startswith("OrderedOrganizationPolicyInputList.")}) == 2
    assert delta_of(document)["second_opinion"]


def test_nothing_is_asked_where_no_second_opinion_is(asked):
    aws, document = asked(a_full_world(), Inquiry(pipeline="web"))
    assert aws.count("iam:SimulateCustomPolicy") == 0
    assert all("second_opinion" not in delta for delta in document["deltas"])


def test_offline_the_ready_command_is_printed(capsys, tmp_path):
    case = "fixtures/cases/founding-first-snapshot/evidence"
    assert main(["diagnose", case, "--pipeline", "basket", "--second-opinion", "-o", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (first, *_) = next(delta["second_opinion"] for delta in document["deltas"] if "second_opinion" in delta)
    assert first["decision"] is None
    program, service, operation, option, given = shlex.split(first["command"])
    assert (program, service, operation, option) == ("aws", "iam", "simulate-custom-policy", "--cli-input-json")
    parameters = json.loads(given)
    assert parameters["ActionNames"] == [first["iam_action"]]
    assert all(json.loads(text)["Version"] == "2012-10-17" for text in parameters["PolicyInputList"])
    assert main(["diagnose", case, "--pipeline", "basket", "--second-opinion"]) == 0
    assert "aws iam simulate-custom-policy" in capsys.readouterr().out


def test_the_parameters_are_those_of_the_api():
    case = api.load("fixtures/cases/founding-first-snapshot/evidence").diagnose(pipeline="basket", second_opinion=True).case_file
    shape = Session().get_service_model("iam").operation_model("SimulateCustomPolicy").input_shape
    simulations = [one for delta in case.deltas for one in delta.second_opinion]
    assert simulations
    assert [ParamValidator().validate(dict(one.parameters), shape).generate_report() for one in simulations] == [""] * len(simulations)
