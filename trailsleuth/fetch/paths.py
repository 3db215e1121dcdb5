"""Evidence by its path, whatever it is: a trail bucket, a fetched case, an index, or exported files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trailsleuth.fetch.case_folder import inquiry_of, is_case_folder, read_case_folder
from trailsleuth.fetch.exports import STDIN, read_inputs
from trailsleuth.fetch.index_format import is_index
from trailsleuth.fetch.index_inputs import index_inputs
from trailsleuth.fetch.sessions import Account, Surroundings, Ways, open_accounts
from trailsleuth.fetch.trail_bucket import Wanted, can_list, is_trail_bucket, read_trail_bucket
from trailsleuth.model import Inquiry, RawInput, Skipped


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
            accounts = accounts or list(open_accounts(ways or Ways(), around or Surroundings()).values())
            reader = next((account for account in accounts if can_list(path, account)), accounts[0])
            yield from read_trail_bucket(path, reader, wanted or Wanted())
        elif _is_case(path):
            yield from read_case_folder(Path(path))
        elif path != STDIN and is_index(path):
            yield from index_inputs(path)
        else:
            yield from read_inputs([path], stdin=stdin)


def is_more_than_files(paths: Iterable[str]) -> bool:
    """Whether a trail bucket or a fetched case is among the paths."""
    return any(is_trail_bucket(path) or _is_case(path) for path in paths)


def inquiry_in(paths: Iterable[str]) -> Inquiry | None:
    """What the one fetched case among the paths was fetched for; None where there is none, or several."""
    folders = [path for path in paths if _is_case(path)]
    return inquiry_of(Path(folders[0])) if len(folders) == 1 else None


def _is_case(path: str) -> bool:
    return path != STDIN and not is_trail_bucket(path) and is_case_folder(Path(path))
