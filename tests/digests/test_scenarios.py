"""Every row of the table of outcomes in docs/reference/verification.md, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.digests.build import BUCKET, HOUR, START, a_trail, check, drop, rewrite, state_of, states
from tests.digests.scenarios import SCENARIOS
from trailsleuth.digests import keys as keys_module
from trailsleuth.model.verification import CheckedFile, Integrity, Verification

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "verification.md"


def counted(files: tuple[CheckedFile, ...]) -> str:
    counts = Counter(file.state for file in files)
    return ", ".join(f"{counts[state]} `{state}`" for state in Integrity if counts[state]) or "none"


def row(title: str, answer: Verification) -> str:
    return f"| {title} | {counted(answer.digests)} | {counted(answer.logs)} | {len(answer.gaps)} | {answer.exit_code} |"


def documented() -> dict[str, str]:
    table = PAGE.read_text(encoding="utf-8").partition("## Scenarios")[2].partition("## Limits")[0]
    return {line.split(" | ")[0].removeprefix("| "): line for line in table.splitlines() if re.fullmatch(r"\| .* \| [0134] \|", line)}


@pytest.mark.parametrize("title", SCENARIOS)
def test_a_scenario_has_the_outcome_that_the_table_says(title, tmp_path):
    answer = SCENARIOS[title](tmp_path)
    assert row(title, answer) == documented().get(title, "not documented")
    assert all(file.reason for file in (*answer.digests, *answer.logs) if file.state is not Integrity.VERIFIED)
    assert all(file.reason is None for file in (*answer.digests, *answer.logs) if file.state is Integrity.VERIFIED)


def test_the_table_has_no_row_without_a_scenario():
    assert set(documented()) == set(SCENARIOS)


def test_without_cryptography_hashes_are_still_compared_and_the_reason_is_told(tmp_path, monkeypatch):
    def absent(*_: object) -> bool:
        raise ImportError("no cryptography")

    monkeypatch.setattr(keys_module, "_fits", absent)
    trail = a_trail(tmp_path)
    answer = check(tmp_path)
    assert set(states(answer.digests)) == set(states(answer.logs)) == {"hash_ok_signature_unknown"}
    assert answer.exit_code == 3
    assert all(keys_module.NO_CRYPTOGRAPHY in (file.reason or "") for file in (*answer.digests, *answer.logs))
    trail.logs[0].write_bytes(b"{}")
    assert state_of(check(tmp_path), trail.logs[0])[0] == "invalid"


def test_the_digest_that_was_changed_is_named_with_the_reason(tmp_path):
    answer = SCENARIOS["a log and the digest that names it were changed"](tmp_path)
    invalid = [file for file in answer.digests if file.state is Integrity.INVALID]
    assert [file.path.rpartition("_")[2] for file in invalid] == ["20260304T113000Z.json.gz"]
    assert "next digest" in (invalid[0].reason or "")


def test_a_deleted_digest_is_named_by_the_path_where_it_should_lie(tmp_path):
    trail = a_trail(tmp_path / "tree", prefix="kept/here")
    path = trail.digests[1].relative_to(tmp_path / "tree").as_posix()
    drop(trail.digests[1])
    missing = [file.path for file in check(tmp_path / "tree").digests if file.state is Integrity.MISSING]
    assert missing == [path]


def test_a_deleted_log_is_named_by_the_path_where_it_should_lie_below_the_root(tmp_path):
    trail = a_trail(tmp_path)
    root = tmp_path / "AWSLogs" / trail.account
    trail.logs[0].unlink()
    missing = [file.path for file in check(root).logs if file.state is Integrity.MISSING]
    assert missing == [trail.logs[0].relative_to(root).as_posix()]


def test_the_gap_of_a_stopped_trail_has_its_times_and_splits_the_coverage(tmp_path):
    answer = SCENARIOS["validation was off for two hours"](tmp_path)
    assert [(gap.start, gap.end) for gap in answer.gaps] == [(START + 2 * HOUR, START + 4 * HOUR)]
    assert [(span.start, span.end) for span in answer.coverage] == [(START, START + 2 * HOUR), (START + 4 * HOUR, START + 5 * HOUR)]


def test_a_chain_that_starts_anew_without_lost_time_is_a_gap_too(tmp_path):
    trail = a_trail(tmp_path, hours=2)
    trail.previous = {}
    trail.deliver()
    answer = check(tmp_path)
    assert [(gap.start, gap.end) for gap in answer.gaps] == [(START + 2 * HOUR, START + 2 * HOUR)]
    assert answer.exit_code == 3


def test_the_answer_does_not_depend_on_where_the_tree_lies(tmp_path):
    a_trail(tmp_path / "one")
    a_trail(tmp_path / "two")
    assert check(tmp_path / "one") == check(tmp_path / "two")


def test_a_tampered_copy_beside_a_good_one_is_found(tmp_path):
    trail = a_trail(tmp_path / "a")
    copy = tmp_path / "b" / trail.logs[0].relative_to(tmp_path / "a")
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"{}")
    answer = check(tmp_path)
    assert {file.path.split("/")[0]: str(file.state) for file in answer.logs if file.path.endswith(copy.name)} == {"a": "verified", "b": "invalid"}


def test_an_unproven_digest_that_contradicts_a_verified_one_is_invalid(tmp_path):
    trail = a_trail(tmp_path, hours=2, sidecars=False)
    trail.deliver(previousDigestHashValue="0" * 64)
    answer = check(tmp_path)
    assert states(answer.digests) == ["verified", "verified", "invalid"]


def test_a_forged_newest_digest_with_a_false_signature_condemns_itself_only(tmp_path):
    trail = a_trail(tmp_path, hours=2)
    newest = trail.deliver(previousDigestSignature="00" * 256)
    newest.with_name(newest.name + ".metadata.json").write_bytes(b'{"Metadata": {"signature": "zz"}}')
    answer = check(tmp_path)
    assert states(answer.digests) == ["verified", "verified", "invalid"]
    assert "hexadecimal" in state_of(answer, newest)[1]


def test_the_false_word_of_an_invalid_digest_does_not_condemn_the_one_before(tmp_path):
    trail = a_trail(tmp_path, hours=2, sidecars=False)
    newest = trail.deliver(previousDigestHashValue="0" * 64, previousDigestSignature="00" * 256)
    newest.with_name(newest.name + ".metadata.json").write_bytes(b'{"Metadata": {"signature": "00"}}')
    assert states(check(tmp_path).digests) == ["verified", "hash_ok_signature_unknown", "invalid"]


def test_an_old_key_is_not_needed_where_a_verified_next_digest_records_the_hash(tmp_path):
    trail = a_trail(tmp_path, hours=2, key="other")
    trail.key = "ours"
    trail.deliver()
    assert states(check(tmp_path).digests) == ["verified"] * 3


def test_a_log_that_two_trails_name_is_judged_by_the_verified_one(tmp_path):
    trail = a_trail(tmp_path, hours=1)
    name = trail.logs[0].relative_to(tmp_path).as_posix()
    trail.key = "other"
    trail.deliver(extra=[{"s3Bucket": BUCKET, "s3Object": name, "hashValue": "0" * 64, "hashAlgorithm": "SHA-256"}])
    assert state_of(check(tmp_path), trail.logs[0]) == ("verified", "")


def test_a_digest_that_claims_another_bucket_is_not_the_one_that_the_next_names(tmp_path):
    trail = a_trail(tmp_path, hours=2, sidecars=False)
    rewrite(trail.digests[0], BUCKET.encode(), b"another-bucket")
    answer = check(tmp_path)
    assert "missing" in [str(file.state) for file in answer.digests if file.path.endswith(trail.digests[0].name)]
    assert answer.exit_code == 1


def test_digests_that_name_each_other_as_predecessor_end(tmp_path):
    trail = a_trail(tmp_path, hours=1)
    trail.deliver()
    first = {"previousDigestS3Bucket": BUCKET, "previousDigestS3Object": trail.previous["previousDigestS3Object"], "previousDigestSignature": "00"}
    trail.now = START
    trail.deliver(**first)
    assert len(check(tmp_path).digests) == 2
