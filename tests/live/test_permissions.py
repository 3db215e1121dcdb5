"""With exactly the shipped policy everything is answered; each optional permission that is taken away leaves a smaller answer that says so."""

from __future__ import annotations

import json

import pytest

from tests.live.full_world import QUESTIONS, a_full_world
from tests.live.world import A, B
from tests.sample import some_of
from trailsleuth import api
from trailsleuth.report.json import render_json
from trailsleuth.sources.aws.live import settle
from trailsleuth.sources.aws.operations import operations, shipped_policy
from trailsleuth.sources.aws.store import MemoryStore
from trailsleuth.sources.aws.things import entries

# The answers about things have a test of their own (test_things.py).
# The simulator is asked where a second opinion is (test_second_opinion.py).
# Not for the diagnosis: names for the message about an unknown pipeline, the doctor's looks at trails, public keys for `verify`.
ELSEWHERE = {"iam:SimulateCustomPolicy", "codepipeline:ListPipelines", "cloudtrail:DescribeTrails", "cloudtrail:GetEventSelectors", "cloudtrail:ListPublicKeys"}
OF_THINGS = {(entry.service, read.operation) for entry in entries().values() for read in entry.reads if entry.service != "codedeploy"}
OPTIONAL = sorted(
    {
        action
        for (service, name), row in operations().items()
        if row.optional and (service, name) not in OF_THINGS and {"pipeline", "target"} & set(row.accounts)
        for action in row.iam_actions
    }
    - ELSEWHERE
)


WHOLE = {}


def answers(live, questions=QUESTIONS):
    """What the questions are answered, with all pieces behind the answers."""
    documents, pieces = [], {}
    for inquiry in questions:
        store = MemoryStore()
        source, _ = live(store=store)
        case = settle(source, inquiry, lambda found, asked=inquiry: api.load_inputs(found).ask(asked).case_file)
        documents.append(api.Diagnosis(case).document())
        pieces |= {f"{inquiry.pipeline} {piece.source}": piece.data for piece in store.inputs()}
    return documents, pieces


@pytest.fixture
def restrict(serve, live):
    """A full world whose collectors have the shipped policies, without one action."""
    aws = serve(a_full_world())

    def without(action, *, minimal=False, questions=QUESTIONS):
        for account, kind in ((A, "pipeline"), (B, "target")):
            policy = shipped_policy(account=kind, minimal=minimal)
            for statement in policy["Statement"]:
                statement["Action"] = [allowed for allowed in statement["Action"] if allowed != action]
            aws.accounts[account].policy = policy
        return answers(live, questions)

    without.free = lambda: answers(live)
    return without


def test_the_shipped_policy_is_enough_for_the_whole_answer(restrict):
    free, pieces = restrict.free()
    documents, held = restrict(None)
    assert list(map(render_json, documents)) == list(map(render_json, free))
    assert held == pieces
    assert all(document["outcome"] == "cause_found" for document in documents)


def test_the_minimal_policy_finds_the_cause_and_names_what_it_could_not_see(restrict):
    documents, pieces = restrict(None, minimal=True)
    assert not any(name.split()[1].startswith(("iam/", "resource-policies/", "organizations/")) for name in pieces)
    for document in documents:
        assert document["outcome"] == "cause_found"
        assert any(gap.get("allow") for gap in document["coverage"]["gaps"])
        assert all(delta["proof"] is None for delta in document["deltas"])


@pytest.mark.parametrize("action", some_of(OPTIONAL, 3))
def test_without_an_optional_permission_the_answer_is_smaller_and_says_so(restrict, action):
    asked = QUESTIONS[1:] if "User" in action or "Vpc" in action or ("Group" in action.partition(":")[2] and action.startswith("iam:")) else QUESTIONS[:1]
    if asked not in WHOLE:
        WHOLE[asked] = restrict(None, questions=asked)[1]
    whole = WHOLE[asked]
    (document,), pieces = restrict(action, questions=asked)
    marked = [gap for gap in document["coverage"]["gaps"] if action in json.dumps(gap.get("allow") or {})]
    assert marked, action
    assert document["outcome"] == "cause_found"
    assert {name for name in pieces if "gaps/" not in name} <= {name for name in whole if "gaps/" not in name}
    assert {name: data for name, data in pieces.items() if "gaps/" not in name} != {name: data for name, data in whole.items() if "gaps/" not in name}
