"""AWS's own account of a refusal: what an encoded message says, and the authorization details that AWS keeps for about a day.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html; botocore service model iam-toolbox.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.codepipeline import moment
from trailsleuth.sources.aws.gaps import gap_of, keep_gap
from trailsleuth.sources.aws.lookup import FetchedRecord
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, encoded, piece_name
from trailsleuth.sources.aws.traces import authorization_ids, encoded_messages

SNAPSHOT_TRIES, SNAPSHOT_PAUSE = 3, 2.0  # details appear some seconds after the refusal
LONGEST_MESSAGE = 10_240
TOOLBOX = "iam-toolbox"
KEPT, GONE = timedelta(hours=24), timedelta()


def fetch_explanations(records: Iterable[FetchedRecord], accounts: Mapping[str, Account], store: Store, *, now: datetime, asked: set[str]) -> None:
    """Decode every encoded message and fetch the details of every authorization id in the refusals, in the account of the caller.

    `asked` are those that were asked for in this run; each is asked for once.
    """
    for record in records:
        identity = record.get("userIdentity")
        holder = (identity.get("accountId") if isinstance(identity, Mapping) else None) or record.get("recipientAccountId")
        account = accounts.get(str(holder))
        region = str(record.get("awsRegion") or "us-east-1")
        if account is None:
            continue
        for message in _new(encoded_messages(record), asked):
            decode_message(message, account, region, store)
        for identifier in _new(authorization_ids(record), asked):
            at = moment(record.get("eventTime"))
            fetch_details(identifier, account, region, store, left=KEPT if at is None else KEPT - (now - at))


def _new(found: Iterable[str], asked: set[str]) -> list[str]:
    new = [one for one in dict.fromkeys(found) if one not in asked]
    asked.update(new)
    return new


def decode_message(message: str, account: Account, region: str, store: Store) -> None:
    """Keep what an encoded message says. One that CloudTrail cut cannot be decoded, which is a gap like any other."""
    name = piece_name("decoded", account.id, f"message-{hashlib.sha256(message.encode()).hexdigest()[:16]}")
    if store.kept(name) is not None or len(message) > LONGEST_MESSAGE:
        return
    answer = account.ask("sts", "DecodeAuthorizationMessage", region, EncodedMessage=message)
    if isinstance(answer, Refusal):
        keep_gap(store, gap_of(answer, lost="what an encoded authorization message says"))
        return
    store.keep(name, encoded(answer), Provenance(call="sts:DecodeAuthorizationMessage", account=account.id, region=region))


def fetch_details(identifier: str, account: Account, region: str, store: Store, *, left: timedelta = KEPT) -> None:
    """Keep the authorization details under an id, all pages in one, and every policy that they list as it was evaluated.

    They may take a moment to appear; `left` is how long AWS still promises to keep them.
    """
    name = piece_name("decoded", account.id, f"details-{identifier}")
    if not account.knows(TOOLBOX):
        return
    kept = store.kept(name)
    details = json.loads(kept) if kept is not None else _details(identifier, account, region, tries=SNAPSHOT_TRIES if left > GONE else 1)
    if isinstance(details, Refusal):
        keep_gap(store, gap_of(details, lost=f"the authorization details {identifier} ({_spoken(left)})"))
        return
    if kept is None:
        account.around.progress.say(f"the authorization details {identifier} ({_spoken(left)}), and the policies that they list, are kept from now on")
    if kept is None:
        about = Provenance(call=f"{TOOLBOX}:GetRequestAuthorizationDetails", account=account.id, region=region)
        store.keep(name, encoded({"authorizationId": identifier, **details}), about)
    for uri in _listed(details):
        if not fetch_evaluated(identifier, uri, account, region, store):
            return


def fetch_evaluated(identifier: str, uri: str, account: Account, region: str, store: Store) -> bool:
    """Keep one policy as it was evaluated, with the id and the URI that it was asked by. False: who asks may have none of them."""
    name = piece_name("decoded", account.id, f"policy-{identifier}-{uri}")
    if store.kept(name) is not None:
        return True
    answer = account.ask("iam-toolbox", "GetRequestAuthorizationPolicy", region, authorizationId=identifier, policyUri=uri)
    if isinstance(answer, Refusal):
        keep_gap(store, gap_of(answer, lost=f"the policy {uri} as it was evaluated for {identifier}"))
        return answer.why is Why.ABSENT
    about = Provenance(call=f"{TOOLBOX}:GetRequestAuthorizationPolicy", account=account.id, region=region)
    store.keep(name, encoded({"authorizationId": identifier, "policyUri": uri, "policyDocument": answer["policyDocument"]}), about)
    return True


def _listed(details: Mapping[str, Any]) -> list[str]:
    policies = details.get("policies")
    named = (one.get("uri") for one in policies if isinstance(one, Mapping)) if isinstance(policies, list) else ()
    return sorted({uri for uri in named if isinstance(uri, str) and uri})


def _spoken(left: timedelta) -> str:
    hours = left.total_seconds() / 3600
    if left <= GONE:
        return f"the denial is {-hours + 24:.0f} hours old, and AWS keeps them for 24"
    return f"AWS keeps them for {max(int(hours), 0) or 'less than 1'} more hour{'' if int(hours) <= 1 else 's'}"


def _details(identifier: str, account: Account, region: str, *, tries: int) -> dict[str, Any] | Refusal:
    whole: dict[str, Any] = {}
    token: str | None = None
    for number in range(SNAPSHOT_TRIES * 4):
        more = {"nextToken": token} if token else {}
        page = account.ask("iam-toolbox", "GetRequestAuthorizationDetails", region, authorizationId=identifier, **more)
        if isinstance(page, Refusal):
            if page.why is not Why.ABSENT or number + 1 >= tries or whole:
                return page
            account.around.sleep(SNAPSHOT_PAUSE)
            continue
        for key, value in page.items():
            earlier = whole.get(key)
            whole[key] = [*earlier, *value] if isinstance(earlier, list) and isinstance(value, list) else value
        token = page.get("nextToken")
        if not token:
            break
    whole.pop("nextToken", None)
    return whole
