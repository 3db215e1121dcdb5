"""`trailsleuth fetch`: the evidence of a failed execution as a folder that answers again, offline."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from trailsleuth.api.live import Asked, gather, this_second
from trailsleuth.cli.completion import profiles
from trailsleuth.cli.live_progress import ConsoleProgress
from trailsleuth.cli.options import TableOrJson, parse_window
from trailsleuth.cli.output import write_stdout
from trailsleuth.errors import UsageError
from trailsleuth.model import ENTRIES, Inquiry, RawInput
from trailsleuth.report.sanitize import for_terminal
from trailsleuth.sources.aws.gaps import FOLDER as GAPS
from trailsleuth.sources.aws.sessions import Surroundings
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.files.case_folder import CaseFolder, inquiry_of, resume_folder

SCHEMA = "trailsleuth.fetched/1"


def fetch_command(
    pipeline: Annotated[str | None, typer.Option("--pipeline", metavar="NAME", help="The pipeline that failed.")] = None,
    execution_id: Annotated[str | None, typer.Option("--execution-id", metavar="ID", help="Its execution; the newest failed one if left out.")] = None,
    role: Annotated[str | None, typer.Option("--role", metavar="ARN", help="Another way in: a role.")] = None,
    session: Annotated[str | None, typer.Option("--session", metavar="NAME", help="Another way in: a role session.")] = None,
    access_key: Annotated[str | None, typer.Option("--access-key", metavar="ID", help="Another way in: an access key id.")] = None,
    event_id: Annotated[str | None, typer.Option("--event-id", metavar="ID", help="Another way in: one record.")] = None,
    stack: Annotated[str | None, typer.Option("--stack", metavar="NAME", help="Another way in: a failed CloudFormation stack.")] = None,
    build: Annotated[str | None, typer.Option("--build", metavar="ID", help="Another way in: a failed CodeBuild build, or its project.")] = None,
    deployment: Annotated[str | None, typer.Option("--deployment", metavar="ID", help="Another way in: a failed CodeDeploy deployment.")] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="CLUSTER/ID", help="Another way in: an ECS task that was stopped.")] = None,
    service: Annotated[str | None, typer.Option("--service", metavar="CLUSTER/NAME", help="Another way in: an ECS service in trouble.")] = None,
    function: Annotated[str | None, typer.Option("--function", metavar="NAME", help="Another way in: a Lambda function.")] = None,
    state_machine: Annotated[str | None, typer.Option("--state-machine", metavar="ARN", help="Another way in: a failed Step Functions execution.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="T", help="Start of the time to look at.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="T", help="Its end.")] = None,
    profile: Annotated[
        list[str] | None, typer.Option("--profile", metavar="P", help="An AWS profile, one an account; repeat it.", autocompletion=profiles)
    ] = None,
    assume_role: Annotated[list[str] | None, typer.Option("--assume-role", metavar="ARN", help="A role into a further account; repeat it.")] = None,
    region: Annotated[list[str] | None, typer.Option("--region", metavar="R", help="A region to look in, too; repeat it.")] = None,
    folder: Annotated[Path | None, typer.Option("--to", metavar="FOLDER", help="Where the case goes: a new or empty folder.")] = None,
    resume: Annotated[Path | None, typer.Option("--resume", metavar="FOLDER", help="Resume an interrupted fetch.")] = None,
    wait: Annotated[int, typer.Option("--wait", metavar="MINUTES", min=0, help="Poll that long for records that are still on their way.")] = 0,
    output: Annotated[TableOrJson, typer.Option("--output", "-o", help="table or json: what was fetched.")] = TableOrJson.TABLE,
) -> int:
    """Fetch the evidence of a failed execution into a folder; `trailsleuth diagnose FOLDER` answers from it.

    Exit codes: 0 fetched, 3 fetched without records or parts of the execution, 2 wrong usage, 4 an account is unreachable.
    """
    start, end = parse_window(since, until)
    named = (pipeline, execution_id, role, session, access_key, event_id, stack, build, deployment, task, service, function, state_machine)
    entries: dict[str, Any] = dict(zip(ENTRIES, named, strict=True))
    ways = Ways(profiles=tuple(profile or ()), assume_roles=tuple(assume_role or ()), regions=tuple(region or ()))
    asked = Asked(inquiry=Inquiry(**entries, since=start, until=end), ways=ways, now=this_second())
    case, asked = open_folder(asked, folder=folder, resume=resume)
    progress = ConsoleProgress()
    around = Surroundings(progress=progress)
    gather(asked, case, around=around, wait=timedelta(minutes=wait) if wait else None)
    progress.finish()
    pieces = case.inputs()
    write_stdout(to_json(case.path, pieces) if output is TableOrJson.JSON else to_table(case.path, pieces))
    return 3 if any(json.loads(gap.data)["wanted"] in ("records", "execution") for gap in _gaps(pieces)) else 0


def open_folder(asked: Asked, *, folder: Path | None, resume: Path | None) -> tuple[CaseFolder, Asked]:
    """The case folder to fetch into, and what is asked: in a resumed one what was asked before."""
    if (folder is None) == (resume is None):
        raise UsageError("say where the case goes", next_step="give --to FOLDER for a new one, or --resume FOLDER to resume one")
    if folder is not None:
        return asked.new_folder(folder), asked
    case = resume_folder(resume or Path(), version=version("trailsleuth"))
    return case, _asked_before(case, asked.ways)


def to_json(path: Path, pieces: tuple[RawInput, ...]) -> str:
    """The folder, its pieces and the gaps."""
    document = {"schema": SCHEMA, "folder": str(path), "pieces": [piece.source for piece in pieces], "gaps": [_why(piece) for piece in _gaps(pieces)]}
    return json.dumps(document, indent=2) + "\n"


def to_table(path: Path, pieces: tuple[RawInput, ...]) -> str:
    """What was fetched, what was not, and what to do next."""
    gaps = _gaps(pieces)
    lines = [f"{path}: {len(pieces) - len(gaps)} pieces fetched"]
    lines += [for_terminal(f"gap: {_why(piece)}") for piece in gaps]
    lines.append(f"next: trailsleuth diagnose {path}")
    return "\n".join(lines) + "\n"


def _asked_before(case: CaseFolder, ways: Ways) -> Asked:
    """What the manifest says was asked; profiles given now take the place of those given then."""
    kept = case.inquiry
    then = Ways(profiles=tuple(kept.get("profiles") or ()), assume_roles=tuple(kept.get("assume_roles") or ()), regions=tuple(kept.get("regions") or ()))
    now = Ways(
        profiles=ways.profiles or then.profiles,
        assume_roles=ways.assume_roles or then.assume_roles,
        regions=ways.regions or then.regions,
    )
    frozen = kept.get("now")
    return Asked(inquiry=inquiry_of(case.path), ways=now, now=datetime.fromisoformat(frozen) if isinstance(frozen, str) else this_second())


def _gaps(pieces: tuple[RawInput, ...]) -> list[RawInput]:
    return [piece for piece in pieces if piece.source.startswith(f"{GAPS}/")]


def _why(piece: RawInput) -> str:
    gap = json.loads(piece.data)
    allow = f"; allow {json.dumps(gap['allow'])}" if gap.get("allow") else ""
    place = " ".join(str(gap[name]) for name in ("account", "region") if gap.get(name))
    return f"{place}: {gap['why']}{allow}"
