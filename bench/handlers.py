"""Which actions CloudFormation's handlers call, by resource type: `python -m bench.handlers SCHEMAS` writes the table.

    python -m pip download cfn-lint --no-deps && unzip -o cfn_lint-*.whl -d cl
    python -m bench.handlers cl/cfnlint/data/schemas

Source: the provider schemas of AWS that cfn-lint (MIT-0) carries, `handlers.<name>.permissions`, of us-east-1. Entries with a wildcard, and those that the
catalogue does not know, are left out and counted. A row groups the actions of a type by prefix and by the handlers that call them: c(reate), r(ead),
u(pdate), d(elete).
"""

from __future__ import annotations

import json
import lzma
import sys
from collections import defaultdict
from pathlib import Path

from trailsleuth.catalog.actions import entry
from trailsleuth.catalog.load import DATA
from trailsleuth.catalog.packed import written

TARGET = DATA / "packed" / "handlers.txt.xz"
HANDLERS = {"create": "c", "read": "r", "update": "u", "delete": "d"}
Types = dict[str, dict[str, dict[str, str]]]


def handlers(schemas: Path) -> tuple[Types, int]:
    """Every type with its actions, and how many entries were left out."""
    found: Types = {}
    left_out = 0
    for name, digest in json.loads((schemas / "providers" / "us-east-1.json").read_text(encoding="utf-8")).items():
        schema = json.loads((schemas / "resources" / f"{digest}.json").read_text(encoding="utf-8"))
        letters: dict[str, set[str]] = defaultdict(set)
        for handler, letter in HANDLERS.items():
            for permission in schema.get("handlers", {}).get(handler, {}).get("permissions", ()):
                known = entry(permission) if "*" not in permission else None
                left_out += known is None
                if known is not None:
                    letters[known.name].add(letter)
        if letters:
            found[name] = _grouped(letters)
    return found, left_out


def _grouped(letters: dict[str, set[str]]) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for action, called in sorted(letters.items()):
        prefix, _, name = action.partition(":")
        groups[prefix]["".join(sorted(called))].append(name)
    return {prefix: {called: ",".join(names) for called, names in held.items()} for prefix, held in groups.items()}


def main() -> None:
    """Writes the table and says what is in it."""
    schemas = Path(sys.argv[1])
    version = next((p.name.removesuffix(".dist-info").split("-")[1] for p in schemas.parents[2].glob("cfn_lint-*.dist-info")), "unknown")
    day = json.loads((schemas / "version.json").read_text(encoding="utf-8"))["schema_date"][:10]
    rows, left_out = handlers(schemas)
    source = {"version": version, "licence": "MIT-0", "date": day, "of": "handlers of CloudFormation types"}
    head = {"sources": {"cfn-lint": source}, "types": len(rows), "left_out": left_out}
    TARGET.write_bytes(lzma.compress(written(head, rows).encode("utf-8"), preset=9 | lzma.PRESET_EXTREME))
    print(json.dumps(head))


if __name__ == "__main__":
    main()
