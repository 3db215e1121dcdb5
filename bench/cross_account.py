"""Which operations work on another account's resource, as the API models say in their own sentences: `python -m bench.cross_account` writes the table.

    python -m bench.cross_account           # writes trailsleuth/catalog/data/cross_account.toml
    python -m bench.cross_account --check   # says what the installed botocore has that the table lacks

The sentences stand under "Cross-account use" in the documentation of an operation (botocore, Apache-2.0). A service without them has no row.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import botocore
import botocore.session

from trailsleuth.catalog.actions import spelling
from trailsleuth.catalog.load import DATA

TABLE = DATA / "cross_account.toml"
PREFIXES = {"kms": "kms", "cloudhsmv2": "cloudhsm", "payment-cryptography": "payment-cryptography", "payment-cryptography-data": "payment-cryptography"}
SENTENCE = re.compile(r"Cross-account use\s*:?\s*(This operation )?(Yes|No|supports|can't be used)")
ACTIONS = {"kms:ReEncrypt": ("kms:ReEncryptFrom", "kms:ReEncryptTo")}  # one operation, two actions of other names
HEAD = """# Services of which only these operations work on a resource of another account; a permission for any other has no effect there.
# Written by `python -m bench.cross_account` out of the sentences "Cross-account use" of botocore {version} (Apache-2.0).
"""


def across(service: str) -> tuple[list[str], list[str]]:
    """The actions of the operations that work across accounts, or of which nothing is said, and of those that do not."""
    model = botocore.session.get_session().get_service_model(service)
    yes: list[str] = []
    no: list[str] = []
    for name in model.operation_names:
        said = SENTENCE.search(re.sub(r"<[^>]+>", " ", model.operation_model(name).documentation))
        action = f"{PREFIXES[service]}:{name}"
        for one in ACTIONS.get(action, (action,)):
            if spelling(one) == one:
                (yes if said is None or said[2] in ("Yes", "supports") else no).append(one)
    return yes, no


def table(services: Iterable[str]) -> str:
    """The whole table."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for service in services:
        yes, no = across(service)
        held = found.setdefault(PREFIXES[service], (set(), set()))
        held[0].update(yes)
        held[1].update(no)
    parts = [HEAD.format(version=botocore.__version__)]
    for prefix, (yes, no) in sorted(found.items()):
        parts.append(_row(prefix, sorted(yes), sorted(no)))
    return "\n".join(parts)


def _row(prefix: str, yes: list[str], no: list[str]) -> str:
    listed = "\n".join(f'  "{action}",' for action in yes)
    source = f"https://github.com/boto/botocore/tree/develop/botocore/data/{'cloudhsmv2' if prefix == 'cloudhsm' else prefix}"
    lines = ["[[cross_account_only]]", f'id = "{prefix}-cross-account"', f'service = "{prefix}"', f'source = "{source}"']
    lines += ['why = "Of this service only these operations work from another account."']
    lines += [f"actions = [\n{listed}\n]", f'example = "{yes[0]}"', f'counter_example = "{no[0]}"', ""]
    return "\n".join(lines)


def main() -> int:
    """Writes the table, or with --check says whether it is what the installed models say."""
    made = table(PREFIXES)
    if "--check" not in sys.argv:
        TABLE.write_text(made, encoding="utf-8")
        return 0
    rows = {name: tomllib.loads(text)["cross_account_only"] for name, text in (("table", TABLE.read_text(encoding="utf-8")), ("models", made))}
    held, now = ({action for row in rows[name] for action in row["actions"]} for name in ("table", "models"))
    print(f"only in the table: {sorted(held - now)}; only in the models: {sorted(now - held)} ({Path(botocore.__file__).parent})")
    return int(held != now)


if __name__ == "__main__":
    sys.exit(main())
