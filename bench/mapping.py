"""How much of the API the catalogue maps to IAM actions: run `python -m bench.mapping [official_ops.json]`.

Counts, over every operation of the installed botocore, the share of `eventSource:eventName` that yields an IAM action the catalogue knows, apart
by what the action rests on: a reference and our tables, or a ground of `catalog.unlisted`. Operations that no IAM action decides are counted by
themselves, as not mapped. Then the operations whose passed role is known with its service.

With a file of official facts (AWS's service reference, reduced) it also counts what contradicts them: a primary action that the reference does
not list for the operation, a passed-to service that it does not name.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import msgspec
from botocore.model import ServiceModel

from trailsleuth.catalog.actions import entry, prefixes
from trailsleuth.catalog.load import read_table
from trailsleuth.catalog.operations import plain_event_name, primary_action
from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.unlisted import Ground, decided_without_iam
from trailsleuth.catalog.unlisted import models as unlisted_models

Call = tuple[str, str]
LISTED, NO_ACTION, NOT_MAPPED = "listed", "no IAM action decides", "not mapped"
YIELDING = (LISTED, *Ground)
WORDS = {
    LISTED: "listed by AWS's reference, or mapped by our tables to an action that is",
    Ground.DOCUMENTED: "not listed yet, named in the API model's documentation or a guide",
    Ground.PRESUMED: "not listed yet, presumed from the operation's name",
    Ground.RETIRED: "no longer listed, of a discontinued service",
    NO_ACTION: "no IAM action decides (a token does, or nothing)",
    NOT_MAPPED: "not mapped",
}
INTERNAL = ("bullet.", "preprod", "preview", "test.")


def event_source(endpoint: str, signing: str) -> str:
    """The event source of a service model: its signing name where that is an IAM prefix, else its endpoint's name."""
    return f"{signing if signing in prefixes() else endpoint}.amazonaws.com".lower()


def described() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every service of the installed botocore: its event source, its name, and its API model as the file says it; read in a third of botocore's time."""
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    for service in session.get_available_services():
        file = Path(loader.BUILTIN_DATA_PATH, service, loader.determine_latest_version(service, "service-2"), "service-2.json.gz")
        model = msgspec.json.decode(gzip.decompress(file.read_bytes()))
        endpoint = model["metadata"]["endpointPrefix"]
        yield event_source(endpoint, model["metadata"].get("signingName", endpoint)), service, model


def models() -> Iterator[tuple[str, ServiceModel]]:
    """Every service of the installed botocore: its event source and its API model."""
    return ((source, ServiceModel(model, service)) for source, service, model in described())


@cache
def operations() -> tuple[Call, ...]:
    """Every `eventSource:eventName` of the installed botocore."""
    return tuple((source, name) for source, _, model in described() for name in model["operations"])


def measure() -> dict[str, list[Call]]:
    """The calls by what their action rests on, and those without one."""
    found: dict[str, list[Call]] = defaultdict(list)
    for call in operations():
        found[_standing(*call)].append(call)
    return found


def _standing(source: str, name: str) -> str:
    action = primary_action(source, name, {})
    known = entry(action) if action else None
    if known is not None and known.name == action:
        return known.unlisted.ground if known.unlisted else LISTED
    return NO_ACTION if decided_without_iam(prefix_of(source), name) else NOT_MAPPED


def share(found: dict[str, list[Call]]) -> float:
    """The share of calls that yield an IAM action."""
    return sum(len(found[kind]) for kind in YIELDING) / sum(map(len, found.values()))


def passing() -> dict[tuple[str, str], set[str]]:
    """Prefix and operation to the passed-to services, for every operation whose row names one."""
    found: dict[tuple[str, str], set[str]] = {}
    for prefix, rows in read_table("passed_roles").items():
        for row in rows:
            for event in row["events"]:
                if "service" in row and not row.get("documented", False):
                    found.setdefault((prefix, event), set()).add(row["service"])
    return found


def contradictions(official: dict) -> list[str]:
    """What our tables say and the official facts do not. An action of the operation's own name that the catalogue has is none: it may be newer."""
    found = []
    for source, name in operations():
        action = primary_action(source, name, {})
        facts = _facts(official.get(prefix_of(source), {}), plain_event_name(name))
        if action and facts and facts.get("actions") and action not in facts["actions"] and not action.endswith(f":{plain_event_name(name)}"):
            found.append(f"{source}:{name} -> {action}, official {facts['actions']}")
    for (prefix, name), services in sorted(passing().items()):
        facts = _facts(official.get(prefix, {}), name)
        allowed = facts.get("pass_role") if facts else None
        if isinstance(allowed, list):
            real = {one for one in allowed if not any(word in one for word in INTERNAL)}
            found += [f"{prefix}:{name} passes to {one}, official {sorted(real)}" for one in sorted(services) if real and one not in real]
    return found


def unmapped_by_reason(official: dict, missing: list[Call]) -> Counter[str]:
    """Why operations are not mapped: AWS's reference maps them and we do not, AWS names no action for them, or neither source knows them yet."""
    reasons: Counter[str] = Counter()
    for source, name in missing:
        prefix = prefix_of(source)
        if _facts(official.get(prefix, {}), name):
            reasons["AWS's reference maps it"] += 1
        elif name in (official["_unmapped"].get(prefix) or ()):
            reasons["AWS names no action for it"] += 1
        else:
            reasons["unknown to AWS's reference of the file's date"] += 1
    return reasons


def _facts(service: dict, name: str) -> dict | None:
    for table in service.values():
        if isinstance(table, dict) and name in table:
            return table[name]
    return None


def main() -> None:
    found = measure()
    every = sum(map(len, found.values()))
    print(f"operations of botocore {botocore.__version__}: {every} (unlisted actions: of botocore {unlisted_models()['botocore']})")
    for kind, words in WORDS.items():
        print(f"  {len(found[kind]):>6} {len(found[kind]) / every:>7.2%}  {words}")
    print(f"operations that yield an IAM action known to the catalogue: {share(found):.2%}")
    missing = found[NOT_MAPPED]
    for prefix, count in Counter(prefix_of(source) for source, _ in missing).most_common(25):
        print(f"  {prefix}: {count}: {', '.join(name for source, name in missing if prefix_of(source) == prefix)[:150]}")
    print(f"operations with a passed role whose service is known: {len(passing())}")
    if len(sys.argv) > 1:
        official = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
        print("not mapped because:", "; ".join(f"{reason}: {count}" for reason, count in unmapped_by_reason(official, missing).items()))
        against = contradictions(official)
        print(f"contradictions with the official facts: {len(against)}")
        print("\n".join(against))


if __name__ == "__main__":
    main()
