"""The last look at rows before they are written: files that are not in the index record by record are left out, positions count from the start of the
file, and some records change their zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trailsleuth.scan.index_shapes import Zone
from trailsleuth.trail_index.format import Table, arrow

Moved = Callable[[int, int, str], Zone | None]


def placed(table: Table, units: Mapping[int, tuple[int, int]]) -> Table:
    """`units`: of each unit the number of its file and how many records of it stand before. Rows of other units are left out."""
    pa = arrow()
    numbers = table["source"].to_pylist()
    if any(number not in units for number in numbers):
        table = table.filter(pa.array([number in units for number in numbers]))
        numbers = [number for number in numbers if number in units]
    positions = [position + units[number][1] for number, position in zip(numbers, table["position"].to_pylist(), strict=True)]
    table = _with(table, "source", [units[number][0] for number in numbers])
    return _with(table, "position", positions)


def _with(table: Table, name: str, values: list[int]) -> Table:
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(at), arrow().array(values, table.schema.field(at).type))


def parted(table: Table, moved: Moved) -> dict[Zone | None, Table]:
    """The rows by the zone that they move to; None: they stay."""
    pa = arrow()
    told = zip(*(table[name].to_pylist() for name in ("source", "position", "event_time")), strict=True)
    places = [moved(*row) for row in told]
    zones = set(places)
    if zones <= {None}:
        return {None: table}
    return {zone: table.filter(pa.array([place is zone for place in places])) for zone in zones}
