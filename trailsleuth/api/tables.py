"""Records, sessions and timelines as DataFrames, for notebooks: read, filtered and flattened in one call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Unpack

from trailsleuth.api import views
from trailsleuth.api.views import Conditions, Where
from trailsleuth.report import frames
from trailsleuth.report.views import MOMENT_COLUMNS, SESSION_COLUMNS, moment_document, session_document

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["events", "sessions", "timeline"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def events(paths: Paths, **conditions: Unpack[Conditions]) -> pd.DataFrame:
    """One row a record that meets the conditions: `ts.events("logs/", denied=True, call="s3:*")`."""
    return frames.records_frame(views.events(paths, Where(**conditions)))


def sessions(paths: Paths, **conditions: Unpack[Conditions]) -> pd.DataFrame:
    """One row a credential, with who handed it out."""
    found, _ = views.sessions(paths, Where(**conditions))
    return _frame(map(session_document, found), SESSION_COLUMNS, times=("opened_at", "first", "last"))


def timeline(paths: Paths, **conditions: Unpack[Conditions]) -> pd.DataFrame:
    """One row a call in the order of time, equal ones in a row as one."""
    found, _ = views.timeline(paths, Where(**conditions))
    return _frame(map(moment_document, found), MOMENT_COLUMNS, times=("time", "until"))


def _frame(rows: Iterable[dict[str, object]], columns: Sequence[str], *, times: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns))
    for column in times:
        frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
    return frame
