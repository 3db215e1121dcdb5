"""By which rules an index was made."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

_RULES = {
    "trailsleuth.ingest": ("scan.py", "scan_plain.py", "scan_denials.py", "scan_identity.py", "identity.py", "issued.py", "index_rows.py"),
    "trailsleuth.catalog": ("data/denied_codes.toml", "data/denial_messages.toml", "data/policy_changes.toml"),
}


@cache
def reading_rules() -> str:
    """A hash over what decides which zone a record is put in: an index that was made by other rules would keep too little."""
    digest = hashlib.sha256()
    for package, names in _RULES.items():
        for name in names:
            digest.update(files(package).joinpath(name).read_bytes())
    return digest.hexdigest()
