"""Evidence by its path, whatever it is: a trail bucket, a fetched case, or exported files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from trailsleuth.fetch.case_folder import is_case_folder, read_case_folder
from trailsleuth.fetch.exports import STDIN, read_inputs
from trailsleuth.fetch.sessions import Account, Surroundings, Ways, open_accounts
from trailsleuth.fetch.trail_bucket import Wanted, is_trail_bucket, read_trail_bucket
from trailsleuth.model import RawInput, Skipped


def read_paths(
    paths: Sequence[str],
    *,
    stdin: bytes | None = None,
    ways: Ways | None = None,
    wanted: Wanted | None = None,
    around: Surroundings | None = None,
) -> Iterator[RawInput | Skipped]:
    """Every input under the paths. Buckets are read through the first of the profiles, the days and places in `wanted`."""
    account: Account | None = None
    for path in paths:
        if is_trail_bucket(path):
            account = account or next(iter(open_accounts(ways or Ways(), around or Surroundings()).values()))
            yield from read_trail_bucket(path, account, wanted or Wanted())
        elif path != STDIN and is_case_folder(Path(path)):
            yield from read_case_folder(Path(path))
        else:
            yield from read_inputs([path], stdin=stdin)
