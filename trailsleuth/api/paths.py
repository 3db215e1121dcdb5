"""Evidence by its path, whatever it is: a trail bucket, a fetched case, an index, or exported files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trailsleuth.model import Inquiry, RawInput, Skipped
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.files.exports import read_inputs
from trailsleuth.sources.files.kinds import STDIN, is_case, is_index, is_trail_bucket

if TYPE_CHECKING:
    from trailsleuth.sources.aws.sessions import Account, Surroundings
    from trailsleuth.sources.aws.trail_bucket import Wanted


def read_paths(
    paths: Sequence[str],
    *,
    stdin: bytes | None = None,
    ways: Ways | None = None,
    wanted: Wanted | None = None,
    around: Surroundings | None = None,
    opened: Iterable[Account] = (),
) -> Iterator[RawInput | Skipped]:
    """Every input under the paths. A bucket is read through the first of the accounts (opened already, or by `ways`) that may list it, for the
    days and places in `wanted`."""
    accounts = list(opened)
    for path in paths:
        if is_trail_bucket(path):
            from trailsleuth.sources.aws.sessions import Surroundings, open_accounts
            from trailsleuth.sources.aws.trail_bucket import Wanted, can_list, read_trail_bucket

            accounts = accounts or list(open_accounts(ways or Ways(), around or Surroundings()).values())
            reader = next((account for account in accounts if can_list(path, account)), accounts[0])
            yield from read_trail_bucket(path, reader, wanted or Wanted())
        elif is_case(path):
            from trailsleuth.sources.files.case_folder import read_case_folder

            yield from read_case_folder(Path(path))
        elif path != STDIN and is_index(path):
            from trailsleuth.trail_index.inputs import index_inputs

            yield from index_inputs(path)
        else:
            yield from read_inputs([path], stdin=stdin)


def inquiry_in(paths: Iterable[str]) -> Inquiry | None:
    """What the one fetched case among the paths was fetched for; None where there is none, or several."""
    folders = [path for path in paths if is_case(path)]
    if len(folders) != 1:
        return None
    from trailsleuth.sources.files.case_folder import inquiry_of

    return inquiry_of(Path(folders[0]))
