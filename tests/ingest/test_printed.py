"""Tables that were printed for the eye are read as the rows that they show; one that was cut is named."""

from __future__ import annotations

import html
import json
import textwrap
from typing import Any

import pytest

from tests.ingest.build import a_denial, a_record, ids, read, reasons

RECORDS = [a_record(1), a_denial(2)]


def row(record: dict[str, Any]) -> dict[str, str]:
    held = {name.lower(): value if isinstance(value, str) else json.dumps(value) for name, value in record.items()}
    return held | {"errorcode": held.get("errorcode", ""), "errormessage": held.get("errormessage", "")}


ROWS = [row(record) for record in RECORDS]
NAMES = list(ROWS[1])
CELLS = [[held.get(name, "") for name in NAMES] for held in ROWS]


def framed(left: str, middle: str, right: str, rule: str, crossing: str) -> str:
    widths = [max(len(name), *(len(cells[n]) for cells in CELLS)) for n, name in enumerate(NAMES)]
    line = left + crossing.join(rule * (width + 2) for width in widths) + right
    rows = [middle + middle.join(f" {cell:<{width}} " for cell, width in zip(cells, widths, strict=True)) + middle for cells in (NAMES, *CELLS)]
    return "\n".join([line, rows[0], line, *rows[1:], line, ""])


def wrapped(width: int) -> str:
    """As DuckDB wraps cells: the parts below each other, a rule between the rows."""
    rule = "├" + "┼".join("─" * (width + 2) for _ in NAMES) + "┤"
    lines = [rule]
    for cells in (NAMES, *CELLS):
        parts = [[cell[at : at + width] for at in range(0, len(cell) or 1, width)] for cell in cells]
        printed = ("│" + "│".join(f" {(part[n] if n < len(part) else ''):<{width}} " for part in parts) + "│" for n in range(max(map(len, parts))))
        lines.extend(printed)
        lines.append(rule)
    return "\n".join(lines) + "\n"


def below(mark: str, member: str) -> str:
    return "".join(mark.format(n) + "".join(member.format(name, value) for name, value in zip(NAMES, cells, strict=True)) for n, cells in enumerate(CELLS, 1))


