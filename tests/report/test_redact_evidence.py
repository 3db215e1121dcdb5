"""Every kind of identifier in every member of a record and of the other evidence: none is left in a redacted bundle."""

from __future__ import annotations

import io
import json
import re
import zipfile
from urllib.parse import quote

import pytest

from bench.redaction import verdicts
from tests.report.test_redact import IDENTIFIERS
from tests.test_cases import CASES
from tests.views.trail import denied, record, records
from trailsleuth.api.bundles import bundle
from trailsleuth.report.redact_words import Words

NAMES = {"short-lived": "c-9", "tag": "Cost Centre 42"}
KEPT_MEMBERS = {
    "eventVersion",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "errorCode",
    "type",
    "category",
    "provider",
    "Effect",
    "Action",
    "Version",
}


def infected(value, text, key=""):
    """The value with the text in place of every text but those that make it evidence."""
    if isinstance(value, dict):
        return {name: infected(member, text, name) for name, member in value.items()}
    if isinstance(value, list):
        return [infected(member, text, key) for member in value]
    return text if isinstance(value, str) and key not in KEPT_MEMBERS else value


def evidence(text):
    policy = {"Version": "2012-10-17", "Statement": [{"Sid": text, "Effect": "Allow", "Action": "s3:*", "Resource": [text], "Principal": {"AWS": text}}]}
    more = {
        "requestParameters": {
            "name": text,
            "policy": json.dumps(policy),
            "url": f"https://s3.eu-west-1.amazonaws.com/{text}",
            "list": [{"deep": {"er": text}}],
        },
        "responseElements": {"document": quote(json.dumps(policy)), "tags": {text: text}, "sessionToken": text},
        "additionalEventData": {"x": text},
        "resources": [{"ARN": text, "accountId": text, "type": "AWS::S3::Object"}],
        "tlsDetails": {"clientProvidedHostHeader": text},
        "vpcEndpointId": text,
    }
    trail = [infected(record(number, who={"type": "IAMUser", "arn": text, "principalId": text, "userName": text}), text) | more for number in (1, 2)]
    snapshot = {
        "RoleDetailList": [{"RoleName": text, "Arn": text, "Path": text, "AssumeRolePolicyDocument": policy, "RolePolicyList": [], "Tags": [{"Key": text}]}]
    }
    pipeline = {"pipeline": {"name": text, "roleArn": text, "stages": [{"name": text, "actions": [{"name": text, "configuration": {"ProjectName": text}}]}]}}
    resource = {"ResourceArn": text, "Policy": json.dumps(policy)}
    return [{"Records": trail}, snapshot, pipeline, resource]


def shared(folder, documents, **more):
    folder.mkdir()
    for number, document in enumerate(documents):
        (folder / f"{number}.json").write_text(json.dumps(document))
    packed = bundle(folder, redact=True, **more)
    with zipfile.ZipFile(io.BytesIO(packed.zipped())) as files:
        return packed, {name: files.read(name).decode() for name in files.namelist()}


@pytest.mark.parametrize("kind", sorted(IDENTIFIERS))
def test_no_identifier_of_this_kind_is_left_in_any_member(tmp_path, kind):
    text, hidden = IDENTIFIERS[kind]
    _, files = shared(tmp_path / "case", evidence(text))
    assert len(files) == 4
    everything = "".join(files.values())
    assert hidden not in everything
    assert hidden not in json.loads(json.dumps(everything)).replace("\\", "")


@pytest.mark.parametrize("kind", sorted(IDENTIFIERS))
def test_none_is_left_in_a_message_alone(tmp_path, kind):
    text, hidden = IDENTIFIERS[kind]
    _, files = shared(tmp_path / "case", [{"Records": [record(1, errorCode="AccessDenied", errorMessage=text)]}])
    assert hidden not in "".join(files.values())


def test_messages_calls_times_and_regions_stay_readable(tmp_path):
    _, files = shared(tmp_path / "case", [{"Records": [denied()]}])
    (found,) = json.loads(files["evidence/0001-records.json"])["Records"]
    kept = ("eventTime", "eventSource", "eventName", "awsRegion", "errorCode", "eventVersion")
    assert {name: found[name] for name in kept} == {name: denied()[name] for name in kept}
    assert re.fullmatch(
        r"User: arn:aws:sts::\d{12}:assumed-role/\w+/\d+ is not authorized to perform: ecs:RegisterTaskDefinition on resource: \*", found["errorMessage"]
    )
    assert found["userIdentity"]["arn"] in found["errorMessage"]


WORDS = "Project Falcon was closed by the Quetzal guardrail, see wiki Xochimilco; Zugriff auf Projekt Adler verweigert"


def test_of_a_message_only_the_words_of_aws_stay(tmp_path):
    refused = {"errorCode": "AccessDenied", "errorMessage": f"User: x is not authorized to perform: s3:GetObject on resource: *. {WORDS}"}
    said = {"errorCode": "ThrottlingException", "errorMessage": "Rate exceeded when calling the GetObject operation"}
    _, files = shared(tmp_path / "case", [{"Records": [record(1, **refused), record(2, eventSource="s3.amazonaws.com", **said)]}])
    first, second = json.loads(files["evidence/0001-records.json"])["Records"]
    assert first["errorMessage"].startswith("User: x is not authorized to perform: s3:GetObject on resource: *. ")
    assert second["errorMessage"] == said["errorMessage"]
    everything = "".join(files.values()).lower()
    assert [word for word in ("falcon", "quetzal", "xochimilco", "adler", "zugriff") if word in everything] == []


