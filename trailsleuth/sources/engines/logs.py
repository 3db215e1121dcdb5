"""A log group of CloudWatch Logs as evidence: the denied calls of the time, then the calls of their sessions and how these were opened.

A short window is read by FilterLogEvents, which costs nothing by the byte; a longer one by Logs Insights, which bills for what it reads. Calls:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html, API_StartQuery.html, API_GetQueryResults.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

from trailsleuth.errors import EvidenceUnreadable, SourceError
from trailsleuth.model import RawInput, Skipped, parse_arn
from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.sessions import Account, Surroundings
from trailsleuth.sources.aws.traces import issued_in, key_of
from trailsleuth.sources.engines.addresses import EngineUrl, FetchedRecord, LogQuestion, LogSearch
from trailsleuth.sources.engines.athena import cut, refused, rows_input, waits
from trailsleuth.sources.engines.prices import cost_of, price_of

SHORT = timedelta(hours=2)  # as long a window is read by FilterLogEvents
LIMIT = 10_000  # rows of one Insights query in every version of the API; a fuller window is halved
PAGES = 500
SMALLEST = timedelta(seconds=30)
HOPS, KEYS = 4, 240
RUNNING = ("Scheduled", "Running")


def run_logs(url: EngineUrl, question: LogQuestion, accounts: Sequence[Account]) -> Iterator[RawInput | Skipped]:
    """The records that bear on the question, and what could not be searched. EvidenceUnreadable where no account has the group, AccountUnreachable where
    none may ask it, SourceError where the first search fails."""
    name = f"logs://{url.host}"
    reader = _Group(name, url.host, question, accounts)
    for number, search in enumerate(question.first):
        reader.look(search, needed=number == 0)
    followed: set[str] = set()
    for _ in range(HOPS):
        wanted = [key for key in reader.credentials() if key not in followed]
        if len(followed) + len(wanted) > KEYS:
            reader.lost(f"the calls of {len(followed) + len(wanted) - KEYS} sessions: more than {KEYS} are not followed; narrow the question")
            wanted = wanted[: KEYS - len(followed)]
        if not wanted:
            break
        followed.update(wanted)
        for search in question.follow(wanted):
            reader.look(search)
    reader.say_cost()
    records = sorted(reader.records.values(), key=lambda record: (str(record.get("eventTime")), str(record.get("eventID"))))
    reader.around.progress.say(f"{name}: {len(records)} records")
    yield rows_input(name, [dict(record) for record in records])
    yield from reader.missing


class _Group(Struct):
    """One log group, and what was found in it so far."""

    name: str
    group: str
    question: LogQuestion
    accounts: Sequence[Account]
    records: dict[tuple[str, str], FetchedRecord] = field(default_factory=dict)
    missing: list[Skipped] = field(default_factory=list)
    account: Account | None = None  # the one that has the group, once it is found
    scanned: int = 0

    @property
    def around(self) -> Surroundings:
        """Those of every account."""
        return self.accounts[0].around

    @property
    def end(self) -> datetime:
        return self.question.until or self.around.now()

    @property
    def is_short(self) -> bool:
        return self.end - self.question.since <= SHORT

    def look(self, search: LogSearch, *, needed: bool = False) -> None:
        """Take in the records of one search; one that fails is named, and ends the run where nothing would be left without it."""
        start = self.question.early if search.early else self.question.since
        if self.account is None:
            how = "by FilterLogEvents, which costs nothing by the byte" if self.is_short else f"by Logs Insights; {price_of('logs')}"
            self.around.progress.say(f"{self.name}: reads {start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}Z {how}")
        try:
            for record in self._filtered(search, start) if self.is_short else self._selected(search, start, self.end):
                self.records[str(record.get("eventID")), str(record.get("recipientAccountId"))] = record
        except SourceError as failure:
            if needed:
                raise
            self.lost(f"{search.what}: {failure.why or failure.what}")

    def lost(self, what: str) -> None:
        """Name what was not searched."""
        self.missing.append(Skipped(source=self.name, reason=f"not searched whole: {what}"))

    def credentials(self) -> list[str]:
        """The credentials of the question's records, those that they handed out, and those that opened their sessions."""
        found = dict.fromkeys(key for record in self.records.values() if self.question.is_subject(record) and (key := key_of(record)))
        issued = [one for record in self.records.values() if (one := issued_in(record)) is not None]
        for _ in range(HOPS):
            for one in issued:
                if one.key in found and one.caller_key:
                    found[one.caller_key] = None
                elif one.caller_key in found:
                    found[one.key] = None
        return list(found)

    def say_cost(self) -> None:
        """What Insights read, and what that costs."""
        if not self.is_short:
            self.around.progress.say(f"{self.name}: {cost_of('logs', self.scanned)}")

    def _filtered(self, search: LogSearch, start: datetime) -> Iterator[FetchedRecord]:
        window = {"startTime": _milliseconds(start), "endTime": _milliseconds(self.end)}
        for pattern in search.patterns:
            token = ""
            for _ in range(PAGES):
                more = {"nextToken": token} if token else {}
                answer = self._ask("FilterLogEvents", logGroupIdentifier=self.group, filterPattern=pattern, **window, **more)
                yield from _records(str(event.get("message", "")) for event in answer.get("events", ()))
                token = str(answer.get("nextToken") or "")
                if not token:
                    break
            else:
                self.lost(f"{search.what}: more than {PAGES} pages, narrow the window")

    def _selected(self, search: LogSearch, start: datetime, end: datetime) -> Iterator[FetchedRecord]:
        """The rows of one query; a window with more than one query gives is asked in halves."""
        rows = self._query(search, start, end)
        if len(rows) < LIMIT:
            yield from _records(rows)
        elif end - start <= SMALLEST:
            yield from _records(rows)
            self.lost(f"{search.what} from {start:%Y-%m-%d %H:%M:%S}Z on: more than {LIMIT:,} in {(end - start).seconds} seconds")
        else:
            middle = start + (end - start) / 2
            yield from self._selected(search, start, middle)
            yield from self._selected(search, middle, end)

    def _query(self, search: LogSearch, start: datetime, end: datetime) -> list[str]:
        window = {"startTime": int(start.timestamp()), "endTime": int(end.timestamp())}
        query = str(self._ask("StartQuery", logGroupIdentifiers=[self.group], queryString=search.query, limit=LIMIT, **window)["queryId"])
        with self._stopped_on_the_way(query):
            for pause in waits():
                answer = self._ask("GetQueryResults", queryId=query)
                if answer.get("status") not in RUNNING:
                    break
                self.around.sleep(pause)
        self.scanned += int(answer.get("statistics", {}).get("bytesScanned", 0))
        if answer.get("status") != "Complete":
            why = f"Logs Insights ended the query as {answer.get('status') or 'unknown'}"
            raise SourceError(f"{self.name}: {search.what} could not be searched", why=why, next_step="narrow it with --since and --until")
        rows = list(_messages(answer))
        while token := answer.get("nextToken"):
            answer = self._ask("GetQueryResults", queryId=query, nextToken=token)
            rows += _messages(answer)
        return rows

    def _ask(self, operation: str, **parameters: object) -> Mapping[str, Any]:
        """The answer of the account that has the group: the first that answers at all."""
        refusals: list[Refusal] = []
        for account in [self.account] if self.account is not None else self._candidates():
            answer = account.ask("logs", operation, self._region(account), **parameters)
            if not isinstance(answer, Refusal):
                self.account = account
                return answer
            refusals.append(answer)
        raise self._refused(refusals)

    def _candidates(self) -> list[Account]:
        """An ARN names the account; where that is not open, the group may be linked to one that is."""
        arn = parse_arn(self.group)
        own = [account for account in self.accounts if arn is not None and account.id == arn.account]
        return own or list(self.accounts)

    def _region(self, account: Account) -> str:
        arn = parse_arn(self.group)
        return (arn.region if arn is not None else "") or account.region or "us-east-1"

    def _refused(self, refusals: Sequence[Refusal]) -> SourceError:
        absent = [refusal for refusal in refusals if refusal.why is Why.ABSENT]
        if absent and len(absent) == len(refusals):
            places = ", ".join(f"{refusal.account} {refusal.region}" for refusal in absent)
            step = "check its name (aws logs describe-log-groups), or give its ARN, which tells account and region"
            return EvidenceUnreadable(f"there is no log group {self.group} in {places}", why="AWS answered ResourceNotFoundException", next_step=step)
        worst = next(refusal for refusal in refusals if refusal.why is not Why.ABSENT)
        if worst.why is Why.DENIED:
            return refused(self.name, worst, "cloudwatch")
        why = cut(f"AWS answered {worst.code or worst.why} to {worst.call}")
        return SourceError(f"cannot ask {self.name}", why=why, next_step="run again, or narrow the window")

    @contextmanager
    def _stopped_on_the_way(self, query: str) -> Iterator[None]:
        """An interrupted run leaves no query behind that goes on reading, and costing."""
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            if self.account is not None:
                self.account.ask("logs", "StopQuery", self._region(self.account), queryId=query)
                self.around.progress.say(f"query {query} was stopped")
            raise


def _messages(answer: Mapping[str, Any]) -> Iterator[str]:
    for row in answer.get("results", ()):
        yield from (str(cell.get("value", "")) for cell in row if cell.get("field") == "@message")


def _records(messages: Iterator[str] | Sequence[str]) -> Iterator[FetchedRecord]:
    """The records in the messages; what is no CloudTrail record may lie in the group as well."""
    for message in messages:
        try:
            record = json.loads(message)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict) and "eventID" in record:
            yield record


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
