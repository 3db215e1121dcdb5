"""AWS's own account of a refusal: what an encoded message says, and the authorization details that AWS keeps for about a day.

https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html; botocore service model iam-toolbox.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from trailsleuth.sources.aws.calls import Refusal, Why
from trailsleuth.sources.aws.gaps import gap_of, keep_gap
from trailsleuth.sources.aws.lookup import FetchedRecord
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, encoded, piece_name
from trailsleuth.sources.aws.traces import authorization_ids, encoded_messages

SNAPSHOT_TRIES, SNAPSHOT_PAUSE = 3, 2.0  # details appear some seconds after the refusal
LONGEST_MESSAGE = 10_240


def fetch_explanations(records: Iterable[FetchedRecord], accounts: Mapping[str, Account], store: Store) -> None:
    """Decode every encoded message and fetch the details of every authorization id in the refusals, each once, in the account of the caller."""
    for record in records:
        identity = record.get("userIdentity")
        holder = (identity.get("accountId") if isinstance(identity, Mapping) else None) or record.get("recipientAccountId")
        account = accounts.get(str(holder))
        region = str(record.get("awsRegion") or "us-east-1")
        if account is None:
            continue
        for message in encoded_messages(record):
            decode_message(message, account, region, store)
        for identifier in authorization_ids(record):
            fetch_details(identifier, account, region, store)


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


def fetch_details(identifier: str, account: Account, region: str, store: Store) -> None:
    """Keep the authorization details under an id, all pages in one; they may take a moment to appear."""
    name = piece_name("decoded", account.id, f"details-{identifier}")
    if store.kept(name) is not None or not account.knows("iam-toolbox"):
        return
    details = _details(identifier, account, region)
    if isinstance(details, Refusal):
        keep_gap(store, gap_of(details, lost=f"the authorization details {identifier}"))
        return
    about = Provenance(call="iam-toolbox:GetRequestAuthorizationDetails", account=account.id, region=region)
    store.keep(name, encoded({"authorizationId": identifier, **details}), about)


def _details(identifier: str, account: Account, region: str) -> dict[str, object] | Refusal:
    whole: dict[str, object] = {}
    token: str | None = None
    for number in range(SNAPSHOT_TRIES * 4):
        more = {"nextToken": token} if token else {}
        page = account.ask("iam-toolbox", "GetRequestAuthorizationDetails", region, authorizationId=identifier, **more)
        if isinstance(page, Refusal):
            if page.why is not Why.ABSENT or number + 1 >= SNAPSHOT_TRIES or whole:
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
