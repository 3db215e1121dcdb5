"""How much of the API the catalogue maps to IAM actions: run `python bench/mapping.py [official_ops.json]`.

Counts, over every operation of the installed botocore, the share of `eventSource:eventName` that yields an IAM action the catalogue knows,
and the operations whose passed role is known with its service. With a file of official facts (AWS's service reference, reduced) it also
counts what contradicts them: a primary action that the reference does not list for the operation, a passed-to service that it does not name.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import botocore.session

from trailsleuth.catalog.actions import prefixes, spelling
from trailsleuth.catalog.load import DATA, rows_of
from trailsleuth.catalog.operations import plain_event_name, primary_action
from trailsleuth.catalog.services import prefix_of

INTERNAL = ("bullet.", "preprod", "preview", "test.")


def event_source(endpoint: str, signing: str) -> str:
    """The event source of a service model: its signing name where that is an IAM prefix, else its endpoint's name."""
    return f"{signing if signing in prefixes() else endpoint}.amazonaws.com".lower()


def operations() -> list[tuple[str, str]]:
    """Every `eventSource:eventName` of the installed botocore."""
    session = botocore.session.get_session()
    found = []
    for service in session.get_available_services():
        model = session.get_service_model(service)
        source = event_source(model.endpoint_prefix, model.metadata.get("signingName", model.endpoint_prefix))
        found += [(source, name) for name in model.operation_names]
    return found


def measure() -> tuple[float, list[tuple[str, str]]]:
    """The mapped share, and what is not mapped."""
    every = operations()
    missing = [call for call in every if (action := primary_action(*call, {})) is None or spelling(action) != action]
    return 1 - len(missing) / len(every), missing


def passing() -> dict[tuple[str, str], set[str]]:
    """Prefix and operation to the passed-to services, for every operation whose row names one."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted((DATA / "passed_roles").glob("*.toml")):
        for row in rows_of(f"passed_roles/{path.stem}", "passed_role"):
            for event in row["events"]:
                if "service" in row and not row.get("documented", False):
                    found.setdefault((path.stem, event), set()).add(row["service"])
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


def unmapped_by_reason(official: dict, missing: list[tuple[str, str]]) -> dict[str, int]:
    """Why operations are not mapped: AWS's reference maps them and we do not, AWS names no action for them, or neither source knows them yet."""
    reasons = Counter()
    for source, name in missing:
        prefix = prefix_of(source)
        if _facts(official.get(prefix, {}), name):
            reasons["AWS's reference maps it"] += 1
        elif name in (official["_unmapped"].get(prefix) or ()):
            reasons["AWS names no action for it"] += 1
        else:
            reasons["newer than, or unknown to, both AWS's reference and the action catalogue"] += 1
    return dict(reasons)


def _facts(service: dict, name: str) -> dict | None:
    for table in service.values():
        if isinstance(table, dict) and name in table:
            return table[name]
    return None


def main() -> None:
    share, missing = measure()
    print(f"operations mapped to a known IAM action: {share:.2%} ({len(missing)} not)")
    for prefix, count in Counter(prefix_of(source) for source, _ in missing).most_common(25):
        print(f"  {prefix}: {count}: {', '.join(name for source, name in missing if prefix_of(source) == prefix)[:150]}")
    print(f"operations with a passed role whose service is known: {len(passing())}")
    if len(sys.argv) > 1:
        official = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
        reasons = unmapped_by_reason(official, missing)
        print("not mapped because:", "; ".join(f"{reason}: {count}" for reason, count in reasons.items()))
        known = len(operations()) - reasons.get("newer than, or unknown to, both AWS's reference and the action catalogue", 0)
        print(f"share among operations that either source knows: {1 - (len(missing) - (len(operations()) - known)) / known:.2%}")
        found = contradictions(official)
        print(f"contradictions with the official facts: {len(found)}")
        print("\n".join(found))


if __name__ == "__main__":
    main()
