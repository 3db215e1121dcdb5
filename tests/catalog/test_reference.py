"""The service reference that a user fetched: asked for what the packed catalogue does not know, and fetched with care."""

from __future__ import annotations

import json

import pytest

from trailsleuth.catalog.actions import access_level, nearest, resource_types, spelling, takes_resource
from trailsleuth.catalog.operations import primary_action
from trailsleuth.catalog.reference import use_reference
from trailsleuth.errors import SourceError, UsageError
from trailsleuth.sources.aws.service_reference import HOST, INDEX, default_directory, fetch_service_reference, read_url

DOCUMENT = {
    "Name": "ecs",
    "Actions": [
        {
            "Name": "PaintContainer",
            "ActionConditionKeys": ["aws:TagKeys"],
            "Annotations": {"Properties": {"IsWrite": True}},
            "Resources": [{"Name": "easel"}],
        }
    ],
    "Resources": [{"Name": "easel", "ARNFormats": ["arn:${Partition}:ecs:${Region}:${Account}:easel/${EaselName}"]}],
    "Operations": [{"Name": "BatchPaint", "AuthorizedActions": [{"Name": "PaintContainer", "Service": "ecs"}]}],
}


@pytest.fixture
def fetched(tmp_path):
    (tmp_path / "ecs.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    assert use_reference(tmp_path)
    yield tmp_path
    use_reference(None)


def test_an_action_newer_than_the_packed_catalogue_is_known_where_the_reference_was_fetched(fetched):
    assert spelling("ecs:paintcontainer") == "ecs:PaintContainer"
    assert access_level("ecs:PaintContainer") == "Write"
    assert takes_resource("ecs:PaintContainer") is True
    assert resource_types("ecs:PaintContainer")[0].arn_format.endswith("easel/${EaselName}")
    assert nearest("ecs:PaintContainr") == ("ecs:PaintContainer",)
    assert primary_action("ecs.amazonaws.com", "BatchPaint", {}) == "ecs:PaintContainer"
    assert spelling("ecs:runtask") == "ecs:RunTask"


def test_without_a_fetched_reference_the_packed_catalogue_stands_alone(tmp_path):
    assert not use_reference(tmp_path / "nowhere")
    assert spelling("ecs:PaintContainer") is None
    assert primary_action("ecs.amazonaws.com", "BatchPaint", {}) is None


@pytest.mark.parametrize("broken", ["", "[]", "{", '{"Actions": 3}', '{"Actions": [{}], "Operations": [7]}', "\x00"])
def test_a_broken_file_in_the_cache_is_as_if_it_were_not_there(tmp_path, broken):
    (tmp_path / "ecs.json").write_text(broken, encoding="utf-8")
    use_reference(tmp_path)
    assert spelling("ecs:PaintContainer") is None
    assert spelling("ecs:RunTask") == "ecs:RunTask"
    use_reference(None)


def answers(**bodies):
    index = [{"service": name, "url": f"https://{HOST}/v1/{name}/{name}.json"} for name in bodies]

    def read(url):
        if url == INDEX:
            return json.dumps(index).encode()
        body = bodies[url.rpartition("/")[2].removesuffix(".json")]
        if isinstance(body, Exception):
            raise body
        return body

    return read


def test_an_update_writes_a_file_for_each_service(tmp_path):
    update = fetch_service_reference(tmp_path / "new", read=answers(ecs=json.dumps(DOCUMENT).encode(), s3=b'{"Actions": []}'))
    assert update.written == ("ecs", "s3")
    assert update.skipped == ()
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["ecs.json", "s3.json"]


def test_what_could_not_be_fetched_is_told_and_the_old_file_stays(tmp_path):
    (tmp_path / "s3.json").write_text("old", encoding="utf-8")
    update = fetch_service_reference(tmp_path, read=answers(ecs=json.dumps(DOCUMENT).encode(), s3=b"<html>", sns=OSError("reset"), sqs=b"[]"))
    assert update.written == ("ecs",)
    assert [one.source.rpartition("/")[2] for one in update.skipped] == ["s3.json", "sns.json", "sqs.json"]
    assert (tmp_path / "s3.json").read_text(encoding="utf-8") == "old"
    assert not list(tmp_path.glob(".*"))


def test_only_some_services_are_fetched_where_they_are_named(tmp_path):
    read = answers(ecs=json.dumps(DOCUMENT).encode(), s3=b'{"Actions": []}')
    assert fetch_service_reference(tmp_path, services=["s3"], read=read).written == ("s3",)
    with pytest.raises(UsageError, match="no service nosuch"):
        fetch_service_reference(tmp_path, services=["nosuch"], read=read)


def test_offline_is_said_in_three_lines(tmp_path):
    def read(url):
        raise OSError("Name or service not known")

    with pytest.raises(SourceError, match="cannot reach") as error:
        fetch_service_reference(tmp_path, read=read)
    assert error.value.why == "Name or service not known"
    assert HOST in error.value.next_step


@pytest.mark.parametrize("index", [b"{}", b"[]", b'[{"service": "../../etc", "url": "https://x"}]', b"not json"])
def test_an_index_of_another_form_is_an_error_and_no_path_out_of_the_cache(tmp_path, index):
    with pytest.raises(SourceError):
        fetch_service_reference(tmp_path, read=lambda url: index)
    assert list(tmp_path.iterdir()) == []


def test_nothing_fetched_at_all_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="nothing of the service reference"):
        fetch_service_reference(tmp_path, read=answers(ecs=OSError("reset")))


@pytest.mark.parametrize("url", ["http://servicereference.us-east-1.amazonaws.com/", "file:///etc/passwd", "https://example.com/ecs.json"])
def test_no_other_address_is_read(url):
    with pytest.raises(ValueError, match="not an address"):
        read_url(url)


def test_a_cache_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SourceError, match="cannot write"):
        fetch_service_reference(tmp_path / "file" / "below", read=answers(ecs=b'{"Actions": []}'))


def test_the_cache_directory_follows_the_environment(tmp_path):
    assert default_directory({"TRAILSLEUTH_CACHE": str(tmp_path)}) == tmp_path / "service-reference"
    assert default_directory({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "trailsleuth" / "service-reference"
    assert default_directory({}).name == "service-reference"
