"""The answer to one question, as an object for notebooks and scripts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from trailsleuth.errors import UsageError
from trailsleuth.model import CaseFile, Outcome
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.fix import FIXES, render_fix
from trailsleuth.report.formats import render

if TYPE_CHECKING:
    import pandas as pd

    from trailsleuth.report.pictures import Picture

EXIT_CODES = {Outcome.CAUSE_FOUND: 0, Outcome.NO_DENIAL_FOUND: 1, Outcome.INCONCLUSIVE: 3}


class Diagnosis(Struct, frozen=True, dict=True):
    """The answer to one question. `case_file` holds it whole; the tables are DataFrames made when asked for."""

    case_file: CaseFile

    @property
    def outcome(self) -> Outcome:
        """cause_found, no_denial_found or inconclusive."""
        return self.case_file.outcome

    @property
    def summary(self) -> str:
        """One or two sentences for a person."""
        return self.case_file.summary

    @property
    def exit_code(self) -> int:
        """0 a cause was found, 1 nothing was denied, 3 inconclusive."""
        return EXIT_CODES[self.case_file.outcome]

    def __repr__(self) -> str:
        return f"Diagnosis({self.outcome.value}: {self.summary})"

    def __str__(self) -> str:
        return render(self.document(), "table", RenderContext())

    def document(self) -> dict[str, Any]:
        """The JSON document `trailsleuth.case/2`."""
        return dict(case_document(self.case_file))

    def _repr_html_(self) -> str:
        from trailsleuth.report.embedded import embedded_report

        return embedded_report(self.to_html())

    def to_html(self) -> str:
        """The report as an HTML page of its own."""
        from importlib.metadata import version

        return render(self.document(), "html", RenderContext(version=version("trailsleuth")))

    def to_markdown(self) -> str:
        """The report for a ticket or a pull request."""
        return render(self.document(), "markdown", RenderContext())

    def plot(self) -> Picture:
        """The role chain, a box around each account: shown by a notebook, `plot().svg` for a file."""
        from trailsleuth.report.pictures import chain_picture

        return chain_picture(self.document())

    def plot_timeline(self) -> Picture:
        """The denied calls in the order of time, and what would be denied in the next try."""
        from trailsleuth.report.pictures import timeline_picture

        return timeline_picture(self.document())

    def fix(self, form: str = "terraform") -> str:
        """The policy change alone: terraform, cloudformation, cdk, cdk-python, cli or json."""
        if form not in FIXES:
            raise UsageError(f"there is no form {form!r} of a change", next_step=f"give one of {', '.join(FIXES)}")
        return render_fix(self.document(), form)

    @property
    def background(self) -> pd.DataFrame:
        """Denied calls of other principals, sessions and executions, one row a group."""
        from trailsleuth.report import frames

        return frames.background_frame(self.case_file)

    @cached_property
    def findings(self) -> pd.DataFrame:
        """One row a finding, the likeliest cause first, without the background."""
        from trailsleuth.report import frames

        return frames.findings_frame(self.case_file)

    @cached_property
    def deltas(self) -> pd.DataFrame:
        """One row an attachment point."""
        from trailsleuth.report import frames

        return frames.deltas_frame(self.case_file)

    @cached_property
    def chains(self) -> pd.DataFrame:
        """One row a hop."""
        from trailsleuth.report import frames

        return frames.chains_frame(self.case_file)
