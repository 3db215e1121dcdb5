"""`trailsleuth timeline`: what happened in the order of time, equal calls in a row as one."""

from __future__ import annotations

from trailsleuth.api.views import Where, timeline
from trailsleuth.cli import views
from trailsleuth.cli.evidence import Evidence, Force, given_paths
from trailsleuth.cli.options import parse_window, terminal_context
from trailsleuth.cli.output import check_output_file
from trailsleuth.cli.views import ViewFormat, write_stream
from trailsleuth.report.context import RenderContext
from trailsleuth.report.views import MOMENT_COLUMNS, csv_pieces, json_pieces, jsonl_pieces, moment_document, timeline_table


def timeline_command(
    evidence: Evidence = None,
    account: views.Account = None,
    region: views.Region = None,
    call: views.Call = None,
    principal: views.Principal = None,
    session: views.Session = None,
    access_key: views.AccessKey = None,
    event_id: views.EventId = None,
    error: views.Error = None,
    ip: views.Address = None,
    text: views.Text = None,
    since: views.Since = None,
    until: views.Until = None,
    denied: views.Denied = False,
    failed: views.Failed = False,
    writes: views.Writes = False,
    limit: views.Limit = None,
    output: views.Output = ViewFormat.TABLE,
    output_file: views.OutputFile = None,
    force: Force = False,
) -> int:
    """Show the calls in the order of time. Refused ones are marked, sessions that were handed out too; equal calls in a row are one line.

    Exit codes: 0 something was found, 1 nothing was, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    paths, stdin = given_paths(evidence, "timeline")
    check_output_file(output_file, force=force)
    start, end = parse_window(since, until)
    wanted = Where(
        account=account,
        region=region,
        call=call,
        principal=principal,
        session=session,
        access_key=access_key,
        event_id=event_id,
        error=error,
        address=ip,
        text=text,
        since=start,
        until=end,
        denied=denied,
        failed=failed,
        writes=writes,
    )
    found, stream = timeline(paths, wanted, stdin=stdin)
    shown = found[:limit]
    context = RenderContext() if output_file is not None else terminal_context()
    rows = [moment_document(one) for one in shown]
    match output:
        case ViewFormat.TABLE:
            pieces = timeline_table(shown, context)
        case ViewFormat.JSON:
            pieces = json_pieces(rows)
        case ViewFormat.JSONL:
            pieces = jsonl_pieces(rows)
        case ViewFormat.CSV:
            pieces = csv_pieces(rows, MOMENT_COLUMNS)
    return write_stream(pieces, stream, output_file, force=force)
