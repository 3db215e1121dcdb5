"""The selector of enriched events that would record a condition key, where there is one."""

from __future__ import annotations

from trailsleuth.catalog.load import rows_of


def selector_for(key: str, service: str) -> tuple[str, str] | None:
    """Type and key of the selector; None where the key, or the service (an IAM prefix), is not enriched."""
    for row in rows_of("enrichment", "enriched"):
        if service in row["without"]:
            continue
        if any(key.lower() == name.lower() for name in row.get("keys", ())):
            return "RequestContext", next(name for name in row["keys"] if name.lower() == key.lower())
        if tag := next((prefix for prefix in row.get("tags", ()) if key.lower().startswith(prefix.lower())), None):
            return "TagContext", key[len(tag) :]
    return None
