"""Tables that are written line by line, so that a stream of any length needs no memory: widths are set before the first row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from trailsleuth.report.context import RenderContext
from trailsleuth.report.layout import width_of, wrapped
from trailsleuth.report.sanitize import for_terminal

GAP = 2
_LEAST = 8


def fitted(needed: Sequence[int], room: int, *, fixed: frozenset[int] = frozenset()) -> list[int]:
    """Widths for columns that need so much: where there is no room, the widest give way, down to eight signs; `fixed` ones keep theirs."""
    widths = [max(width, 1) for width in needed]
    while sum(widths) + GAP * (len(widths) - 1) > room:
        broadest = max((number for number in range(len(widths)) if number not in fixed), key=lambda number: widths[number], default=None)
        if broadest is None or widths[broadest] <= _LEAST:
            break
        widths[broadest] -= 1
    return widths


def table_rows(headers: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int], context: RenderContext, *, strong: str = "") -> Iterator[str]:
    """The heading and each row as lines that end in a line break; a long cell continues below. Rows whose first cell begins with `strong` are red.

    Piped, a row is one line of cells parted by tabs.
    """
    if context.piped:
        yield from ("\t".join(cell.replace("\n", " ") for cell in row) + "\n" for row in chain((headers,), rows))
        return
    yield _row(headers, widths)
    for row in rows:
        text = _row(row, widths)
        yield f"\x1b[31m{text.removesuffix(chr(10))}\x1b[0m\n" if strong and row[0].startswith(strong) else text


def _row(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [[piece for part in cell.split("\n") for piece in wrapped(part, width)] for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, cells))
    return "".join(_line([cell[number] if number < len(cell) else "" for cell in cells], widths) for number in range(height))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - width_of(cell)) for cell, width in zip(cells, widths, strict=True))
    return (" " * GAP).join(padded).rstrip() + "\n"


def any_table(headers: Sequence[str], rows: Iterable[Sequence[str]], context: RenderContext, *, look: int = 200) -> Iterator[str]:
    """A table of unknown content: its widths come from the first rows."""
    waiting = iter(rows)
    first = [row for row, _ in zip(waiting, range(look), strict=False)] if look else []
    needed = [max(width_of(cell) for cell in column) for column in zip(headers, *first, strict=True)]
    widths = fitted(needed, max(context.width, 40))
    yield from table_rows(headers, chain(first, waiting), widths, context)


def safe_cell(value: object, context: RenderContext) -> str:
    """A cell of the terminal's signs alone."""
    return for_terminal("" if value is None else str(value), unicode=context.unicode)