def test_names_in_a_message_inside_a_json_text_are_known_from_elsewhere(tmp_path):
    inside = json.dumps({"errorMessage": "the stack hidden-stack is not here"})
    _, files = shared(tmp_path / "case", [{"Records": [record(1, requestParameters={"document": inside, "stackName": "hidden-stack"})]}])
    assert "hidden" not in "".join(files.values())


def test_the_question_is_told_in_the_words_of_the_bundle(tmp_path):
    packed, files = shared(tmp_path / "case", [{"Records": records()}], asked={"role": "arn:aws:iam::444455556666:role/delivery/Deploy", "session": "17726149"})
    assert "444455556666" not in packed.asked["role"]
    assert packed.asked["role"] in "".join(files.values())
    assert packed.asked["session"] in packed.files[0][1].decode()


def test_equal_evidence_gives_equal_bytes_and_without_redaction_the_inputs_themselves(tmp_path):
    first, _ = shared(tmp_path / "one", [{"Records": records()}])
    second, _ = shared(tmp_path / "two", [{"Records": records()}])
    assert first.zipped() == second.zipped()
    assert bundle(tmp_path / "one").files == (("evidence/0001-0.json", json.dumps({"Records": records()}).encode()),)


def test_what_cannot_be_read_stays_a_gap(tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "a.json").write_text('{"Records": [' + json.dumps(record(1)) + ', {"eventVersion": "1.0", "eventNa')
    (folder / "b.json").write_text(json.dumps({"Records": ["text in place of a record"]}))
    packed = bundle(folder, redact=True)
    assert any("Unreadable" in data.decode() or name.endswith("-cut.json") for name, data in packed.files)
    assert "in place" not in "".join(data.decode() for _, data in packed.files)


@pytest.mark.parametrize(
    "name",
    [
        "founding-second-denial", "cp-key-both-sides", "org-scp-tag-required", "sts-oidc-subject-case", "oth-source-ip-deny", "oth-message-cut",
        "oth-encoded-decoded", "s3-endpoint-only-bucket", "oth-wildcard-question-mark", "oth-policy-variable", "oth-resource-case", "dt-athena-results",
        "cp-retry-went-green", "founding-tooling-trail-only", "slr-autoscaling-key",
    ],
)  # fmt: skip
def test_the_verdict_is_the_same(name):
    before, after = verdicts(CASES / name)
    assert after == before


@pytest.fixture
def words():
    return Words({"role", "aws"}, secret=b"s", account=lambda digits: "0" * len(digits))


def test_a_word_is_the_same_wherever_it_stands_and_keeps_its_capitals(words):
    web = words.name("web")
    assert words.name("web-artifacts/web").split("-")[0] == web
    assert words.name("WebRole") == f"{web.capitalize()}Role"
    assert words.name("WEB") == web.upper()
    assert web not in {"web", words.name("artifacts")}


def test_a_pattern_still_matches_what_it_matched(words):
    words.cut_at("arn:aws:s3:::deploy-art*")
    assert words.name("artifacts").startswith(words.name("art"))
    words.cut_at("*facts")
    assert words.name("manufacts").endswith(words.name("facts"))


def test_addresses_keep_their_blocks(words):
    assert words.address("0.0.0.0/0") == "0.0.0.0/0"
    block, inside, outside = words.address("10.1.0.0/16"), words.address("10.1.2.3"), words.address("10.2.2.3")
    assert inside.split(".")[:2] == block.split(".")[:2] != outside.split(".")[:2]
    assert inside != "10.1.2.3"
    assert words.address("2001:db8::/32").endswith("::/32")


@pytest.mark.parametrize(
    ("member", "text", "hidden"),
    [
        ("errorMessage", "Secret wages-master of the tenant could not be read from build-17.corp.fjordbank.example", ("wages", "fjordbank", "corp")),
        ("errorMessage", "Table ledger_2026_emea is locked by worker.north-7", ("ledger", "emea", "north")),
        ("userAgent", "fjord-uploader/3.1 (host north.fjordbank.example; kim)", ("fjord", "north", "kim")),
        ("userAgent", "[aws-cli/2.17.1 os/linux#6.1 lang/python#3.11 app/wages-app]", ("wages",)),
    ],
)
def test_names_that_stand_in_a_message_or_an_agent_alone_get_stand_ins(tmp_path, member, text, hidden):
    _, files = shared(tmp_path / "case", [{"Records": [record(1, errorCode="InvalidRequestException", **{member: text})]}])
    everything = "".join(files.values()).lower()
    assert [word for word in hidden if word in everything] == []


def test_the_words_of_aws_in_messages_and_agents_stay(tmp_path):
    message = "You are not authorized because no identity-based policy allows it, see x-amz-acl and us-east-1 at sts.amazonaws.com (v1.2)"
    agent = "aws-cli/2.17.1 os/linux#6.1 lang/python#3.11"
    _, files = shared(tmp_path / "case", [{"Records": [record(1, errorCode="AccessDenied", errorMessage=message, userAgent=agent)]}])
    (found,) = json.loads(files["evidence/0001-records.json"])["Records"]
    assert (found["errorMessage"], found["userAgent"]) == (message, agent)
