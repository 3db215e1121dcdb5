"""`trailsleuth watch`: new denials as they are delivered, a line each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from trailsleuth.api.watch_state import open_state
from trailsleuth.api.watching import Watch
from trailsleuth.cli.options import TableOrJson, parse_time
from trailsleuth.cli.output import write_stdout
from trailsleuth.cli.talk import say
from trailsleuth.report.sanitize import for_terminal
from trailsleuth.sources.aws.sessions import Surroundings, home_regions, open_accounts
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.files.case_folder import CaseFolder, new_folder, resume_folder
from trailsleuth.sources.files.kinds import MANIFEST

STOPPED = 130


def watch_command(
    role: Annotated[list[str] | None, typer.Option("--role", metavar="ARN", help="Only denials of this role: ARN, name or pattern; repeat it.")] = None,
    profile: Annotated[list[str] | None, typer.Option("--profile", metavar="P", help="An AWS profile, one an account; repeat it.")] = None,
    assume_role: Annotated[list[str] | None, typer.Option("--assume-role", metavar="ARN", help="A role into a further account; repeat it.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", metavar="R", help="A region to watch; repeat it.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="Denials from then on; from now on if left out.")] = None,
    state: Annotated[Path | None, typer.Option("--state", metavar="FILE", help="What was reported is kept there; a restarted watch continues from it.")] = None,
    details: Annotated[Path | None, typer.Option("--details", metavar="FOLDER", help="Keep what AWS itself says of a denial there, as evidence.")] = None,
    every: Annotated[int, typer.Option("--every", metavar="SECONDS", min=5, help="How long to wait between two reads.")] = 60,
    once: Annotated[bool, typer.Option("--once", help="Read once and end: 1 where a new denial was found, for CI.")] = False,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table: a line for people; json: a JSON object a line.")] = TableOrJson.TABLE,
) -> int:
    """Say each new denial as CloudTrail delivers it, grouped, reading only. Ctrl-C ends it.

    Exit codes: 0 nothing new (--once), 1 a new denial (--once), 3 a part could not be read (--once), 2 wrong usage, 4 an account is unreachable, 130 stopped.
    """
    around = Surroundings()
    now = around.now().replace(microsecond=0)
    accounts = open_accounts(Ways(profiles=tuple(profile or ()), assume_roles=tuple(assume_role or ()), regions=tuple(region or ())), around)
    kept = open_state(state)
    watch = Watch(
        accounts=accounts,
        regions=home_regions(accounts, tuple(region or ())),
        roles=tuple(role or ()),
        begin=kept.begin_at(parse_time(since, option="--since", now=now) or now),
        state=kept,
        details=_folder(details, now) if details is not None else None,
    )
    places = ", ".join(f"{account} {place}" for account in accounts for place in watch.regions)
    say(f"watching {places} from {watch.begin:%Y-%m-%d %H:%M:%S}Z on; records are delivered within about 15 minutes")
    with _closing(watch):
        return _ended(watch, around, output) if once else _on(watch, around, output, every)


def line_of(group: dict[str, Any]) -> str:
    """A group in one line."""
    resource = f" on {group['resource']}" if group["resource"] else ""
    why = ", ".join(filter(None, [group["policy_type"], f"{group['effect']} deny" if group["effect"] != "unknown" else "", group["error_code"]]))
    last = datetime.fromisoformat(group["last_seen"])
    who = group["principal"] or "an unknown caller"
    place = f"{last:%Y-%m-%d %H:%M:%S}Z {group['account'] or '-'} {group['region']}"
    return for_terminal(f"{place} {group['count']}x {who} {group['iam_action']}{resource} ({why}) {group['event_id']}")


def _on(watch: Watch, around: Surroundings, output: TableOrJson, every: int) -> int:
    """Until somebody stops it. What is reported is in the state already, so that a stop at any moment loses nothing."""
    while True:
        _say(watch, around, output)
        around.sleep(every)


def _ended(watch: Watch, around: Surroundings, output: TableOrJson) -> int:
    found = _say(watch, around, output)
    return 3 if watch.refusals else 1 if found else 0


def _say(watch: Watch, around: Surroundings, output: TableOrJson) -> int:
    count = 0
    for group in watch.read(around.now().replace(microsecond=0)):
        write_stdout(f"{json.dumps(group) if output is TableOrJson.JSON else line_of(group)}\n")
        count += 1
    for refusal in watch.refusals:
        say(f"{refusal.account} {refusal.region} could not be read now ({refusal.code or refusal.why.value}): it is read again")
    return count


@contextmanager
def _closing(watch: Watch) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        then = f"; continue with --state {watch.state.path}" if watch.state.path else ""
        say(f"stopped{then}")
        raise typer.Exit(STOPPED) from None
    finally:
        watch.state.close()


def _folder(path: Path, now: datetime) -> CaseFolder:
    """The folder for what AWS says; one that is there is continued."""
    if (path / MANIFEST).exists():
        return resume_folder(path, version=version("trailsleuth"))
    return new_folder(path, version=version("trailsleuth"), inquiry={"now": now})
