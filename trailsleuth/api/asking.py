"""One call for all that a diagnosis can be made from: exports, trail buckets, engines and live accounts, in any mixture."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module

from msgspec import Struct, field

from trailsleuth.api.cases import load
from trailsleuth.api.diagnosis import Diagnosis
from trailsleuth.model import Inquiry
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.engines.addresses import Settings, is_engine
from trailsleuth.sources.files.kinds import is_trail_bucket
from trailsleuth.sources.progress import Progress, Silent

__all__ = ["Live", "asks_accounts", "diagnose"]


class Live(Struct, frozen=True, kw_only=True):
    """How accounts are asked: by which profiles and roles, how long for records on their way, with which settings of Athena, and who hears each step."""

    ways: Ways = field(default_factory=Ways)
    wait: timedelta | None = None
    settings: Settings = field(default_factory=Settings)
    progress: Progress = field(default_factory=Silent)


def diagnose(paths: Sequence[str], inquiry: Inquiry | None = None, *, live: Live | None = None, stdin: bytes | None = None, prune: bool = False) -> Diagnosis:
    """The answer from everything that is named: files, `s3://` trail buckets, engines, and with `Live(ways=Ways(profiles=("tooling",)))` accounts.

    The accounts are read as far as the question leads; without a path and a profile, but with a way in, it is the account of the ordinary credentials.
    Without any account, bucket or engine this is `load(paths).ask(inquiry)`. `prune`: log files
    outside of the window are not read.
    Raises UsageError where an account has nothing of that name, AccountUnreachable where an account is, EvidenceUnreadable for a path that does not exist.
    """
    asked, through = inquiry or Inquiry(), live or Live()
    if not asks_accounts(paths, through.ways, asked):
        return (load(paths, stdin=stdin, since=asked.since, until=asked.until, prune=True) if prune else load(paths, stdin=stdin)).ask(asked)
    gathering = import_module("trailsleuth.api.gathering")  # an offline run need not wait for it
    return Diagnosis(gathering.gather_and_ask(list(paths), asked, through, stdin=stdin))


def asks_accounts(paths: Sequence[str], ways: Ways, inquiry: Inquiry) -> bool:
    """Whether anything beyond files is to be asked: what is named, or where no evidence is, the account of the ordinary credentials about a way in."""
    if ways.profiles or ways.assume_roles or any(is_trail_bucket(path) or is_engine(path) for path in paths):
        return True
    return not paths and inquiry.names_more_than_the_error
