"""The case folder guards what was fetched: whole pieces only, changes seen, nothing of a broken one taken for evidence."""

from __future__ import annotations

import json

import pytest

from trailsleuth.api.paths import inquiry_in
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.model import RawInput, Skipped
from trailsleuth.sources.aws.store import Provenance
from trailsleuth.sources.files.case_folder import UNFINISHED, inquiry_of, new_folder, read_case_folder, resume_folder
from trailsleuth.sources.files.kinds import MANIFEST, is_case_folder

PIECE = "iam/111122223333/role-R.json"
ABOUT = Provenance(call="iam:GetRole", account="111122223333")


@pytest.fixture
def case(tmp_path):
    folder = new_folder(tmp_path / "case", version="1.2.3", inquiry={"pipeline": "web"})
    folder.keep(PIECE, b'{"a": 1}\n', ABOUT)
    folder.finish()
    return folder


def test_a_piece_is_read_back_as_it_was_kept(case):
    (piece,) = read_case_folder(case.path)
    assert isinstance(piece, RawInput)
    assert (piece.source, piece.data, piece.path, piece.size) == (PIECE, b'{"a": 1}\n', PIECE, 9)
    assert json.loads((case.path / MANIFEST).read_text())["pieces"][PIECE]["sha256"] == piece.sha256
    assert is_case_folder(case.path)


def test_a_piece_that_was_changed_is_named_and_fetched_anew_by_a_resumed_run(case):
    (case.path / PIECE).write_text('{"a": 2}')
    notes = [piece for piece in read_case_folder(case.path) if isinstance(piece, Skipped)]
    assert [(note.source, "changed since" in note.reason) for note in notes] == [(PIECE, True)]
    assert resume_folder(case.path, version="1.2.3").kept(PIECE) is None


def test_a_piece_that_was_taken_away_is_named(case):
    (case.path / PIECE).unlink()
    (note,) = read_case_folder(case.path)
    assert "not in the case folder any more" in note.reason


def test_a_piece_that_a_kill_left_out_of_the_manifest_is_kept_where_it_is_whole(case):
    (case.path / "iam/111122223333/role-S.json").write_text('{"b": 1}')
    (case.path / "iam/111122223333/role-T.json").write_text('{"b": ')
    (case.path / f"iam/111122223333/role-U.json{UNFINISHED}").write_text("{")
    resumed = resume_folder(case.path, version="1.2.3")
    assert resumed.kept("iam/111122223333/role-S.json") == b'{"b": 1}'
    assert resumed.kept("iam/111122223333/role-T.json") is None
    assert not list(case.path.rglob(f"*{UNFINISHED}"))
    resumed.finish()
    assert "iam/111122223333/role-S.json" in json.loads((case.path / MANIFEST).read_text())["pieces"]


def test_gaps_of_an_earlier_run_are_asked_about_again(case):
    case.keep("gaps/x.json", b'{"why": "no"}', Provenance(call="gap", account=""))
    resumed = resume_folder(case.path, version="1.2.3")
    assert [piece.source for piece in resumed.inputs()] == [PIECE]


@pytest.mark.parametrize("manifest", [None, "", "[]", '{"schema": "other/1"}', '{"schema": "trailsleuth.manifest/1"}'])
def test_a_folder_without_a_manifest_of_ours_is_no_case(tmp_path, manifest):
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest)
    with pytest.raises(EvidenceUnreadable, match="is not a case folder"):
        resume_folder(tmp_path, version="1.2.3")


def test_a_file_in_the_way_of_a_new_folder_is_wrong_usage(tmp_path):
    (tmp_path / "case").write_text("mine")
    with pytest.raises(UsageError):
        new_folder(tmp_path / "case", version="1.2.3", inquiry={})
    with pytest.raises(UsageError, match="cannot write"):
        new_folder(tmp_path / "case" / "below", version="1.2.3", inquiry={})


@pytest.mark.parametrize(
    "asked",
    [
        {"pipeline": 7, "role": ["x"], "since": "yesterday", "until": 5},
        {"pipeline": None, "since": None},
        {"session": "half a pair \ud800"},
        {},
    ],
    ids=["wrong types", "nothing", "half a character", "empty"],
)
def test_an_odd_question_in_a_manifest_is_read_as_far_as_it_is_one(tmp_path, asked):
    new_folder(tmp_path / "case", version="1.2.3", inquiry=asked)
    found = inquiry_of(tmp_path / "case")
    assert (found.pipeline, found.role, found.since, found.until) == (None, None, None, None)
    assert found.session is None or found.session.encode()
    assert inquiry_in([str(tmp_path / "case"), str(tmp_path)]) == found
    assert inquiry_in([str(tmp_path), "-", "s3://bucket"]) is None


def test_two_cases_at_once_are_asked_about_everything(tmp_path):
    for name in ("one", "two"):
        new_folder(tmp_path / name, version="1.2.3", inquiry={"pipeline": name})
    assert inquiry_in([str(tmp_path / "one")]).pipeline == "one"
    assert inquiry_in([str(tmp_path / "one"), str(tmp_path / "two")]) is None
