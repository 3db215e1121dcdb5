"""The directory as it is read: no link, no device, nothing dropped in silence."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from tests.digests.build import a_trail, check, state_of
from trailsleuth.errors import AccountUnreachable, EvidenceUnreadable
from trailsleuth.model import RawInput, Skipped
from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.public_keys import list_public_keys
from trailsleuth.sources.files import digest_tree
from trailsleuth.sources.files.digest_tree import read_digest_tree, read_key_file


def test_digests_and_their_metadata_come_apart_from_all_else_in_order(tmp_path):
    trail = a_trail(tmp_path, hours=1)
    tree = read_digest_tree(tmp_path)
    assert [item.source for item in tree.digests()] == [
        trail.digests[0].relative_to(tmp_path).as_posix(),
        trail.digests[0].relative_to(tmp_path).as_posix() + ".metadata.json",
    ]
    assert [item.source for item in tree.others()] == sorted(path.relative_to(tmp_path).as_posix() for path in trail.logs)


def test_links_and_devices_are_named_and_not_followed(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(b"secret")
    root = tmp_path / "tree"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "outside" / "secret")
    (root / "folder").symlink_to(tmp_path / "outside")
    os.mkfifo(root / "pipe")
    tree = read_digest_tree(root)
    assert {item.source: type(item) for item in tree.others()} == {"folder": Skipped, "link": Skipped, "pipe": Skipped}


def test_a_file_that_becomes_a_link_after_the_walk_is_not_followed(tmp_path):
    (tmp_path / "a.json").write_bytes(b"{}")
    tree = read_digest_tree(tmp_path)
    (tmp_path / "a.json").unlink()
    (tmp_path / "a.json").symlink_to("/etc/hostname")
    assert [type(item) for item in tree.others()] == [Skipped]


def test_a_file_over_the_limit_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(digest_tree, "FILE_LIMIT", 3)
    (tmp_path / "a").write_bytes(b"123")
    (tmp_path / "b").write_bytes(b"1234")
    assert [type(item) for item in read_digest_tree(tmp_path).others()] == [RawInput, Skipped]


def test_a_directory_that_is_none_or_empty_is_an_error_with_the_next_step(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "absent", tmp_path / "file", tmp_path / "empty"):
        with pytest.raises(EvidenceUnreadable) as told:
            read_digest_tree(path)
        assert told.value.why
        assert "aws s3 sync" in told.value.next_step
    with pytest.raises(EvidenceUnreadable):
        read_key_file(tmp_path / "absent")


def test_a_linked_digest_is_missing_and_named(tmp_path):
    trail = a_trail(tmp_path / "tree")
    middle = trail.digests[1]
    middle.rename(tmp_path / "elsewhere")
    middle.symlink_to(tmp_path / "elsewhere")
    state, reason = state_of(check(tmp_path / "tree"), middle)
    assert (state, "link" in reason) == ("missing", True)


def test_a_linked_newest_digest_that_no_other_names_is_missing_too(tmp_path):
    trail = a_trail(tmp_path / "tree")
    trail.digests[2].rename(tmp_path / "elsewhere")
    trail.digests[2].symlink_to(tmp_path / "elsewhere")
    answer = check(tmp_path / "tree")
    assert state_of(answer, trail.digests[2])[0] == "missing"
    assert answer.exit_code == 1


def test_other_files_beside_the_logs_are_named_as_skipped(tmp_path):
    a_trail(tmp_path)
    (tmp_path / "README.txt").write_text("notes")
    answer = check(tmp_path)
    assert [item.source for item in answer.skipped] == ["README.txt"]
    assert answer.exit_code == 0


def test_a_log_under_a_made_up_name_is_unreferenced_by_its_content(tmp_path):
    trail = a_trail(tmp_path)
    trail.logs[0].with_name("odd.json").write_bytes(b'{"Records": []}')
    assert [str(file.state) for file in check(tmp_path).logs if file.path.endswith("odd.json")] == ["unreferenced"]


def test_a_digest_under_a_logs_name_is_invalid(tmp_path):
    trail = a_trail(tmp_path)
    (tmp_path / "odd.json.gz").write_bytes(trail.digests[0].read_bytes())
    assert [str(file.state) for file in check(tmp_path).digests if file.path == "odd.json.gz"] == ["invalid"]


class FakeAccount:
    """Stands for an account that answers page by page."""

    id = "111122223333"

    def __init__(self, *pages: object) -> None:
        self.pages, self.asked = list(pages), []

    def ask(self, service: str, operation: str, region: str, **parameters: object) -> object:
        self.asked.append((service, operation, region, parameters.get("NextToken")))
        return self.pages.pop(0)


def test_live_keys_are_asked_page_by_page_in_the_digests_region():
    account = FakeAccount({"PublicKeyList": [{"Fingerprint": "a"}], "NextToken": "t"}, {"PublicKeyList": [{"Fingerprint": "b"}]})
    moment = datetime(2026, 3, 4, tzinfo=UTC)
    assert [key["Fingerprint"] for key in list_public_keys(account, "eu-west-1", start=moment, end=moment)] == ["a", "b"]
    assert account.asked == [("cloudtrail", "ListPublicKeys", "eu-west-1", None), ("cloudtrail", "ListPublicKeys", "eu-west-1", "t")]


def test_a_refused_key_list_says_what_to_allow():
    refusal = Refusal(account="111122223333", region="eu-west-1", service="cloudtrail", operation="ListPublicKeys", why=Why.DENIED, code="AccessDenied")
    moment = datetime(2026, 3, 4, tzinfo=UTC)
    with pytest.raises(AccountUnreachable) as told:
        list(list_public_keys(FakeAccount(refusal), "eu-west-1", start=moment, end=moment))
    assert "cloudtrail:ListPublicKeys" in told.value.next_step
