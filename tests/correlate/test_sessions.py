"""Role sessions out of records."""

from __future__ import annotations

from tests.trail import A, B, assumed, call, evidence, foreign, role, service, session, unique_id
from trailsleuth.correlate.scope import find_scope
from trailsleuth.correlate.sessions import link_sessions
from trailsleuth.model import Inquiry, Session
from trailsleuth.model.names import role_names

DEPLOY, PIPELINE = role("deploy/Deploy"), role("service-role/Pipeline", A)


def linked(*records: dict) -> tuple[Session, ...]:
    read = evidence(list(records))
    return link_sessions(read.records, role_names(read))


def test_calls_belong_to_the_session_whose_key_was_issued() -> None:
    (found,) = linked(assumed(service("codebuild"), DEPLOY, key="ASIA7", account=B), call(session(DEPLOY, key="ASIA7"), "ecs", "ListClusters"))
    assert found.principal == DEPLOY
    assert found.assumed_by == "codebuild.amazonaws.com"
    assert [c.event_name for c in found.calls] == ["ListClusters"]


def test_two_sessions_opened_in_one_second_under_one_name_do_not_mix() -> None:
    first, second = (assumed(service("ec2"), DEPLOY, key=key, account=B, event_id=key) for key in ("ASIA1", "ASIA2"))
    calls = [call(session(DEPLOY, key=key), "ecs", name) for key, name in (("ASIA1", "ListClusters"), ("ASIA2", "ListServices"))]
    found = {s.access_key_id: [c.event_name for c in s.calls] for s in linked(first, second, *calls)}
    assert found == {"ASIA1": ["ListClusters"], "ASIA2": ["ListServices"]}


def test_without_keys_the_assumed_role_id_and_the_second_of_creation_join() -> None:
    opened = assumed(service("codebuild"), DEPLOY, second=5, account=B)
    opened["responseElements"]["credentials"]["accessKeyId"] = "HIDDEN_DUE_TO_SECURITY_REASONS"
    (found,) = linked(opened, call(session(DEPLOY, key=None, born=5), "ecs", "ListClusters"))
    assert found.opened_by is not None
    assert len(found.calls) == 1


def test_a_call_without_a_key_joins_the_only_session_of_its_principal_and_time() -> None:
    (found,) = linked(call(session(DEPLOY), "ecs", "ListClusters"), call(session(DEPLOY, key=None), "kms", "Decrypt", 11))
    assert [c.event_name for c in found.calls] == ["ListClusters", "Decrypt"]


def test_a_hop_across_accounts_is_one_hop_with_the_caller_s_session_as_parent() -> None:
    caller = session(PIPELINE, "1770112800000", "ASIAP")
    hop = assumed(caller, DEPLOY, key="ASIAD", second=3, account=A, sharedEventID="shared")
    copy = assumed(foreign(f"{unique_id(PIPELINE)}:1770112800000"), DEPLOY, key="ASIAD", second=3, account=B, sharedEventID="shared")
    sessions = {s.access_key_id: s for s in linked(hop, copy, call(session(DEPLOY, key="ASIAD", born=3), "ecs", "ListClusters"))}
    assert sessions["ASIAD"].parent == sessions["ASIAP"].id
    assert sessions["ASIAD"].assumed_by == PIPELINE
    assert sessions["ASIAD"].opened_by is not None
    assert sessions["ASIAD"].opened_by.recipient_account == B


def test_with_the_target_s_copy_alone_the_principal_id_names_the_caller() -> None:
    copy = assumed(foreign(f"{unique_id(PIPELINE)}:17"), DEPLOY, key="ASIAD", account=B)
    (found,) = linked(copy, call(session(DEPLOY, key="ASIAD"), "ecs", "ListClusters"))
    assert found.parent is None
    assert found.assumed_by == f"{unique_id(PIPELINE)}:17"


def test_a_session_that_made_no_call_is_there_all_the_same() -> None:
    (found,) = linked(assumed(service("ecs-tasks"), DEPLOY, key="ASIA9", account=B))
    assert (found.principal, found.calls) == (DEPLOY, ())


def test_chains_of_three_hops_are_followed_to_the_service_that_began_them() -> None:
    middle = role("Middle")
    records = [
        assumed(service("codepipeline"), PIPELINE, "one", "ASIA1", 0, account=A),
        assumed(session(PIPELINE, "one", "ASIA1"), middle, "two", "ASIA2", 1),
        assumed(session(middle, "two", "ASIA2", 1), DEPLOY, "three", "ASIA3", 2),
        call(session(DEPLOY, "three", "ASIA3", 2), "ecs", "ListClusters", errorCode="AccessDenied"),
    ]
    scope = find_scope(evidence(records), Inquiry(role=DEPLOY))
    (chain,) = scope.chains
    assert [hop.role for hop in chain.hops] == [PIPELINE, middle, DEPLOY]
    assert chain.hops[0].assumed_by == "codepipeline.amazonaws.com"
    assert (chain.calls, chain.denied) == (1, 1)


def test_sessions_of_a_user_carry_the_user() -> None:
    user = {"type": "IAMUser", "principalId": "AIDA1", "arn": f"arn:aws:iam::{B}:user/ops", "accountId": B, "accessKeyId": "AKIA1", "userName": "ops"}
    (found,) = linked(call(user, "ecs", "ListClusters"))
    assert (found.principal, found.access_key_id) == (f"arn:aws:iam::{B}:user/ops", "AKIA1")
