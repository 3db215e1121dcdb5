"""What no change of the files may do: turn evidence that does not hold into evidence that does."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.digests.build import Trail, a_trail, check, state_of
from tests.sample import examples
from trailsleuth.digests.inflate import Unsound, content_sha256

EXAMPLES = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Trail:
    return a_trail(tmp_path_factory.mktemp("laws"))


def same_content(one: bytes, other: bytes) -> bool:
    try:
        return content_sha256(one) == content_sha256(other)
    except Unsound:
        return False


@pytest.fixture
def mended(trail: Trail) -> Iterator[list[Path]]:
    yield sorted((*trail.logs, *trail.digests))
    assert check(trail.root).exit_code == 0


@EXAMPLES
@given(number=st.integers(0, 8), place=st.integers(0, 10_000), flip=st.integers(1, 255), content=st.booleans())
def test_no_changed_byte_goes_unseen(trail, mended, number, place, flip, content):
    path = mended[number]
    before = path.read_bytes()
    data = bytearray(gzip.decompress(before) if content else before)
    data[place % len(data)] ^= flip
    changed = gzip.compress(bytes(data)) if content else bytes(data)
    path.write_bytes(changed)
    try:
        answer = check(trail.root)
        state = state_of(answer, path)[0]
        if same_content(before, changed):
            assert (answer.exit_code, state) == (0, "verified")
        elif path in trail.logs:
            assert (answer.exit_code, state) == (1, "invalid")
        else:  # the newest digest may now name a key that nobody has
            assert (answer.exit_code, state) in {(1, "invalid"), (3, "hash_ok_signature_unknown")}
    finally:
        path.write_bytes(before)


@EXAMPLES
@given(number=st.integers(0, 8))
def test_no_deleted_file_goes_unseen(trail, mended, number):
    path = mended[number]
    before = path.read_bytes()
    path.unlink()
    try:
        assert check(trail.root).exit_code in (1, 3)
    finally:
        path.write_bytes(before)


@EXAMPLES
@given(st.permutations(range(9)))
def test_no_file_under_the_name_of_another_is_verified(trail, mended, order):
    before = [path.read_bytes() for path in mended]
    for path, source in zip(mended, order, strict=True):
        path.write_bytes(before[source])
    try:
        answer = check(trail.root)
        good = {path.name for path, source, data in zip(mended, order, before, strict=True) if before[source] == data}
        assert {file.path.rpartition("/")[2] for file in (*answer.digests, *answer.logs) if file.state == "verified"} <= good
    finally:
        for path, data in zip(mended, before, strict=True):
            path.write_bytes(data)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000))
def test_the_answer_does_not_depend_on_the_order_in_which_files_come(trail, seed):
    from trailsleuth.digests import KeyRing, TimeRange, read_digests, verify_tree
    from trailsleuth.sources.files.digest_tree import read_digest_tree

    tree = read_digest_tree(trail.root)
    digests, others = list(tree.digests()), list(tree.others())
    random.Random(seed).shuffle(digests)
    random.Random(seed).shuffle(others)
    shuffled = verify_tree(read_digests(digests), others, keys=KeyRing(), asked=TimeRange())
    assert shuffled == check(trail.root, None)
