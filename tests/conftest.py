"""Settings for all tests: the cases are built before they are collected, and a run leaves the checkout as it was."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import HealthCheck, settings

from fixtures import build
from tests.checkout import ANSWERS_AT, ROOT, differences, files_of
from tests.sample import examples

# A loaded machine is no failing law: how long an example takes to make is not what the laws are about.
settings.register_profile("patient", max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

BEFORE = pytest.StashKey[dict[str, tuple[int, int]]]()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    """Once for all workers, before any of them collects."""
    if not _is_worker(config):
        build.bring_up_to_date()
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a program that tests start a hundred times is compiled once
        config.stash[BEFORE] = files_of(ROOT)
        os.environ[ANSWERS_AT] = tempfile.mkdtemp(prefix="answers-")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What a test wrote into the checkout fails the run; an edit meanwhile only in CI, where nobody edits."""
    if _is_worker(session.config):
        return
    shutil.rmtree(os.environ.pop(ANSWERS_AT))
    left = differences(session.config.stash[BEFORE], files_of(ROOT), contents="CI" in os.environ)
    if left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.get_terminal_writer().line(f"\nthe tests changed the checkout: {', '.join(left)}", red=True)
