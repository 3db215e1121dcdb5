"""One statement run by Athena, its rows as JSON lines.

Athena writes what it finds into the results bucket of the workgroup, or the one that is named: https://docs.aws.amazon.com/athena/latest/ug/querying.html
Calls: https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from trailsleuth.errors import AccountUnreachable, SourceError
from trailsleuth.model import RawInput
from trailsleuth.sources.aws.calls import Answer, Refusal, Why
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.engines.addresses import EngineUrl, Settings, Statement
from trailsleuth.sources.engines.prices import cost_of

PAGE = 1000
FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
LONGEST_REASON = 400


def run_athena(url: EngineUrl, statement: Statement, accounts: Sequence[Account], settings: Settings) -> RawInput:
    """The rows that Athena selects, a JSON object a line, in its order. AccountUnreachable where no account may ask; SourceError with Athena's reason
    where the query fails. An interrupted run stops the query."""
    account, query = _started(url, statement, accounts, settings)
    account.around.progress.say(f"{_name(url)}: query {query} runs")
    with _stopped_on_the_way(account, query):
        _finish(url, account, query)
        rows = list(_rows(account, query))
    account.around.progress.say(f"{_name(url)}: {len(rows)} records")
    return rows_input(_name(url), rows)


def rows_input(name: str, rows: Sequence[dict[str, Any]]) -> RawInput:
    """Rows as evidence: JSON lines under the engine's name."""
    return RawInput(source=name, data="".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def cut(reason: str) -> str:
    """An engine's reason as one line that is not too long."""
    line = " ".join(reason.split())
    return line if len(line) <= LONGEST_REASON else f"{line[:LONGEST_REASON]} …"


def waits() -> Iterator[float]:
    """Seconds between two looks at a query: more and more, then steadily."""
    pause = FIRST_WAIT
    while True:
        yield pause
        pause = min(LONGEST_WAIT, pause * 1.5)


def refused(url_name: str, refusal: Refusal, kind: str, *, hint: str = "") -> AccountUnreachable:
    """The error for an engine that may not be asked."""
    step = f"allow the collector what `trailsleuth permissions --account {kind}` lists"
    return AccountUnreachable(f"cannot ask {url_name}", why=f"AWS answered {refusal.code} to {refusal.call}", next_step=hint or step)


def _started(url: EngineUrl, statement: Statement, accounts: Sequence[Account], settings: Settings) -> tuple[Account, str]:
    """The query's id, and the first account that may start it."""
    more: dict[str, Any] = {"WorkGroup": settings.workgroup} if settings.workgroup else {}
    if settings.output:
        more["ResultConfiguration"] = {"OutputLocation": settings.output}
    refusals: list[Refusal] = []
    for account in accounts:
        answer = account.ask(
            "athena",
            "StartQueryExecution",
            account.region or "us-east-1",
            QueryString=statement.sql,
            ClientRequestToken=str(uuid4()),
            QueryExecutionContext={"Database": url.host},
            **more,
        )
        if not isinstance(answer, Refusal):
            return account, str(answer["QueryExecutionId"])
        refusals.append(answer)
        if answer.why is not Why.DENIED:
            break
    why = refusals[-1].why
    hint = "" if why is Why.DENIED else "check --athena-workgroup and --athena-output: a workgroup without a results bucket needs s3://BUCKET/PREFIX/"
    raise refused(_name(url), refusals[-1], "athena", hint=hint)


def _finish(url: EngineUrl, account: Account, query: str) -> None:
    """Waits for the end, and says what was read."""
    execution = _ended(url, account, query)
    status = execution.get("Status", {})
    scanned = int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))
    account.around.progress.say(f"{_name(url)}: {cost_of('athena', scanned)}")
    if status["State"] != "SUCCEEDED":
        raise SourceError(
            f"{_name(url)}: the query {'was cancelled' if status['State'] == 'CANCELLED' else 'failed'}",
            why=cut(str(status.get("StateChangeReason") or "Athena gives no reason")),
            next_step="compare the table with `trailsleuth sql --engine athena --ddl`; one without a partition by region is asked without --region",
        )


def _ended(url: EngineUrl, account: Account, query: str) -> Answer:
    """The query once it has come to an end, whichever."""
    for pause in waits():
        answer = account.ask("athena", "GetQueryExecution", account.region or "us-east-1", QueryExecutionId=query)
        if isinstance(answer, Refusal):
            raise refused(_name(url), answer, "athena")
        execution: Answer = answer["QueryExecution"]
        if execution.get("Status", {}).get("State") in ("SUCCEEDED", "FAILED", "CANCELLED"):
            return execution
        account.around.sleep(pause)
    raise AssertionError("the waits do not end")


def _rows(account: Account, query: str) -> Iterator[dict[str, Any]]:
    """Every row by its columns; absent cells are left out, and so is the header that the first page begins with."""
    token: str | None = None
    first = True
    while True:
        more = {"NextToken": token} if token else {}
        page = account.ask("athena", "GetQueryResults", account.region or "us-east-1", QueryExecutionId=query, MaxResults=PAGE, **more)
        if isinstance(page, Refusal):
            raise refused(f"the results of query {query}", page, "athena")
        found = page["ResultSet"]
        names = [str(column["Name"]) for column in found.get("ResultSetMetadata", {}).get("ColumnInfo", ())]
        for row in found.get("Rows", ()):
            cells = [cell.get("VarCharValue") for cell in row.get("Data", ())]
            if first and cells == names:
                first = False
                continue
            first = False
            yield {name: cell for name, cell in zip(names, cells, strict=False) if cell is not None}
        token = page.get("NextToken")
        if not token:
            return


@contextmanager
def _stopped_on_the_way(account: Account, query: str) -> Iterator[None]:
    """An interrupted run leaves no query behind that goes on reading, and costing."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        account.ask("athena", "StopQueryExecution", account.region or "us-east-1", QueryExecutionId=query)
        account.around.progress.say(f"query {query} was stopped")
        raise


def _name(url: EngineUrl) -> str:
    return f"athena://{url.host}/{url.rest}"
