"""Whether a redacted bundle is diagnosed like its original, over every case: python -m bench.redaction [NAME-PART...]

Also takes further folders of cases from the environment: CASES=/some/where:/else/where.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fixtures import build
from trailsleuth import api
from trailsleuth.api.bundles import bundle

OPTIONS = ("pipeline", "execution-id", "role", "session", "access-key", "event-id", "error")


def asked_of(folder: Path) -> dict[str, str]:
    """The question of a case as keyword arguments."""
    arguments = json.loads((folder / "truth.json").read_text())["args"]
    pairs = dict(zip(arguments[::2], arguments[1::2], strict=True))
    return {name.replace("-", "_"): pairs[f"--{name}"] for name in OPTIONS if f"--{name}" in pairs}


def verdict(document: dict[str, Any]) -> tuple[object, ...]:
    """What must not change under other names."""
    findings = sorted(
        (f["standing"], f["basis"], f["cause"], *f["policy_types"], f["iam_action"] or "", f["count"], f["resource"] is None) for f in document["findings"]
    )
    deltas = sorted(
        (
            d["policy_type"],
            json.dumps([s.get("Action") for s in d["document"]["Statement"]]),
            len(d["remove"]),
            json.dumps((d["proof"] or {}).get("sufficient")),
        )
        for d in document["deltas"]
    )
    return document["outcome"], findings, deltas, len(document["questions"])


def verdicts(folder: Path) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """Of the evidence as it is, and of its redacted bundle."""
    asked = asked_of(folder)
    packed = bundle(folder / "evidence", redact=True, asked=asked)
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "shared.zip"
        path.write_bytes(packed.zipped())
        after = api.load(path).diagnose(**packed.asked).document()
    return verdict(api.load(folder / "evidence").diagnose(**asked).document()), verdict(after)


def folders(parts: list[str]) -> Iterator[Path]:
    """The cases to look at."""
    build.bring_up_to_date()
    roots = [build.ROOT, *map(Path, filter(None, os.environ.get("CASES", "").split(":")))]
    for root in roots:
        yield from (folder for folder in sorted(root.iterdir()) if (folder / "truth.json").exists() and (not parts or any(p in folder.name for p in parts)))


def main() -> int:
    """Prints each case whose verdict changed; 1 where there is one."""
    changed = total = 0
    for folder in folders(sys.argv[1:]):
        before, after = verdicts(folder)
        total += 1
        if before != after:
            changed += 1
            print(f"{folder.name}: {before} became {after}")
    print(f"{total - changed} of {total} verdicts are the same")
    return int(changed > 0)


if __name__ == "__main__":
    sys.exit(main())
