"""An index gives the very document that its sources give."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tests.sample import some_of
from tests.scan.test_equal_to_reading_everything import CASES, ENTRIES, WAYS, compact, some_files
from trailsleuth import api
from trailsleuth.api import cases, views
from trailsleuth.model import Inquiry
from trailsleuth.report.reduction import reduction_document
from trailsleuth.scan import two_passes as scanning
from trailsleuth.scan import units
from trailsleuth.scan.listing import list_evidence
from trailsleuth.trail_index import ask as indexed
from trailsleuth.trail_index import write as index_write
from trailsleuth.trail_index.store import IndexFile

pytest.importorskip("duckdb")


def document(evidence: Path | list[Path], **asked: str) -> str:
    return json.dumps(api.load(evidence if isinstance(evidence, list) else [evidence]).diagnose(**asked).document())


def read_whole(evidence: Path | list[Path], monkeypatch: pytest.MonkeyPatch, **asked: str) -> str:
    """The answer from reading everything."""
    with monkeypatch.context() as patch:
        patch.setattr(cases, "SCAN_FROM", 1 << 60)
        return document(evidence, **asked)


# --- the same answer


@pytest.mark.parametrize("way", some_of(WAYS, 1))
def test_an_index_gives_the_same_document_however_a_file_is_written(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "trail"
    folder.mkdir()
    for number, records in enumerate(some_files(way)):
        (folder / f"{number}.json").write_bytes(WAYS[way](records) if number != 1 else compact(records))
    api.index(folder, tmp_path / "i")
    assert document(tmp_path / "i") == read_whole(folder, monkeypatch)


def test_every_way_in_gives_the_same_document(trail: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [r for path in sorted(trail.iterdir()) for r in json.loads(gzip.decompress(path.read_bytes()))["Records"]]
    refused = next(r for r in records if r.get("errorCode") == "AccessDenied")
    granted = next(r for r in records if not r.get("errorCode"))
    who = refused["userIdentity"]
    entries = [{"role": who["sessionContext"]["sessionIssuer"]["arn"]}, {"access_key": who["accessKeyId"]}, {"session": who["arn"].rpartition("/")[2]}]
    entries += [{"event_id": refused["eventID"]}, {"event_id": granted["eventID"]}, {"error": refused["errorMessage"]}, {}]
    for asked in entries:
        assert document(index, **asked) == read_whole(trail, monkeypatch, **asked), asked


def test_a_reduction_from_an_index_is_that_of_all_its_records(trail: Path, index: Path) -> None:
    records = [r for path in sorted(trail.iterdir()) for r in json.loads(gzip.decompress(path.read_bytes()))["Records"]]
    issuers = {r["userIdentity"].get("sessionContext", {}).get("sessionIssuer", {}).get("arn") for r in records}
    for role in some_of(sorted(filter(None, issuers)), 3):
        found = [json.dumps(reduction_document(api.reduce(path, role=role)), default=str) for path in (index, trail)]
        assert found[0] == found[1], role


def test_an_index_gives_out_the_very_records_that_a_scan_keeps(tmp_path: Path) -> None:
    """Failures and successes of the same calls by the same roles, so that the first success after a refusal counts."""
    folder = tmp_path / "trail"
    folder.mkdir()
    for number, records in enumerate([*some_files("very"), *some_files("records")]):
        (folder / f"{number}.json").write_bytes(compact(records))
    for _ in range(2):  # nothing is remembered from one index to the next
        api.index(folder, tmp_path / "i")
    name = next(iter(api.sessions(folder)["session_name"].dropna()))
    for inquiry in (Inquiry(), Inquiry(error="AccessDenied"), Inquiry(session=name)):
        scanned = scanning.scan_evidence(list_evidence([str(folder)]), inquiry)
        found = indexed.ask_indexes([IndexFile(str(tmp_path / "i"))], list_evidence([]), inquiry)
        assert scanned is not None
        assert found is not None
        held = {r.event_id: bool(r.payload) for r in found.records}
        assert held.keys() >= {r.event_id for r in scanned.records}
        assert all(held[r.event_id] for r in scanned.records if r.payload)


@pytest.mark.parametrize("folder", some_of(sorted(CASES.iterdir()), 12, start=5), ids=lambda folder: folder.name)
def test_a_case_is_diagnosed_alike_from_its_index(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    args = json.loads((folder / "truth.json").read_text())["args"]
    asked = {ENTRIES[name]: value for name, value in zip(args[::2], args[1::2], strict=True)}
    api.index(folder / "evidence", tmp_path / "i")
    for entries in (asked, {}) if asked else ({},):
        assert document(tmp_path / "i", **entries) == read_whole(folder / "evidence", monkeypatch, **entries)


def test_few_rows_at_a_time_change_nothing(trail: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_write, "AT_ONCE", 30)
    api.index(trail, tmp_path / "i")
    assert document(tmp_path / "i") == read_whole(trail, monkeypatch)


def test_copies_of_files_and_records_are_counted_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = some_files("copies")
    folder = tmp_path / "trail"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.json").write_bytes(compact(first))
    (folder / "c.json").write_bytes(compact(second + first[:50]))
    (folder / "d.json").write_bytes(b"[" + compact(third + second[:30])[len(b'{"Records":[') : -1])
    api.index(folder, tmp_path / "i")
    assert document(tmp_path / "i") == read_whole(folder, monkeypatch)
    monkeypatch.setattr(index_write, "MOST_CONTESTED", 3)
    api.index(folder, tmp_path / "i")
    assert document(tmp_path / "i") == read_whole(folder, monkeypatch)


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_file_is_indexed_in_parts_and_offsets_are_true(packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = compact([r for one in some_files("large") for r in one])
    path = tmp_path / "large.json"
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    for module, name in ((units, "WHOLE_UP_TO"), (units, "PART")):
        monkeypatch.setattr(module, name, 60_000)
    monkeypatch.setattr("trailsleuth.scan.quick.PART", 60_000)
    api.index(path, tmp_path / "i")
    assert document(tmp_path / "i") == read_whole(path, monkeypatch)
    told = api.index(tmp_path / "i").sql('SELECT event_id, position, "offset", length FROM records ORDER BY position')
    assert list(told["position"]) == list(range(len(json.loads(data)["Records"])))
    cut = [json.loads(data[start : start + length]) for start, length in zip(told["offset"], told["length"], strict=True)]
    assert [record["eventID"] for record in cut] == list(told["event_id"])


# --- beside other evidence, and for all that reads everything


def test_an_index_stands_beside_other_evidence(trail: Path, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "more.json"
    fresh = some_files("beside")[0]
    old = json.loads(gzip.decompress((trail / "1.json.gz").read_bytes()))["Records"][:40]
    other.write_bytes(compact([*fresh, *old]))
    assert document([index, other]) == read_whole([trail, other], monkeypatch)
    second = tmp_path / "second.duckdb"
    api.index(other, second)
    assert document([second, index]) == read_whole([trail, other], monkeypatch)


def test_all_of_the_evidence_comes_out_of_an_index(trail: Path, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = api.load(trail).evidence
    assert api.load(index).evidence == expected
    assert [r.event_id for r in views.events(str(index))] == [r.event_id for r in views.events(str(trail))]
    trail.rename(tmp_path / "elsewhere")
    found = api.load(index).evidence
    assert found.coverage.inputs == expected.coverage.inputs
    assert [record.event_id for record in found.records] == [record.event_id for record in expected.records]
    whole = {record.event_id: record for record in expected.records}
    assert all(record == whole[record.event_id] for record in found.records if record.denial is not None)
