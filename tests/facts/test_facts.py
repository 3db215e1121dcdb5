"""Facts about things: what shows them, and what does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.trail import START, B, call, evidence, role, session
from trailsleuth.facts import Facts, gather_facts

Json = dict[str, Any]
WHO, OTHER = session(role("Deploy")), session(role("app/Other"), key="ASIA3")
KEY, ELSE = (f"arn:aws:kms:eu-west-1:{B}:key/{digit * 8}-1111-4222-8333-444444444444" for digit in "ab")
QUEUE, TOPIC = f"arn:aws:sqs:eu-west-1:{B}:inbox", f"arn:aws:sns:eu-west-1:{B}:news"


def facts_of(*records: Json) -> Facts:
    return gather_facts(evidence(list(records)))


def key_of(thing: str, *records: Json, second: float = 60) -> str | None:
    found = facts_of(*records).key_of(thing, START + timedelta(seconds=second))
    return found.value if found else None


def made(source: str, name: str, second: float = 10, **fields: Any) -> Json:
    return call(WHO, source, name, second, **fields)


@pytest.mark.parametrize(
    ("thing", "record"),
    [
        (QUEUE, made("sqs", "CreateQueue", request={"queueName": "inbox", "attributes": {"KmsMasterKeyId": KEY}})),
        (
            QUEUE,
            made("sqs", "SetQueueAttributes", request={"queueUrl": f"https://x/{B}/inbox", "attributes": {"KmsMasterKeyId": KEY}}),
        ),
        (TOPIC, made("sns", "SetTopicAttributes", request={"topicArn": TOPIC, "attributeName": "KmsMasterKeyId", "attributeValue": KEY.partition("key/")[2]})),
        (
            f"arn:aws:ec2:eu-west-1:{B}:volume/vol-0123456789abcdef0",
            made("ec2", "CreateVolume", request={"kmsKeyId": KEY}, response={"volumeId": "vol-0123456789abcdef0"}),
        ),
        ("arn:aws:s3:::shelf/a/b.txt", made("s3", "PutBucketEncryption", request={"bucketName": "shelf", "rule": {"KMSMasterKeyID": KEY}})),
        (
            "arn:aws:s3:::shelf/a/b.txt",
            call(OTHER, "kms", "Decrypt", request={"encryptionContext": {"aws:s3:arn": "arn:aws:s3:::shelf"}}, resources=[{"ARN": KEY}]),
        ),
        (f"arn:aws:secretsmanager:eu-west-1:{B}:secret:db-Ab1Cd2", made("secretsmanager", "CreateSecret", request={"name": "db", "kmsKeyId": KEY})),
    ],
)
def test_the_key_of_a_thing_is_what_made_it_or_what_kms_was_told(thing: str, record: Json) -> None:
    expected = None if "CreateSecret" in record["eventName"] else KEY  # its request tells the name, and the suffix only its answer
    assert key_of(thing, record) == expected


def test_a_secret_is_known_by_the_arn_of_the_answer() -> None:
    arn = f"arn:aws:secretsmanager:eu-west-1:{B}:secret:db-Ab1Cd2"
    assert key_of(arn, made("secretsmanager", "CreateSecret", request={"name": "db", "kmsKeyId": KEY}, response={"aRN": arn})) == KEY


def test_the_last_key_before_the_moment_holds_and_of_two_in_one_record_none() -> None:
    first = made("sqs", "CreateQueue", 10, request={"queueName": "inbox", "attributes": {"KmsMasterKeyId": KEY}})
    then = made("sqs", "SetQueueAttributes", 40, request={"queueUrl": "https://x/inbox", "attributes": {"KmsMasterKeyId": ELSE}})
    assert key_of(QUEUE, first, then, second=20) == KEY
    assert key_of(QUEUE, first, then, second=60) == ELSE
    both = made("sqs", "CreateQueue", request={"queueName": "inbox", "attributes": {"KmsMasterKeyId": KEY, "other": ELSE}})
    assert key_of(QUEUE, both) is None


def test_neither_a_failed_write_nor_an_alias_shows_a_key() -> None:
    failed = made("sqs", "CreateQueue", request={"queueName": "inbox", "attributes": {"KmsMasterKeyId": KEY}}, errorCode="QueueNameExists", errorMessage="x")
    alias = made("sqs", "CreateQueue", request={"queueName": "inbox", "attributes": {"KmsMasterKeyId": "alias/shop"}})
    assert key_of(QUEUE, failed) is None
    assert key_of(QUEUE, alias) is None


MISSING: Json = {"errorCode": "AWS.SimpleQueueService.NonExistentQueue", "errorMessage": "The specified queue does not exist."}


def absent(thing: str, *records: Json, second: float = 60) -> bool:
    return facts_of(*records).absent(thing, START + timedelta(seconds=second)) is not None


def test_a_thing_is_absent_by_awss_word_unless_it_was_made_since() -> None:
    asked = call(OTHER, "sqs", "GetQueueUrl", 10, request={"queueName": "inbox"}, **MISSING)
    created = made("sqs", "CreateQueue", 30, request={"queueName": "inbox"})
    assert absent(QUEUE, asked)
    assert not absent(QUEUE, asked, created)
    assert absent(QUEUE, asked, created, second=20)
    assert not absent(f"arn:aws:sqs:eu-west-1:{B}:outbox", asked)


@pytest.mark.parametrize(
    ("thing", "record"),
    [
        (
            "arn:aws:s3:::shelf",
            call(
                OTHER, "s3", "GetBucketPolicy", request={"bucketName": "shelf"}, errorCode="NoSuchBucketPolicy", errorMessage="The bucket policy does not exist"
            ),
        ),
        (
            "arn:aws:s3:::shelf",
            call(
                OTHER, "s3", "GetObject", request={"bucketName": "shelf", "key": "a"}, errorCode="NoSuchKey", errorMessage="The specified key does not exist."
            ),
        ),
        (
            role("Deploy"),
            call(
                OTHER,
                "iam",
                "GetRolePolicy",
                request={"roleName": "Deploy", "policyName": "p"},
                errorCode="NoSuchEntityException",
                errorMessage="The role policy with name p cannot be found.",
            ),
        ),
    ],
)
def test_what_is_missing_of_a_thing_is_not_the_thing(thing: str, record: Json) -> None:
    assert not absent(thing, record)


def test_an_object_of_a_bucket_that_is_not_there_is_not_there() -> None:
    asked = call(OTHER, "s3", "ListObjects", request={"bucketName": "shelf"}, errorCode="NoSuchBucket", errorMessage="The specified bucket does not exist")
    assert absent("arn:aws:s3:::shelf/a", asked)


def test_a_record_takes_its_request_from_a_twin_alone() -> None:
    said: Json = {"errorCode": "AccessDenied", "errorMessage": "no"}
    bare, twin = call(WHO, "sqs", "SendMessage", 10, **said), call(WHO, "sqs", "SendMessage", 14, request={"queueUrl": "q"}, **said)
    facts = facts_of(bare, twin)
    assert facts.siblings.with_request(facts.evidence.records[0]).request == {"queueUrl": "q"}
    for other in (
        call(OTHER, "sqs", "SendMessage", 14, request={"queueUrl": "q"}, **said),
        call(WHO, "sqs", "SendMessage", 40, request={"queueUrl": "q"}, **said),
        call(WHO, "sqs", "SendMessage", 14, request={"queueUrl": "q"}),
    ):
        facts = facts_of(bare, other)
        assert not facts.siblings.with_request(facts.evidence.records[0]).request
    facts = facts_of(bare, twin, call(WHO, "sqs", "SendMessage", 15, request={"queueUrl": "r"}, **said))
    assert not facts.siblings.with_request(facts.evidence.records[0]).request


def test_the_nearest_is_of_the_same_kind_and_the_only_one() -> None:
    def put(name: str) -> Json:
        return made("ssm", "PutParameter", request={"name": name}, event_id=name)

    wanted = f"arn:aws:ssm:eu-west-1:{B}:parameter/TOKEN"
    assert facts_of(put("/shop/TOKEN"), put("/shop/OTHER")).nearest(wanted) == f"arn:aws:ssm:eu-west-1:{B}:parameter/shop/TOKEN"
    assert facts_of(put("/shop/TOKEN"), put("/desk/TOKEN")).nearest(wanted) is None
    assert facts_of(put("/shop/OTHER")).nearest(wanted) is None


def test_changes_are_found_by_what_they_name_before_and_after() -> None:
    first = made("iam", "PutRolePolicy", 10, request={"roleName": "Other", "policyName": "p"})
    then = made("iam", "AttachRolePolicy", 50, request={"roleName": "Other", "policyArn": "arn:aws:iam::aws:policy/X"})
    changes = facts_of(first, then, made("iam", "PutRolePolicy", 20, request={"roleName": "Third"})).changes
    at = START + timedelta(seconds=30)
    before, after = changes.last((role("app/Other"),), at), changes.next((role("app/Other"),), at)
    assert before is not None
    assert before.event_name == "PutRolePolicy"
    assert after is not None
    assert after.event_name == "AttachRolePolicy"
    assert changes.last((role("Deploy"),), at) is None
