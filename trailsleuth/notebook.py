"""What Jupyter shows of a case and a diagnosis, and the `trail` accessor on DataFrames of records. Nothing is decided here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from trailsleuth.model import CaseFile, Coverage
from trailsleuth.report import words
from trailsleuth.report.context import RenderContext
from trailsleuth.report.document import case_document
from trailsleuth.report.html import render_html
from trailsleuth.report.text import render_text

if TYPE_CHECKING:
    import pandas as pd

_FRAME_HEIGHT = 640


def diagnosis_html(case: CaseFile) -> str:
    """The HTML report in a frame of its own: neither its styles nor log text can reach the notebook around it."""
    page = render_html(case_document(case), RenderContext())
    frame = f'style="width:100%;height:{_FRAME_HEIGHT}px;border:1px solid #8888;border-radius:4px"'
    return f'<iframe sandbox="allow-popups" {frame} title="trailsleuth diagnosis" srcdoc="{escape(page, quote=True)}"></iframe>'


def diagnosis_text(case: CaseFile) -> str:
    """The table, for consoles and for notebooks that show no HTML."""
    return render_text(case_document(case), RenderContext())


def case_html(coverage: Coverage) -> str:
    """What the loaded evidence covers: accounts, regions, span, what was skipped."""
    seen = [(a.account, ", ".join(a.regions), f"{a.records:,}", str(a.first_event or ""), str(a.last_event or "")) for a in coverage.accounts]
    rows = "".join(f"<tr>{''.join(f'<td>{escape(words_of)}</td>' for words_of in row)}</tr>" for row in seen)
    head = "<tr><th>Account</th><th>Regions</th><th>Records</th><th>First</th><th>Last</th></tr>"
    skipped = f", {len(coverage.skipped)} skipped" if coverage.skipped else ""
    return f"<p><b>{words.plural(coverage.records_read, 'record')}</b>, {coverage.denied:,} denied{skipped}</p><table>{head}{rows}</table>"


def register_accessor() -> None:
    """Gives every DataFrame with CloudTrail's columns `df.trail.denied()`, `df.trail.sessions()` and `df.trail.chain(key)`."""
    import pandas as pd

    pd.api.extensions.register_dataframe_accessor("trail")(TrailAccessor)


class TrailAccessor:
    """Questions to a DataFrame of records, as `Case.records` gives it."""

    def __init__(self, frame: pd.DataFrame) -> None:
        if "eventName" not in frame.columns:
            raise AttributeError("df.trail is for DataFrames of CloudTrail records (no column eventName)")
        self._frame = frame

    def denied(self) -> pd.DataFrame:
        """The refused calls."""
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
