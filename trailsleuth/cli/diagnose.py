"""`trailsleuth diagnose`: evidence in, the cause and the policy change out."""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from trailsleuth import api
from trailsleuth.api.asking import Live, asks_accounts
from trailsleuth.cli.completion import pipelines, profiles
from trailsleuth.cli.options import FailOn, FixFormat, OutputFormat, exit_code_of, parse_window, terminal_context, version_for
from trailsleuth.cli.output import check_output_file, write_answer
from trailsleuth.cli.policy_files import check_policy_files, read_patches
from trailsleuth.cli.talk import mention, say
from trailsleuth.errors import EvidenceUnreadable, UsageError
from trailsleuth.model import FIRST, CaseFile, Inquiry
from trailsleuth.report import words
from trailsleuth.report.context import Document, RenderContext
from trailsleuth.report.document import case_document, coverage_document
from trailsleuth.report.fix import render_fix
from trailsleuth.report.formats import render
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.engines.addresses import Settings

STDIN = "-"
_EXPORT_COMMAND = "aws cloudtrail lookup-events --region REGION --start-time 2026-03-04T09:00:00Z --output json > account.json"


def diagnose_command(
    evidence: Annotated[
        list[str] | None,
        typer.Argument(help="Exported files, directories, archives; a fetched case; s3://BUCKET/PREFIX; an engine; - for stdin.", show_default=False),
    ] = None,
    pipeline: Annotated[
        str | None, typer.Option(help="The CodePipeline whose newest failed execution is asked about.", metavar="NAME", autocompletion=pipelines)
    ] = None,
    execution_id: Annotated[str | None, typer.Option(help="This execution instead of the newest failed one.", metavar="ID")] = None,
    role: Annotated[str | None, typer.Option(help="Ask about a role.", metavar="ARN")] = None,
    session: Annotated[str | None, typer.Option(help="Ask about a role session by its name.", metavar="NAME")] = None,
    access_key: Annotated[str | None, typer.Option(help="Ask about a credential by its access key id.", metavar="ID")] = None,
    event_id: Annotated[str | None, typer.Option(help="Ask about one record.", metavar="ID")] = None,
    stack: Annotated[str | None, typer.Option(help="Ask about a failed CloudFormation stack.", metavar="NAME")] = None,
    build: Annotated[str | None, typer.Option(help="Ask about a failed CodeBuild build, by its id or its project.", metavar="ID")] = None,
    deployment: Annotated[str | None, typer.Option(help="Ask about a failed CodeDeploy deployment.", metavar="ID")] = None,
    task: Annotated[str | None, typer.Option(help="Ask about an ECS task that was stopped.", metavar="CLUSTER/ID")] = None,
    service: Annotated[str | None, typer.Option(help="Ask about an ECS service in trouble.", metavar="CLUSTER/NAME")] = None,
    function: Annotated[str | None, typer.Option(help="Ask about a Lambda function and the calls of its role.", metavar="NAME")] = None,
    state_machine: Annotated[str | None, typer.Option(help="Ask about a failed Step Functions execution.", metavar="ARN")] = None,
    error: Annotated[str | None, typer.Option(help="The message as you saw it; - reads it from stdin.", metavar="TEXT")] = None,
    since: Annotated[str | None, typer.Option(help="Start: ISO 8601, or 2h, 3d before now.", metavar="TIME")] = None,
    until: Annotated[str | None, typer.Option(help="End, likewise.", metavar="TIME")] = None,
    prune: Annotated[bool, typer.Option("--prune", help="Do not read log files whose names lie outside the window, with a margin.")] = False,
    profile: Annotated[
        list[str] | None, typer.Option(help="Live: an AWS profile, one an account. Repeatable.", metavar="NAME", autocompletion=profiles)
    ] = None,
    assume_role: Annotated[list[str] | None, typer.Option(help="Live: a role into a further account. Repeatable.", metavar="ARN")] = None,
    region: Annotated[list[str] | None, typer.Option(help="Live: a region. Repeatable.", metavar="NAME")] = None,
    athena_output: Annotated[
        str | None,
        typer.Option(help="athena://: where Athena writes its results, if the workgroup does not say.", metavar="S3_URL", envvar="TRAILSLEUTH_ATHENA_OUTPUT"),
    ] = None,
    athena_workgroup: Annotated[
        str | None, typer.Option(help="athena://: the workgroup, if not the primary one.", metavar="NAME", envvar="TRAILSLEUTH_ATHENA_WORKGROUP")
    ] = None,
    wait: Annotated[int, typer.Option(help="Live: poll that long for records that are still on their way.", metavar="MINUTES", min=0)] = 0,
    output: Annotated[OutputFormat, typer.Option("--output", "-o", help="How to show the answer.")] = OutputFormat.TABLE,
    fix: Annotated[FixFormat | None, typer.Option(help="Only the policy change, in the language of your tool.")] = None,
    policy_file: Annotated[list[Path] | None, typer.Option(help="The source of the policy to change: shows it patched.", metavar="PATH")] = None,
    attached_to: Annotated[str | None, typer.Option(help="What that policy is attached to, where it is not clear.", metavar="ARN")] = None,
    output_file: Annotated[Path | None, typer.Option(help="Write there instead of stdout, whole or not at all.", metavar="PATH")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the output file.")] = False,
    redact_names: Annotated[bool, typer.Option("--redact", help="Replace account ids, keys, names and addresses, so that it can be shared.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Mark findings whose records no CloudTrail digest proves.")] = False,
    keys: Annotated[Path | None, typer.Option("--keys", help="With --verify: saved output of `aws cloudtrail list-public-keys`.", metavar="FILE")] = None,
    fail_on: Annotated[
        FailOn | None, typer.Option(help="For CI: fail on a cause (1), or if inconclusive too (3); any other answer is 0.", show_default=False)
    ] = None,
    second_opinion: Annotated[
        bool, typer.Option("--second-opinion", help="Ask AWS's policy simulator about each change, live; offline, print the command that does.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Work out every finding, those of other principals and executions too.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", help="Where nothing is asked: work out so many kinds of denials, and count the others.", metavar="N", min=1)
    ] = FIRST,
) -> None:
    """Find why access was denied, and the policy change that fixes it.

    Exit codes: 0 a cause was found, 1 nothing was denied, 2 wrong usage, 3 inconclusive, 4 evidence unreadable or an account unreachable, 130 interrupted.
    With --fail-on: 1 a cause was found, 3 inconclusive (where that fails), 0 any other answer; 2, 4 and 130 as ever.
    """
    paths = list(evidence or [])
    ways = Ways(profiles=tuple(profile or ()), assume_roles=tuple(assume_role or ()), regions=tuple(region or ()))
    if keys is not None and not verify:
        raise UsageError("--keys is for --verify", next_step="add --verify, or leave out --keys")
    files = list(policy_file or [])
    check_policy_files(files, attached_to, output, redacted=redact_names)
    check_output_file(output_file, force=force, inputs=(*paths, *files, *((keys,) if keys else ())))
    start, end = parse_window(since, until)
    inquiry = Inquiry(
        pipeline=pipeline,
        execution_id=execution_id,
        role=role,
        session=session,
        access_key=access_key,
        event_id=event_id,
        stack=stack,
        build=build,
        deployment=deployment,
        task=task,
        service=service,
        function=function,
        state_machine=state_machine,
        error=error,
        since=start,
        until=end,
        everything=everything,
        limit=limit,
        second_opinion=second_opinion,
    )
    asks = asks_accounts(paths, ways, inquiry)
    _check(paths, ways, wait, error=error, asks=asks)
    _check_prune(prune, start or end, asks_accounts=asks)
    if error == STDIN:
        inquiry = replace(inquiry, error=_stdin().decode(errors="replace"))
    begun = time.perf_counter()
    live = Live(ways=ways, wait=timedelta(minutes=wait) if wait else None, settings=Settings(output=athena_output or "", workgroup=athena_workgroup or ""))
    found = _diagnosis(paths, inquiry, live, prune=prune)
    mention(f"{words.coverage_line(coverage_document(found.case_file.coverage))}; {time.perf_counter() - begun:.1f} s")
    check_evidence(found.case_file, paths)
    if verify:
        found = _verified(found, paths, inquiry, keys, profile=next(iter(ways.profiles), None))
    document = _redacted(case_document(found.case_file)) if redact_names else case_document(found.case_file)
    context = RenderContext() if output_file is not None else terminal_context()
    context = replace(context, version=version_for(output), everything=everything, patches=read_patches(document, files, attached_to))
    write_answer(render_fix(document, fix.value) if fix is not None else render(document, output.value, context), output_file, force=force)
    raise typer.Exit(exit_code_of(found.exit_code, fail_on))


def _redacted(document: Document) -> Document:
    from trailsleuth.report.redact import redact

    return redact(document)


def _diagnosis(paths: list[str], inquiry: Inquiry, live: Live, *, prune: bool) -> api.Diagnosis:
    stdin = _stdin() if STDIN in paths else None
    if not asks_accounts(paths, live.ways, inquiry):
        return api.diagnose(paths, inquiry, stdin=stdin, prune=prune)
    from trailsleuth.cli.live_progress import ConsoleProgress  # an offline run says no steps

    progress = ConsoleProgress()
    try:
        return api.diagnose(paths, inquiry, live=replace(live, progress=progress), stdin=stdin)
    finally:
        progress.finish()


def _verified(found: api.Diagnosis, paths: list[str], inquiry: Inquiry, keys: Path | None, *, profile: str | None) -> api.Diagnosis:
    """The same answer, with what no digest proves marked; a profile is asked for the public keys where none are saved."""
    saved = None if keys is None else str(keys)
    return api.Diagnosis(api.mark_unverified(found.case_file, paths, inquiry=inquiry, keys=saved, profile=profile if saved is None else None))


def _check(paths: list[str], ways: Ways, wait: int, *, error: str | None, asks: bool) -> None:
    if not paths and not asks:
        raise UsageError(
            "no evidence given: name exported files or directories, or for live use --pipeline, --stack or another way in; see trailsleuth diagnose --help"
        )
    if ways.regions and not asks:
        raise UsageError("--region is for live use and needs --profile", next_step="add --profile NAME, or leave out --region")
    if wait and paths and not (ways.profiles or ways.assume_roles):
        raise UsageError("--wait is for live use and needs --profile", next_step="add --profile NAME, or leave out --wait")
    if error == STDIN and STDIN in paths:
        raise UsageError("both the evidence and --error are to be read from stdin", next_step="name a file for one of them")
    if paths.count(STDIN) > 1:
        raise UsageError("stdin is named twice as evidence", next_step="give - once")
    if "" in paths:
        raise UsageError("an evidence path is empty", next_step="is a shell variable unset? name a file or directory")


def _check_prune(prune: bool, window: object, *, asks_accounts: bool) -> None:
    if not prune:
        return
    if window is None or asks_accounts:
        raise UsageError("--prune is for exported files and needs --since or --until", next_step="name a window, or leave it out to read everything")
    say(f"log files are not read where {api.PRUNED}")


def _stdin() -> bytes:
    return sys.stdin.buffer.read()


def check_evidence(case: CaseFile, paths: list[str]) -> None:
    """Ends the run where nothing could be read at all; evidence without a trail that still names an execution leads to questions instead."""
    coverage = case.coverage
    if coverage.records_read or case.execution is not None or case.findings:
        return
    tried = ", ".join(paths) or "the accounts"
    gap = next((gap for gap in coverage.gaps if gap.wanted in ("records", "execution")), None)
    if gap is not None:
        why = gap.why
    elif coverage.skipped:
        first = coverage.skipped[0]
        more = f" (and {len(coverage.skipped) - 1} more)" if len(coverage.skipped) > 1 else ""
        why = f"{first.source}: {first.reason}{more}"
    elif coverage.unreadable:
        why = f"none of its {coverage.unreadable:,} records could be read"
    else:
        why = "it holds no record"
    raise EvidenceUnreadable(f"no CloudTrail records in {tried}", why=why, next_step=f"export them: {_EXPORT_COMMAND}")
