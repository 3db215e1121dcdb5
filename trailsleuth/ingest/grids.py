"""Tables inside JSON: a header somewhere, and rows that are lists of cells; and values that carry their type: DynamoDB's `{"S": "…"}`, MongoDB's
`{"$date": "…"}`, lists of one where an index answers with all values of a field.

Sentinel and Log Analytics (`tables[].columns`, `rows`), Splunk (`fields`, `rows`), pandas (`columns`, `data`), Snowflake, Databricks and BigQuery, ClickHouse,
Elastic's SQL, Grafana's frames, `aws athena get-query-results`, CloudTrail Lake's rows of one-member maps, Logs Insights' rows of field and value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trailsleuth.ingest.rows import TableRow
from trailsleuth.ingest.tables import names_columns

_NAMED = ("name", "Name", "ColumnName", "field", "label", "title", "column_name")
_MOST_COLUMNS = 5000
_DEEP = 3
_DYNAMODB = frozenset({"S", "N", "BOOL", "NULL", "L", "M", "SS", "NS", "B"})
_MONGODB = frozenset({"$date", "$oid", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal"})
_TYPES = _DYNAMODB | _MONGODB
_DEEPEST = 64


def row_of_cells(members: list[Any]) -> dict[str, Any] | None:
    """The row that a list of cells is: one-member maps (Lake), or field and value (CloudWatch Logs Insights); None for any other list."""
    if not members or not all(isinstance(cell, dict) for cell in members):
        return None
    if all(cell.keys() == {"field", "value"} for cell in members):
        return {str(cell["field"]): cell["value"] for cell in members}
    if not all(len(cell) == 1 for cell in members):
        return None
    row = {str(key): value for cell in members for key, value in cell.items()}
    return row if len(row) == len(members) and (len(row) > 1 or "eventJson" in row or "eventjson" in row) else None


def rows_below_header(members: list[Any]) -> Iterator[dict[str, Any]] | None:
    """The rows of lists of cells, the first of which names the columns, as `--query 'ResultSet.Rows[].Data[].VarCharValue'` cuts them."""
    if len(members) < 2 or not all(row.__class__ is list and len(row) == len(members[0]) for row in members):
        return None
    header = members[0]
    if not all(isinstance(name, str) for name in header) or not names_columns(header):
        return None
    return (TableRow(zip(header, cells, strict=True)) for cells in members[1:])


def grid_in(members: dict[str, Any], *, may_be_record: bool = False) -> Iterator[dict[str, Any]] | None:
    """The rows of the table that an object is; None where it is none.

    What may be a record is looked at as a table by column alone: a caller writes its members.
    """
    if (turned := _turned(members)) is not None:
        return map(TableRow, turned)
    if may_be_record:
        return None
    if (framed := _frame(members)) is not None:
        return framed
    if isinstance(result := members.get("ResultSet"), dict) and isinstance(rows := result.get("Rows"), list):
        return _athena(rows)
    headers = list(_headers(members, _DEEP))
    if not headers:
        return None
    for rows in _lists_of_rows(members, _DEEP):
        if (table := _by_column(headers, rows)) is not None:
            return table
        width = len(_cells(rows[0]) or ())
        header = next((header for header in headers if len(header) == width), None)
        if header:
            return (TableRow(zip(header, cells, strict=False)) for row in rows if (cells := _cells(row)) is not None)
    return None


def _by_column(headers: list[list[str]], columns: list[Any]) -> Iterator[dict[str, Any]] | None:
    """Lists that hold a column each: as many as there are names, and each of another length."""
    alike = all(column.__class__ is list and len(column) == len(columns[0]) for column in columns)
    header = next((header for header in headers if len(header) == len(columns) and names_columns(header)), None)
    if not alike or header is None or len(columns[0]) == len(columns):
        return None
    return (TableRow(zip(header, cells, strict=True)) for cells in zip(*columns, strict=True))


def _headers(value: object, depth: int) -> Iterator[list[str]]:
    """Lists of names, or of objects with a name."""
    if isinstance(value, dict) and depth:
        for member in value.values():
            yield from _headers(member, depth - 1)
    elif isinstance(value, list) and 0 < len(value) <= _MOST_COLUMNS:
        if all(isinstance(name, str) for name in value):
            yield value
        elif all(isinstance(column, dict) for column in value):
            for key in _NAMED:
                if all(isinstance(column.get(key), str) for column in value):
                    yield [column[key] for column in value]
                    return


def _lists_of_rows(value: object, depth: int) -> Iterator[list[Any]]:
    if isinstance(value, dict) and depth:
        for member in value.values():
            yield from _lists_of_rows(member, depth - 1)
    elif isinstance(value, list) and value and _cells(value[0]) is not None:
        yield value


def _cells(row: object) -> list[Any] | None:
    """The cells of a row: a list, or BigQuery's `{"f": [{"v": …}]}`."""
    if isinstance(row, list):
        return row
    if isinstance(row, dict) and row.keys() == {"f"} and isinstance(row["f"], list):
        return [cell.get("v") if isinstance(cell, dict) else None for cell in row["f"]]
    return None


