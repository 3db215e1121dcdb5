"""Laws of questions, over the fixture cases: strangers, other doors, other words, less evidence, wrong questions, unknown callers.

A part of the cases in each run; all of them with EVERY_CASE=1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import pytest

from tests.sample import some_of
from tests.test_cases import CASES, OPEN, OPTIONS
from trailsleuth import api
from trailsleuth.catalog.client_words import service_prefix
from trailsleuth.errors import UsageError
from trailsleuth.ingest.error_text import read_error_text
from trailsleuth.model import Inquiry, RawInput, Skipped
from trailsleuth.sources.files.exports import read_inputs

Json = dict[str, Any]
FOLDERS = sorted(CASES.iterdir())
SOME = [folder.name for folder in some_of(FOLDERS, 9)]
WRAPPERS = (
    "The stack storefront-blue failed to deploy: UPDATE_ROLLBACK_COMPLETE",
    "##[error]Bash exited with code '1'.",
    "Waiter ServicesStable failed: Max attempts exceeded",
)
STRANGERS = (
    ("Prowler", "athena.amazonaws.com", "ListWorkGroups", "athena:ListWorkGroups"),
    ("MetricsAgent", "monitoring.amazonaws.com", "PutMetricData", "cloudwatch:PutMetricData"),
    ("HelpDesk", "rds.amazonaws.com", "DescribeDBClusters", "rds:DescribeDBClusters"),
)


@cache
def truth(name: str) -> Json:
    told: Json = json.loads((CASES / name / "truth.json").read_text())
    return told


def asked(name: str) -> dict[str, str]:
    args = truth(name)["args"]
    return {OPTIONS[option]: value for option, value in zip(args[::2], args[1::2], strict=True)}


@cache
def inputs(name: str) -> tuple[RawInput | Skipped, ...]:
    return tuple(read_inputs([str(CASES / name / "evidence")]))


@cache
def case(name: str) -> api.Case:
    return api.load_inputs(inputs(name))


@cache
def bare(name: str) -> Json:
    return case(name).diagnose().document()


def causes(document: Json, *, group: int = 1) -> list[Json]:
    return [f for f in document["findings"] if f["standing"] in ("cause", "also_needed") and f["group"] == group]


def claim(finding: Json) -> tuple[Any, ...]:
    return tuple(finding[key] if not isinstance(finding[key], list) else tuple(finding[key]) for key in ("principal", "iam_action", "resource", "cause"))


def first_claim(document: Json) -> tuple[Any, ...] | None:
    found = [f for f in causes(document) if f["standing"] == "cause"]
    return claim(found[0]) if found else None


def stranger_records(name: str, strangers: tuple[tuple[str, str, str, str], ...] = STRANGERS, *, made_by: str | None = None) -> RawInput:
    """Denials of roles that have nothing to do with the case, in its account and last minute. `made_by`: a service called with their rights."""
    last = max(case(name).evidence.records, key=lambda r: r.event_time)
    records = []
    for number, (role, source, event, action) in enumerate(strangers):
        arn = f"arn:aws:sts::{last.account}:assumed-role/{role}/{number}"
        issuer = {"type": "Role", "arn": f"arn:aws:iam::{last.account}:role/{role}", "principalId": f"AROALAWSTRANGER0000{number}", "accountId": last.account}
        identity = {"type": "AssumedRole", "principalId": f"{issuer['principalId']}:{number}", "arn": arn, "accountId": last.account}
        identity |= {"accessKeyId": f"ASIALAWSTRANGER0000{number}", "sessionContext": {"sessionIssuer": issuer}} | ({"invokedBy": made_by} if made_by else {})
        records.append(
            {
                "eventVersion": "1.11",
                "eventID": f"77777777-0000-4000-{8001 if made_by else 8000}-{number:012d}",
                "eventTime": last.event_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "eventSource": source,
                "eventName": event,
                "awsRegion": last.region,
                "userIdentity": identity,
                "requestParameters": None,
                "responseElements": None,
                "errorCode": "AccessDenied",
                "errorMessage": f"User: {arn} is not authorized to perform: {action} because no identity-based policy allows the {action} action",
                "recipientAccountId": last.account,
            }
        )
    return RawInput(source="strangers.json", data=json.dumps({"Records": records}).encode())


@cache
def with_strangers(name: str) -> api.Case:
    return api.load_inputs([*inputs(name), stranger_records(name)])


WITH_RECORDS = [name for name in SOME if any(b'"eventTime"' in piece.data for piece in inputs(name) if isinstance(piece, RawInput))]
CAUSED = [name for name in WITH_RECORDS if truth(name)["outcome"] == "cause_found"]
SHOWN = [name for name in CAUSED if all(cause["basis"] == "observed" for cause in truth(name)["causes"])]  # else no denied record tells of it


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_strangers_change_neither_causes_nor_changes_of_a_question(name: str) -> None:
    if not asked(name):
        pytest.skip("the case asks about nobody")
    alone, beside = (one.diagnose(**asked(name)).document() for one in (case(name), with_strangers(name)))
    if causes(alone) or beside["outcome"] != "inconclusive":  # where nothing is known, who was denied at all is told, without a change
        assert [claim(f) for f in causes(beside)] == [claim(f) for f in causes(alone)]
    assert beside["deltas"] == alone["deltas"]
    assert beside["outcome"] == alone["outcome"]


def services_of(text: str) -> list[str]:
    """The services that the text comes from or speaks of."""
    said = read_error_text(text)
    spoken = {f"{prefix}.amazonaws.com" for word in said.words if word[:1].isupper() and (prefix := service_prefix(word))}
    return sorted(spoken | ({f"{said.opaque.service}.amazonaws.com", *said.opaque.sources} if said.opaque else set()))


BY_TEXT = [folder.name for folder in FOLDERS if asked(folder.name).keys() == {"error"}]


@pytest.mark.parametrize("name", some_of(BY_TEXT, 4))
def test_strangers_of_the_services_that_a_text_speaks_of_change_nothing(name: str) -> None:
    if not case(name).evidence.records or not bare(name)["findings"]:
        pytest.skip("no denial but a stranger's could be meant")
    sources = services_of(asked(name)["error"])
    called = tuple((f"Wanderer{n}", source, "UpdateThing", f"{source.partition('.')[0]}:UpdateThing") for n, source in enumerate(sources))
    behind = (("Wanderer", "dynamodb.amazonaws.com", "DeleteTable", "dynamodb:DeleteTable"),)
    strangers = [stranger_records(name, called), *(stranger_records(name, behind, made_by=source) for source in sources[:1])]
    beside = api.load_inputs([*inputs(name), *strangers]).diagnose(**asked(name)).document()
    assert beside["deltas"] == case(name).diagnose(**asked(name)).document()["deltas"]


@pytest.mark.parametrize("name", SHOWN)
def test_strangers_leave_the_first_cause_where_nobody_is_named(name: str) -> None:
    if first_claim(bare(name))[0] not in {cause["principal"] for cause in truth(name)["causes"]}:
        pytest.skip("a stranger's denial is all that is found without a question")
    if any("outside" in warning for delta in bare(name)["deltas"] for warning in delta["warnings"]):
        pytest.skip("an outsider comes behind the evidence's own principals")
    beside = with_strangers(name).diagnose().document()
    assert first_claim(beside) == first_claim(bare(name))
    assert beside["deltas"] == bare(name)["deltas"]


def test_the_true_principal_s_chain_comes_first_where_nothing_is_asked() -> None:
    first = [any(f["principal"] == c["principal"] or c["principal"] is None for c in truth(n)["causes"] for f in causes(bare(n))) for n in SHOWN]
    assert sum(first) >= 0.9 * len(first)


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_only_the_first_chain_gets_a_change_and_each_other_the_option_that_asks(name: str) -> None:
    document = bare(name)
    first = {f["id"] for f in document["findings"] if f["group"] == 1}
    assert all(first.issuperset(delta["finding_ids"]) for delta in document["deltas"])
    assert all(f["advice"] for f in document["findings"] if f["group"] > 1 and f["standing"] == "cause")


def doors(finding: Json, evidence: api.Case) -> Iterator[Json]:
    """Every way to the first record of a finding."""
    cited = finding["evidence"][0]
    record = next(r for r in evidence.evidence.records if r.event_id == cited["event_id"] and r.account == cited["account"])
    yield {"event_id": record.event_id}
    if record.identity.access_key_id:
        yield {"access_key": record.identity.access_key_id}
    if record.identity.issuer is not None and record.identity.issuer.arn == finding["principal"]:
        yield {"role": finding["principal"]}
        yield {"role": record.identity.arn}
    if record.error_message and "arn:" in record.error_message:
        yield {"error": record.error_message}


@pytest.mark.parametrize("name", CAUSED)
def test_every_door_leads_to_the_same_denial(name: str) -> None:
    observed = [f for f in causes(bare(name)) if f["standing"] == "cause" and f["basis"] == "observed" and f["evidence"] and f["iam_action"]]
    shown = {r.event_id for r in case(name).evidence.records}
    for finding in [f for f in observed if f["evidence"][0]["event_id"] in shown][:1]:
        for door in doors(finding, case(name)):
            found = causes(case(name).diagnose(**door).document())
            assert finding["iam_action"] in [f["iam_action"] for f in found], door
            assert finding["principal"] in [f["principal"] for f in found], door


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_a_text_that_says_nothing_leaves_what_no_text_would(name: str) -> None:
    for text in WRAPPERS:
        document = case(name).diagnose(error=text).document()
        assert first_claim(document) == first_claim(bare(name)), text
        assert {claim(f) for f in document["findings"]} == {claim(f) for f in bare(name)["findings"]}, text
        assert document["deltas"] == bare(name)["deltas"], text
        assert document["outcome"] != "no_denial_found" or not any(f["standing"] == "cause" for f in document["findings"]), text


WRONG = (
    Inquiry(event_id="00000000-aaaa-4bbb-8ccc-000000000000"),
    Inquiry(session="no-such-session"),
    Inquiry(access_key="ASIANOSUCHKEY0000000"),
    Inquiry(role="NoSuchRoleAnywhere"),
    Inquiry(since=datetime(2031, 1, 1, tzinfo=UTC)),
)


@pytest.mark.parametrize("name", SHOWN)
def test_a_window_that_ends_before_the_denial_is_no_proof_that_there_was_none(name: str) -> None:
    denied = min((r.event_time for r in case(name).evidence.records if r.denial), default=None)
    if denied is None:
        pytest.skip("no record of a denial")
    document = case(name).diagnose(until=denied - timedelta(seconds=1)).document()
    assert document["outcome"] != "no_denial_found"
    assert document["questions"] or document["outcome"] == "cause_found"


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_a_text_is_no_proof_that_nothing_was_denied(name: str) -> None:
    """Something failed where a text was seen; where nothing of it is recorded, the records that would tell are asked for."""
    records = [r.payload for r in case(name).evidence.records if not r.failed]
    for text in WRAPPERS if records else ():
        document = api.load_inputs([RawInput(source="answered.json", data=json.dumps({"Records": records}).encode())]).diagnose(error=text).document()
        assert (document["outcome"], document["deltas"]) == ("inconclusive", []), text
        assert document["questions"], text


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_a_wrong_question_gets_no_verdict(name: str) -> None:
    for wrong in WRONG:
        answer = case(name).ask(wrong)
        document = answer.document()
        assert answer.exit_code == 3, wrong
        assert (document["deltas"], causes(document)) == ([], []), wrong
        assert document["questions"], wrong


def told_by_truth(name: str, finding: Json) -> bool:
    """The truth names the action, as a cause or as what may stand beside it."""
    known = [a for c in truth(name)["causes"] for a in (c["iam_action"], *c.get("or_actions", ())) if a] + truth(name)["also_ok"]
    return any(fnmatchcase(finding["iam_action"].lower(), action.lower()) for action in known)


LESS_TELLS_ANOTHER = {
    "cp-older-execution": "without its own executions a pipeline's older failure is the last that the evidence knows",
    "cp-two-pipelines-one-role": "without its executions nothing tells the pipeline's sessions from those of the other one with the same role",
    "fourthly-images-behind-an-endpoint": "the file of the Region with the denials is gone, and all other files are whole",
    "founding-aws-managed-policy": "without the snapshot nothing tells that the role may pass roles already",
    "s3-default-key-cross-account": "that the key is AWS's own stands in its policy alone; AWS names the denied action and the key",
    "noise-success-elsewhere": "the file with the denial is gone, and all other files are whole",
    "oth-no-question": "without its file the other denied chain is what is left, and nothing was asked",
    "thirdly-partner-upload-session": "AWS names the denied action; the session policy of the transfer stands in the snapshot alone",
    "thirdly-site-under-key": "AWS names the denied action; that the bucket's policy admits it, and the key does not, stands in the policies alone",
    "eleventh-queue-under-amazons-key": "AWS names the denied action; that the key is AWS's own stands in its policy alone",
    "fourth-bootstrap-on-instance": "the file with the denial is gone, and all other files are whole",
    "third-batch-before-its-policy": "AWS names the denied action; that its policy came a moment later stands in the snapshot's dates alone",
    "thirdly-assignment-in-management": "AWS names the denied action; that the caller may do it already stands in the snapshot alone",
    "things-role-under-a-path": "AWS names the denied action; that the role has a path stands in the snapshot alone",
}


@pytest.mark.parametrize("name", SOME)
def test_with_a_file_less_nothing_else_is_the_cause_and_nothing_is_said_to_be_denied_to_nobody(name: str) -> None:
    """What is named may be vaguer or missing then; it is never another cause, and never the verdict that there was none."""
    if name in LESS_TELLS_ANOTHER or name in OPEN:
        pytest.skip(LESS_TELLS_ANOTHER.get(name, "an open case"))
    for left in inputs(name) if len(inputs(name)) > 1 else ():
        document = api.load_inputs([piece for piece in inputs(name) if piece is not left]).diagnose(**asked(name)).document()
        named = [f for f in causes(document) if f["iam_action"] and f["group"] == 1 and f["cause"] not in ("unknown", "no_policy_fix", "not_a_permission")]
        assert document["outcome"] != "no_denial_found" or truth(name)["outcome"] == "no_denial_found", left.source
        if document["outcome"] == "cause_found":
            assert [f["iam_action"] for f in named if not told_by_truth(name, f)] == [], left.source


@pytest.mark.parametrize("name", WITH_RECORDS)
def test_what_unknown_callers_did_never_recovers(name: str) -> None:
    """Every caller is taken out of the records: nobody is known to have tried again."""
    records = [{**r.payload, "userIdentity": {"type": "Unknown"}, "responseElements": None} for r in case(name).evidence.records]
    document = api.load_inputs([RawInput(source="nobody.json", data=json.dumps({"Records": records}).encode())]).diagnose().document()
    assert [f for f in document["findings"] if f["standing"] == "recovered"] == []


def test_an_empty_name_is_no_question_about_everything() -> None:
    for name in ("pipeline", "execution_id", "role", "session", "access_key", "event_id", "stack"):
        with pytest.raises(UsageError, match="is empty"):
            case(SOME[0]).diagnose(**{name: " "})


def test_a_record_that_is_not_there_gets_the_nearest_denied_ones() -> None:
    name = next(name for name in CAUSED if any(r.denial for r in case(name).evidence.records))
    there = next(r.event_id for r in case(name).evidence.records if r.denial)
    document = case(name).diagnose(event_id=there[:-1]).document()
    assert document["outcome"] == "inconclusive"
    assert there in document["questions"][0]["because"]
