"""`trailsleuth sessions`: who used which credential, when, how often it was refused, and who handed it out."""

from __future__ import annotations

from trailsleuth.api.views import Where, sessions
from trailsleuth.cli import views
from trailsleuth.cli.evidence import Evidence, Force, given_paths
from trailsleuth.cli.options import parse_window, terminal_context
from trailsleuth.cli.output import check_output_file
from trailsleuth.cli.views import ViewFormat, write_stream
from trailsleuth.report.context import RenderContext
from trailsleuth.report.views import SESSION_COLUMNS, csv_pieces, json_pieces, jsonl_pieces, session_document, session_table


def sessions_command(
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
    """List every credential that made a call: whose it is, who opened it, first and last use, calls, failures, refusals.

    Exit codes: 0 something was found, 1 nothing was, 2 wrong usage, 4 evidence unreadable, 130 interrupted.
    """
    paths, stdin = given_paths(evidence, "sessions")
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
    found, stream = sessions(paths, wanted, stdin=stdin)
    shown = found[:limit]
    context = RenderContext() if output_file is not None else terminal_context()
    rows = [session_document(one) for one in shown]
    match output:
        case ViewFormat.TABLE:
            pieces = session_table(shown, context)
        case ViewFormat.JSON:
            pieces = json_pieces(rows)
        case ViewFormat.JSONL:
            pieces = jsonl_pieces(rows)
        case ViewFormat.CSV:
            pieces = csv_pieces(rows, SESSION_COLUMNS)
    return write_stream(pieces, stream, output_file, force=force)
