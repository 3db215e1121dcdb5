"""Jupyter's view: `%load_ext trailsleuth.notebook` shows cases and diagnoses as HTML and gives DataFrames of records the `trail` accessor.

Nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trailsleuth.api import Case, Diagnosis
from trailsleuth.model.explanation import Explanation
from trailsleuth.model.reduction import Reduction
from trailsleuth.report import words
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import coverage_document
from trailsleuth.report.embedded import embedded_coverage, embedded_report
from trailsleuth.report.explanation import render_explanation
from trailsleuth.report.reduction import render_reduction
from trailsleuth.report.text import render_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


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
    return embedded_report(diagnosis.document())


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """The table, for consoles and for notebooks that show no HTML."""
    return render_text(diagnosis.document(), RenderContext())


def case_html(case: Case) -> str:
    """What the loaded evidence covers."""
    return embedded_coverage(case.evidence.coverage)


def case_text(case: Case) -> str:
    """The same in a line, for consoles: the evidence itself would fill pages."""
    return words.coverage_line(coverage_document(case.evidence.coverage))


def register_accessor() -> None:
    """Gives every DataFrame with CloudTrail's columns `df.trail.denied()`, `df.trail.sessions()` and `df.trail.chain(key)`."""
    import pandas as pd

    if getattr(pd.DataFrame, "trail", None) is not TrailAccessor:  # loading the extension again is no fault
        pd.api.extensions.register_dataframe_accessor("trail")(TrailAccessor)


class TrailAccessor:
    """Questions to a DataFrame of records, as `Case.records` gives it."""

    def __init__(self, frame: pd.DataFrame) -> None:
        if "eventName" not in frame.columns:
            raise AttributeError("df.trail is for DataFrames of CloudTrail records (no column eventName)")
        self._frame = frame

    def denied(self) -> pd.DataFrame:
        """The denied calls."""
        return self._frame[self._frame["denied"].astype(bool)]

    def sessions(self) -> pd.DataFrame:
        """One row a credential: its principal, its first and last call, how many calls and how many errors."""
        grouped = self._frame.dropna(subset=["accessKeyId"]).groupby("accessKeyId")
        return grouped.agg(
            principal=("userIdentityArn", "first"),
            first=("eventTime", "min"),
            last=("eventTime", "max"),
            calls=("eventID", "count"),
            errors=("errorCode", "count"),
        ).sort_values("first")

    def chain(self, access_key_id: str) -> pd.DataFrame:
        """Every call made with one credential, in time order."""
        return self._frame[self._frame["accessKeyId"] == access_key_id].sort_values("eventTime")
