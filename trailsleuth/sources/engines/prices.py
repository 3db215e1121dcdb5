"""What a query costs, as a sentence: before it runs the price, afterwards what it read. The prices are rows of data/prices.toml."""

from __future__ import annotations

from functools import cache
from typing import Any

from trailsleuth.sources.base import DATA
from trailsleuth.tables import read_toml


@cache
def _prices() -> dict[str, Any]:
    return read_toml(DATA / "prices.toml")


def price_of(engine: str) -> str:
    """`$5 per TB read (list price of us-east-1)`."""
    row = _prices()[engine]
    return f"${row['dollars']:g} per {row['unit_name']} read (list price of us-east-1)"


def cost_of(engine: str, scanned: int) -> str:
    """`12.3 MB read, about $0.0001`."""
    row = _prices()[engine]
    dollars = row["dollars"] * max(scanned, row["least"] if scanned else 0) / row["unit"]
    return f"{_size(scanned)} read, about ${dollars:,.4f}"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.2f} TB"