def _turned(members: dict[str, Any]) -> list[dict[str, Any]] | None:
    """A table by column, `{"eventName": {"0": …, "1": …}}`, as pandas writes it unless it is told otherwise; also with lists."""
    if "eventName" not in members and "eventname" not in members:
        return None
    columns = list(members.values())
    if not columns[0]:
        return None
    if all(isinstance(column, dict) and column.keys() == columns[0].keys() for column in columns):
        return [{name: column[key] for name, column in members.items()} for key in columns[0]]
    if all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        return [{name: column[index] for name, column in members.items()} for index in range(len(columns[0]))]
    return None


def _frame(members: dict[str, Any]) -> Iterator[dict[str, Any]] | None:
    """A data frame of Grafana: `schema.fields` names the columns, and `data.values` holds each of them."""
    schema, data = members.get("schema"), members.get("data")
    columns = data.get("values") if isinstance(schema, dict) and isinstance(data, dict) and data.keys() <= {"values", "entities", "nanos"} else None
    if not isinstance(columns, list) or not all(isinstance(column, list) for column in columns):
        return None
    header = next((names for names in _headers(schema, 2) if len(names) == len(columns)), None)
    return (TableRow(zip(header, cells, strict=True)) for cells in zip(*columns, strict=False)) if header else None


def _athena(rows: list[Any]) -> Iterator[dict[str, Any]]:
    """The rows of `aws athena get-query-results`; its first row is the header. A row of another form comes back as it is."""
    header: list[str] = []
    for row in rows:
        data = row.get("Data") if isinstance(row, dict) else None
        if not isinstance(data, list):
            yield row if isinstance(row, dict) else {"row": row}
            continue
        cells = [cell.get("VarCharValue") if isinstance(cell, dict) else None for cell in data]
        if header:
            yield TableRow(zip(header, cells, strict=False))
        else:
            header = [str(cell) for cell in cells]


def untyped(members: dict[str, Any]) -> dict[str, Any]:
    """The object with plain values; itself where no value carries a type."""
    values = members.values()
    if any(value.__class__ is dict and _is_typed(value) for value in values):
        return {name: _untyped(value, _DEEPEST) for name, value in members.items()}
    if all(value.__class__ is list for value in values) and any(len(value) == 1 for value in values) and names_columns(list(members)):
        return {name: value[0] if len(value) == 1 else value or None for name, value in members.items()}
    return members


def _is_typed(value: dict[str, Any]) -> bool:
    return len(value) == 1 and not _TYPES.isdisjoint(value)


def _untyped(value: object, depth: int) -> object:
    if not depth:
        return value
    if isinstance(value, list):
        return [_untyped(one, depth - 1) for one in value]
    if not isinstance(value, dict):
        return value
    if not _is_typed(value):
        return {name: _untyped(one, depth - 1) for name, one in value.items()}
    kind, held = next(iter(value.items()))
    if kind == "NULL":
        return None
    if kind in ("N", "$numberLong", "$numberInt") and isinstance(held, str) and held.removeprefix("-").isdigit() and len(held) < 16:
        return int(held)
    return _untyped(held, depth - 1)
