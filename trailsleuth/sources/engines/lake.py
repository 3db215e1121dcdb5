"""One statement run by CloudTrail Lake, its rows as JSON lines.

Calls: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartQuery.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from trailsleuth.errors import SourceError
from trailsleuth.model import RawInput
from trailsleuth.sources.aws.calls import Answer, Refusal, Why
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.engines.addresses import EngineUrl, Statement
from trailsleuth.sources.engines.athena import PAGE, cut, refused, rows_input, waits
from trailsleuth.sources.engines.prices import cost_of

RUNNING = ("QUEUED", "RUNNING")


def run_lake(url: EngineUrl, statement: Statement, accounts: Sequence[Account]) -> RawInput:
    """The rows that Lake selects, a JSON object a line. AccountUnreachable where no account may ask; SourceError with Lake's reason where the query
    fails. An interrupted run cancels the query."""
    name = f"lake://{url.host}"
    account, query = _started(name, statement, accounts)
    account.around.progress.say(f"{name}: query {query} runs")
    with _cancelled_on_the_way(account, query):
        _finish(name, account, query)
        rows = list(_rows(name, account, query))
    account.around.progress.say(f"{name}: {len(rows)} records")
    return rows_input(name, rows)


def _started(name: str, statement: Statement, accounts: Sequence[Account]) -> tuple[Account, str]:
    """The query's id, and the first account that may start it."""
    refusals: list[Refusal] = []
    for account in accounts:
        answer = account.ask("cloudtrail", "StartQuery", account.region or "us-east-1", QueryStatement=statement.sql)
        if not isinstance(answer, Refusal):
            return account, str(answer["QueryId"])
        refusals.append(answer)
        if answer.why not in (Why.DENIED, Why.ABSENT):
            break
    hint = "" if refusals[-1].why is Why.DENIED else "check the event data store's id, and the region of the profile"
    raise refused(name, refusals[-1], "lake", hint=hint)


def _finish(name: str, account: Account, query: str) -> None:
    """Waits for the end, and says what was read."""
    answer = _ended(name, account, query)
    account.around.progress.say(f"{name}: {cost_of('lake', int(answer.get('QueryStatistics', {}).get('BytesScanned', 0)))}")
    if answer.get("QueryStatus") != "FINISHED":
        why = cut(str(answer.get("ErrorMessage") or "Lake gives no reason"))
        raise SourceError(f"{name}: the query ended as {answer.get('QueryStatus')}", why=why, next_step="narrow it with --since, --until, --region")


def _ended(name: str, account: Account, query: str) -> Answer:
    """The query once it has come to an end, whichever."""
    for pause in waits():
        answer = account.ask("cloudtrail", "DescribeQuery", account.region or "us-east-1", QueryId=query)
        if isinstance(answer, Refusal):
            raise refused(name, answer, "lake")
        if answer.get("QueryStatus") not in RUNNING:
            return answer
        account.around.sleep(pause)
    raise AssertionError("the waits do not end")


def _rows(name: str, account: Account, query: str) -> Iterator[dict[str, Any]]:
    """Every row by its columns: Lake gives each as a list of one-member maps."""
    token: str | None = None
    while True:
        more = {"NextToken": token} if token else {}
        page = account.ask("cloudtrail", "GetQueryResults", account.region or "us-east-1", QueryId=query, MaxQueryResults=PAGE, **more)
        if isinstance(page, Refusal):
            raise refused(name, page, "lake")
        for cells in page.get("QueryResultRows", ()):
            yield {key: value for cell in cells for key, value in cell.items()}
        token = page.get("NextToken")
        if not token:
            return


@contextmanager
def _cancelled_on_the_way(account: Account, query: str) -> Iterator[None]:
    """An interrupted run leaves no query behind that goes on reading, and costing."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        account.ask("cloudtrail", "CancelQuery", account.region or "us-east-1", QueryId=query)
        account.around.progress.say(f"query {query} was cancelled")
        raise
