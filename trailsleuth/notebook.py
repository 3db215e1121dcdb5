"""Jupyter's view: `%load_ext trailsleuth.notebook` shows cases and diagnoses as HTML and gives DataFrames of records the `trail` accessor.

Nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trailsleuth.api import Case, Diagnosis
from trailsleuth.model.explanation import Explanation
from trailsleuth.model.reduction import Reduction
from trailsleuth.report import words
from trailsleuth.report.accessor import TrailAccessor, register_accessor
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import coverage_document
from trailsleuth.report.embedded import embedded_coverage, embedded_report
from trailsleuth.report.explanation import render_explanation
from trailsleuth.report.reduction import render_reduction
from trailsleuth.report.text import render_text

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TrailAccessor", "load_ipython_extension", "register_accessor"]

_WIDTH = 100


class Formatter(Protocol):
    """One of IPython's formatters: how values of a type are shown."""

    def for_type(self, kind: type, show: Callable[..., object]) -> object: ...


class Shell(Protocol):
    """What is used of IPython's shell."""

    @property
    def display_formatter(self) -> DisplayFormatter: ...


class DisplayFormatter(Protocol):
    """IPython's formatters by MIME type."""

    @property
    def formatters(self) -> dict[str, Formatter]: ...


def load_ipython_extension(shell: Shell) -> None:
    """Called by `%load_ext trailsleuth.notebook`."""
    html, plain = (shell.display_formatter.formatters[kind] for kind in ("text/html", "text/plain"))
    html.for_type(Diagnosis, diagnosis_html)
    html.for_type(Case, case_html)
    plain.for_type(Diagnosis, lambda diagnosis, printer, _cycle: printer.text(diagnosis_text(diagnosis)))
    plain.for_type(Explanation, lambda explanation, printer, _cycle: printer.text(render_explanation(explanation, width=_WIDTH)))
    plain.for_type(Reduction, lambda reduction, printer, _cycle: printer.text(render_reduction(reduction, RenderContext())))
    plain.for_type(Case, lambda case, printer, _cycle: printer.text(case_text(case)))
    register_accessor()


def diagnosis_html(diagnosis: Diagnosis) -> str:
    """The HTML report in a frame of its own."""
    return embedded_report(diagnosis.to_html())


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """The table, for consoles and for notebooks that show no HTML."""
    return render_text(diagnosis.document(), RenderContext())


def case_html(case: Case) -> str:
    """What the loaded evidence covers."""
    return embedded_coverage(case.evidence.coverage)


def case_text(case: Case) -> str:
    """The same in a line, for consoles: the evidence itself would fill pages."""
    return words.coverage_line(coverage_document(case.evidence.coverage))