def in_columns(rule: str = "", *, right: bool = False) -> str:
    """Columns by their place alone, as `tabulate`, SQLite and pandas print them."""
    widths = [max(len(name), *(len(cells[n]) for cells in CELLS)) for n, name in enumerate(NAMES)]
    lines = [
        "  ".join(f"{cell or 'NaN':>{width}}" if right else f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in (NAMES, *CELLS)
    ]
    if right:
        lines = [f"{number}  {line}" for number, line in zip((" ", "0", "1"), lines, strict=True)]
    return "\n".join([lines[0], *(["  ".join(rule * width for width in widths)] if rule else []), *lines[1:]]) + "\n"


def turned() -> str:
    """pandas' `df.T.to_string()`."""
    widths = [max(len(cell or "NaN") for cell in cells) for cells in CELLS]
    first = max(map(len, NAMES))
    lines = [
        f"{name:<{first}}" + "".join(f"  {cells[n] or 'NaN':>{width}}" for cells, width in zip(CELLS, widths, strict=True)) for n, name in enumerate(NAMES)
    ]
    return "\n".join([" " * first + "".join(f"  {number:>{width}}" for number, width in enumerate(widths)), *lines]) + "\n"


def cli_table(*rows: list[str]) -> str:
    """`aws --output table`: a title, no names above the columns, a bar for each level."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    rule = "|+" + "+".join("-" * (width + 4) for width in widths) + "+|"
    return "\n".join(
        [
            "-" * len(rule),
            f"|{'LookupEvents':^{len(rule) - 2}}|",
            rule,
            *("||" + "|".join(f"  {cell:<{width}}  " for cell, width in zip(row, widths, strict=True)) + "||" for row in rows),
            rule,
            "",
        ]
    )


def clixml(value: object, name: str = "") -> str:
    mark = f' N="{name}"' if name else ""
    if isinstance(value, dict):
        held = "<MS>" + "".join(clixml(member, key) for key, member in value.items()) + "</MS>"
        return f'<Obj{mark} RefId="1"><TNRef RefId="0" />{held}</Obj>' if name else held
    return f"<S{mark}>{html.escape(str(value))}</S>" if value is not None else f"<Nil{mark} />"


PAGE = "<table><tr>{}</tr>{}</table>".format(
    "".join(f"<th>{name}</th>" for name in NAMES),
    "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>\n" for cells in CELLS),
)
TABLES = {
    "MySQL": framed("+", "|", "+", "-", "+"),
    "DuckDB": framed("├", "│", "┤", "─", "┼"),
    "DuckDB, wrapped": wrapped(30),
    "psql": framed("", "|", "", "-", "+").split("\n", 1)[1].replace("\n|", "\n").replace("|\n", "\n")[1:] + "(2 rows)\n",
    "Markdown": "\n".join(["| " + " | ".join(cells) + " |" for cells in (NAMES, ["---"] * len(NAMES), *CELLS)]) + "\n",
    "Markdown behind a heading": "# Found\n\nThis is it:\n\n"
    + "\n".join(f"|{'|'.join(cells)}|" for cells in (NAMES, [":--"] * len(NAMES), *CELLS))
    + "\n\nDone.\n",
    "records in a column": "| @timestamp | @message |\n|---|---|\n" + "".join(f"| 2026-03-04 09:00:00 | {json.dumps(record)} |\n" for record in RECORDS),
    "HTML": f"<html><body><p>Found:</p>{PAGE}<p>{{}}</p></body></html>",
    "MySQL, \\G": below("*************************** {}. row ***************************\n", "{:>24}: {}\n") + "2 rows in set (0.00 sec)\n",
    "psql, \\x": below("-[ RECORD {} ]------+-----------\n", "{:<20}| {}\n"),
    "ClickHouse": below("\nRow {}:\n──────\n", "{}:   {}\n") + "\n2 rows in set. Elapsed: 0.010 sec.\n",
    "a prompt before it": "mysql> table trail;\n" + framed("+", "|", "+", "-", "+") + "2 rows in set (0.01 sec)\n",
    "MediaWiki": '{| class="wikitable"\n! ' + " !! ".join(NAMES) + "".join("\n|-\n| " + "\n| ".join(cells) for cells in CELLS) + "\n|}\n",
    "AsciiDoc": "|===\n|" + " |".join(NAMES) + "\n\n" + "".join(f"|{cell}\n" for cells in CELLS for cell in cells) + "|===\nSee above.\n",
    "reStructuredText, a list": ".. list-table::\n   :header-rows: 1\n\n"
    + "".join("   * - " + "\n     - ".join(cells) + "\n" for cells in (NAMES, *CELLS))
    + "\nText.\n",
    "a list of lists": [NAMES, *CELLS],
    "tabulate": in_columns(),
    "SQLite, columns": in_columns("-"),
    "reStructuredText": "=====  ====\n" + in_columns("=") + "=====  ====\n",
    "pandas": in_columns(right=True),
    "pandas, turned": turned(),
    "members alone": "\n".join("\n".join(f"{name}: {cell}" for name, cell in zip(NAMES, cells, strict=True)) + "\n" for cells in CELLS),
    "SQLite, lines": below("\n", "{:>24} = {}\n"),
    "Spark, vertical": below("-RECORD {}---------\n", " {:<20} | {}\n"),
    "PowerShell's Format-List": below("\n", "{:<20} : {}\n"),
    "Markdown, wrapped without rules": "\n".join(
        wrapped(30).replace("│", "|").replace("├", "|").replace("┤", "|").replace("┼", "|").replace("─", "-").split("\n")[1:]
    ),
    "Polars": "shape: (2, 9)\n" + framed("├", "│", "┤", "─", "┼").replace(" │ ", " ┆ "),
    "ClickHouse, pretty": "".join(f"{'1. ' if line.startswith('│ 1') else '   '}{line}\n" for line in framed("├", "│", "┤", "─", "┼").split("\n")),
    "AWS CLI, rows": cli_table(*(["1772614801.0", json.dumps(record)] for record in RECORDS)),
    "AWS CLI, members": "".join(cli_table(["CloudTrailEvent", json.dumps(record)], ["EventName", record["eventName"]]) for record in RECORDS),
    "HTML without a table": PAGE.removeprefix("<table>").removesuffix("</table>"),
    "XML": "<?xml version='1.0'?>\n<data>\n"
    + "".join("<row>" + "".join(f"<{name}>{html.escape(cell)}</{name}>" for name, cell in zip(NAMES, cells, strict=True)) + "</row>\n" for cells in CELLS)
    + "</data>\n",
    "XML, names as attributes": "<results>\n"
    + "".join(
        "<result>"
        + "".join(f"<field k='{name}'><value><text>{html.escape(cell)}</text></value></field>" for name, cell in zip(NAMES, cells, strict=True))
        + "</result>"
        for cells in CELLS
    )
    + "</results>\n",
    "PowerShell's Clixml": "<Objs>" + "".join(f"<Obj><TN><T>x</T></TN>{clixml(record)}</Obj>" for record in RECORDS) + "</Objs>",
    "several records in one line": "<events>" + "".join(f"<event><![CDATA[{json.dumps(record)}]]></event>" for record in RECORDS) + "</events>",
}


@pytest.mark.parametrize("form", TABLES)
def test_the_rows_are_read(form: str) -> None:
    evidence = read(TABLES[form])
    assert ids(evidence) == ["e-0001", "e-0002"]
    assert evidence.coverage.denied == 1
    refused = next(record for record in evidence.records if record.denial)
    assert refused.identity.arn == RECORDS[1]["userIdentity"]["arn"]


def test_the_lines_of_a_notebook_are_one_text() -> None:
    lines = [f"{line}\n" for line in json.dumps(RECORDS, indent=2).split("\n")]
    cell = {"cell_type": "code", "outputs": [{"name": "stdout", "output_type": "stream", "text": lines}], "source": ["print(records)"]}
    assert ids(read({"cells": [cell], "metadata": {}, "nbformat": 4})) == ["e-0001", "e-0002"]


def test_an_answer_of_a_tool_may_put_words_around_the_records() -> None:
    text = f"Found two events:\n\n```json\n{json.dumps(RECORDS, indent=2)}\n```\nAsk for more."
    assert ids(read({"content": [{"type": "text", "text": text}]})) == ["e-0001", "e-0002"]


@pytest.mark.parametrize("cut", ["…", "..."])
def test_a_table_with_cut_cells_is_named(cut: str) -> None:
    table = "\n".join(
        "| " + " | ".join(cell[:20] + cut if len(cell) > 24 else cell for cell in cells) + " |" for cells in (NAMES, ["---"] * len(NAMES), *CELLS)
    )
    evidence = read(table)
    assert evidence.records == ()
    assert "cells may be cut" in reasons(evidence)


def test_a_row_of_another_width_is_said() -> None:
    table = "\n".join(["| " + " | ".join(cells) + " |" for cells in (NAMES, ["---"] * len(NAMES), *CELLS, ["x", "y"])])
    assert "1 rows of a printed table have more or fewer cells than its header" in reasons(read(table))


def test_other_tables_stay_text() -> None:
    for table in ("| a | b |\n|---|---|\n| 1 | 2 |\n", "<table><tr><th>a</th></tr><tr><td>1</td></tr></table>", "-[ RECORD 1 ]--\na | b\n", "<table>"):
        assert read(table).records == ()


def test_indented_members_are_no_record_below_each_other() -> None:
    """The ARN of the role's issuer stands deeper than the caller's: read line by line it would be the caller's."""
    text = "Seen:\n  eventName: RunTask\n  eventTime: 2026-03-04T09:00:00Z\n  userIdentity:\n    arn: arn:aws:iam::222222222222:user/a\n    errorCode: x\n"
    assert read(text).records == ()


def test_wrapped_words_keep_their_blanks() -> None:
    names = ["eventTime", "eventName", "errorCode", "errorMessage"]
    message = "User: x is not authorized to perform: ecs:RunTask on resource: * because no identity-based policy allows the ecs:RunTask action"
    parts = textwrap.wrap(message, 50)
    first, *more = parts
    lines = [["2026-03-04T09:00:00Z", "RunTask", "AccessDenied", first], *([["", "", "", part] for part in more])]
    rule = "+".join("-" * 52 for _ in range(4))
    table = "\n".join([f"+{rule}+", *("|" + "|".join(f" {cell:<50} " for cell in names) + "|",), f"+{rule}+"])
    table += "\n" + "\n".join("|" + "|".join(f" {cell:<50} " for cell in cells) + "|" for cells in lines) + f"\n+{rule}+\n"
    table += "\n".join("|" + "|".join(f" {cell:<50} " for cell in ["2026-03-04T09:00:01Z", "Tag", "", ""]) + "|" for _ in range(1)) + f"\n+{rule}+\n"
    (record,) = [record for record in read(table).records if record.denial]
    assert record.error_message == message
