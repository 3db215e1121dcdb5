"""The policies of the VPC endpoints that denied calls went through, as `aws ec2 describe-vpc-endpoints` prints them.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html: an endpoint is described to its owner alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trailsleuth.sources.aws.calls import Refusal
from trailsleuth.sources.aws.gaps import NamedGap, gap_of, keep_gap
from trailsleuth.sources.aws.lookup import FetchedRecord
from trailsleuth.sources.aws.sessions import Account
from trailsleuth.sources.aws.store import Provenance, Store, piece_name, remembered

MOST = 5


def fetch_endpoints(records: Iterable[FetchedRecord], accounts: Mapping[str, Account], store: Store, *, asked: set[str]) -> None:
    """Keep the description of every endpoint that a failed call names, each asked for once; one of an account that is not open is a gap."""
    named = sorted({found for record in records if record.get("errorCode") and (found := _endpoint(record)) is not None})
    for owner, region, name in named[:MOST]:
        if name in asked:
            continue
        asked.add(name)
        if owner not in accounts:
            why = f"the policy of VPC endpoint {name}: it is of account {owner}, and no profile was given for it"
            keep_gap(store, NamedGap(account=owner, region=region, why=why))
        else:
            _describe(name, accounts[owner], region, store)


def _describe(name: str, account: Account, region: str, store: Store) -> None:
    piece = piece_name("ec2", account.id, region, f"describe-vpc-endpoints-{name}")
    about = Provenance(call="ec2:DescribeVpcEndpoints", account=account.id, region=region)
    answer = remembered(store, piece, about, lambda: account.ask("ec2", "DescribeVpcEndpoints", region, VpcEndpointIds=[name]))
    if isinstance(answer, Refusal):
        keep_gap(store, gap_of(answer, lost=f"the policy of VPC endpoint {name}"))


def _endpoint(record: FetchedRecord) -> tuple[str, str, str] | None:
    """Owner, region and id, as far as the record tells."""
    owner = record.get("vpcEndpointAccountId") or record.get("recipientAccountId")
    found = (owner, record.get("awsRegion"), record.get("vpcEndpointId"))
    owner, region, name = (text if isinstance(text, str) else "" for text in found)
    return (owner, region, name) if owner and region and name.startswith("vpce-") else None
