"""Records, sessions and timelines as DataFrames, for notebooks: read, filtered and flattened in one call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Unpack

from trailsleuth.api import denials, views
from trailsleuth.api.rows import events_frame
from trailsleuth.api.views import Conditions, Where
from trailsleuth.model.denied_view import DeniedGroups
from trailsleuth.model.view import Moment, SessionView
from trailsleuth.report import frames
from trailsleuth.report.denials import denied_columns, denied_group
from trailsleuth.report.views import MOMENT_COLUMNS, SESSION_COLUMNS, moment_document, session_document

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["denied", "events", "sessions", "timeline"]

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def events(paths: Paths, **conditions: Unpack[Conditions]) -> pd.DataFrame:
    """One row a record that meets the conditions: `ts.events("logs/", denied=True, call="s3:*")`."""
    return events_frame(views.events(paths, Where(**conditions), whole=False))


def sessions(paths: Paths, **conditions: Unpack[Conditions]) -> pd.DataFrame:
    """One row a credential, with who issued it."""
    return sessions_frame(views.sessions(paths, Where(**conditions))[0])


def timeline(paths: Paths, **conditions: Unpack[Conditions]) -> pd.DataFrame:
    """One row a call in the order of time, equal ones in a row as one."""
    return timeline_frame(views.timeline(paths, Where(**conditions))[0])


def denied(paths: Paths, by: str | Sequence[str] = denials.DEFAULT) -> pd.DataFrame:
    """One row a group of denied calls, the largest first: `ts.denied("logs/", by="principal,action,day")`; fast over gigabytes."""
    return denied_frame(denials.denied_groups(paths, by))


def sessions_frame(found: Iterable[SessionView]) -> pd.DataFrame:
    """The sessions as a table."""
    return frames.made_frame(map(session_document, found), SESSION_COLUMNS)


def timeline_frame(found: Iterable[Moment]) -> pd.DataFrame:
    """The moments as a table."""
    return frames.made_frame(map(moment_document, found), MOMENT_COLUMNS)


def denied_frame(found: DeniedGroups) -> pd.DataFrame:
    """The groups as a table; addresses, keys and marks as texts, so that they can be grouped by."""
    rows = [{name: ", ".join(value) if isinstance(value, list) else value for name, value in denied_group(found.by, view).items()} for view in found.groups]
    return frames.made_frame(rows, denied_columns(found.by))
