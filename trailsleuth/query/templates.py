"""The statements under `data/`, as trees to be filled in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from sqlglot import exp, parse_one

PLACE = "event_records"  # the table name that stands for the real one


def template(name: str, dialect: str) -> exp.Expr:
    """The statement of `data/<name>.sql`, a copy of its own, without the comments of the file."""
    return _parsed(name, dialect).copy()


@cache
def _parsed(name: str, dialect: str) -> exp.Expr:
    tree = parse_one(files("trailsleuth.query").joinpath(f"data/{name}.sql").read_text(encoding="utf-8"), dialect=dialect)
    for node in tree.walk():
        node.pop_comments()
    return tree


def filled(tree: exp.Expr, **values: exp.Expr) -> exp.Expr:
    """The statement with an expression at each `:name`."""
    return exp.replace_placeholders(tree, **values)


def with_table(tree: exp.Expr, table: exp.Table) -> exp.Expr:
    """The statement with the real table in the place of the one that stands for it."""
    for found in list(tree.find_all(exp.Table)):
        if found.name == PLACE:
            named = table.copy()
            named.set("alias", found.args.get("alias"))
            found.replace(named)
    return tree


def text(value: str) -> exp.Literal:
    """A text as a literal; the dialect that writes it escapes what has to be."""
    return exp.Literal.string(value)


def among(column: str | exp.Expr, values: Iterable[str]) -> exp.In:
    """The column is one of the values."""
    return exp.In(this=exp.column(column) if isinstance(column, str) else column, expressions=[text(value) for value in sorted(values)])
