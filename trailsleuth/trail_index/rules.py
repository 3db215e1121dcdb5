"""By which rules an index was made."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

_RULES = {
    "trailsleuth.scan": ("first_look.py", "plain.py", "quick_denial.py", "identity.py"),
    "trailsleuth.ingest": ("identity.py", "issued.py"),
    "trailsleuth.trail_index": ("rows.py",),
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
