"""Profiles, a server and a live source for the tests: nothing outside this machine is reached."""

from __future__ import annotations

import os
from contextlib import ExitStack

import pytest

from tests.live.servers import serving
from tests.live.world import NOW, REGION, TOOLING, WORKLOAD
from trailsleuth.catalog.pipeline_actions import call_places
from trailsleuth.sources.aws.live import open_live
from trailsleuth.sources.aws.pace import Pace
from trailsleuth.sources.aws.sessions import Surroundings
from trailsleuth.sources.aws.ways import Ways

SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLESECRET"


class Heard:
    """A progress listener that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def asked(self, text: str) -> None:
        self.lines.append(f"asking {text}")

    def planned(self, calls: int) -> None:
        pass


@pytest.fixture
def profiles(tmp_path, monkeypatch):
    """Two profiles, tooling and workload, and no other AWS setting."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    config = f"[profile tooling]\nregion = {REGION}\nretry_mode = legacy\nmax_attempts = 1\n[profile workload]\nregion = {REGION}\n"
    keys = "".join(f"[{name}]\naws_access_key_id = {key}\naws_secret_access_key = {SECRET}\n" for name, key in (("tooling", TOOLING), ("workload", WORKLOAD)))
    folder = tmp_path / "aws"
    folder.mkdir()
    (folder / "config").write_text(config)
    (folder / "credentials").write_text(keys)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return folder


@pytest.fixture
def serve(profiles, monkeypatch):
    """Start a server for a world; it stops with the test."""
    with ExitStack() as stack:

        def start(aws):
            stack.enter_context(serving(aws))
            monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
            return aws

        yield start


@pytest.fixture
def live():
    """Open a live source over both profiles; fast unless a pace is asked for."""

    def open_one(*, names=("tooling", "workload"), per_second=1000.0, now=NOW, store=None, regions=(), assume=(), wait=None):
        heard = Heard()
        around = Surroundings(progress=heard, pace=Pace(per_second=per_second), sleep=lambda seconds: None, now=lambda: now)
        source = open_live(Ways(profiles=tuple(names), regions=regions, assume_roles=assume), around=around, places=call_places, store=store, wait=wait)
        return source, heard

    return open_one
