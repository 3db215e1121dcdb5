"""How often a new operation came to have the action of its own name: run `python -m bench.presumption OLD_BOTOCORE NEWER_BOTOCORE`.

Takes the operations that botocore got between two releases and that `bench.unlisted` would have presumed, and asks today's action catalogue what
became of them. The newer release should be some weeks older than the catalogue, so that it had its time to list them. Only references are asked,
none of our presumptions.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict

from bench.mapping import models
from bench.unlisted import NEARLY_ALL, downloaded, is_bulk, is_listed, is_unsigned, own_name_share
from trailsleuth.catalog.actions import listed_entry
from trailsleuth.catalog.load import rows_of
from trailsleuth.catalog.operations import needs, primary_action
from trailsleuth.catalog.services import prefix_of


def became(old: set[tuple[str, str]], newer: set[tuple[str, str]]) -> dict[bool, Counter[str]]:
    """For operations of services that are new, and of known ones, how many have their own name, another action, none.

    Those that a naming rule maps are left out: they have an action at once.
    """
    usual = own_name_share()
    rules = {row["id"] for row in rows_of("operation_rules", "rule")}
    known = {prefix_of(source) for source, _ in old}
    fresh = newer - old
    found: dict[bool, Counter[str]] = defaultdict(Counter)
    for source, service in models():
        prefix = prefix_of(source)
        for name in service.operation_names if usual.get(prefix, 1) >= NEARLY_ALL else ():
            if (source, name) not in fresh or is_bulk(prefix, name) or is_unsigned(service, service.operation_model(name)):
                continue
            if not rules & {need.source_id for need in needs(source, name, {}, partition="aws", region="", account="")}:
                own = listed_entry(f"{prefix}:{name}") is not None
                kind = "own name" if own else "another action" if is_listed(source, name) else "none listed"
                found[prefix in known][kind] += 1
                if kind == "another action":
                    print(f"{prefix}:{name} is checked for {primary_action(source, name, {})}")
    return found


def main(old: str, newer: str) -> int:
    found = became(downloaded(f"botocore=={old}")[1], downloaded(f"botocore=={newer}")[1])
    for known, counts in sorted(found.items()):
        print(f"operations that came after botocore {old} and until {newer}, of {'known' if known else 'new'} services: {dict(counts)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
