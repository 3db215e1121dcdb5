"""A bounded run of the fuzzing targets: fixed seeds, so that a failure can be replayed with `python -m bench.fuzz_long TARGET --replay SEED`."""

from __future__ import annotations

import pytest

from bench.fuzz_long import TOO_LONG, run_batch
from fuzz.targets import TARGETS
from tests.sample import EVERY_CASE

INPUTS = {"read": 4_000, "grammar": 6_000, "decide": 6_000, "investigate": 300, "show": 100}


def test_every_target_has_its_run():
    assert INPUTS.keys() == TARGETS.keys()


@pytest.mark.parametrize("target", INPUTS)
def test_no_input_breaks_a_law_or_hangs(target):
    inputs = INPUTS[target] if EVERY_CASE else INPUTS[target] // 4
    batch = run_batch((target, 7_000_000, inputs))
    assert batch.inputs == inputs
    assert not batch.broken
    assert not batch.slow, f"over {TOO_LONG} s"


def test_a_broken_law_is_told_with_its_seed(monkeypatch):
    def breaks(dice):
        if dice.number(0, 9) == 0:
            raise AssertionError("broken on purpose")

    monkeypatch.setitem(TARGETS, "grammar", breaks)
    batch = run_batch(("grammar", 0, 200))
    assert 1 <= len(batch.broken) < 200
    assert "broken on purpose" in batch.broken[0][1]
