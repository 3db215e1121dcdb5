"""What the records of a case show without a question, as DataFrames: the methods of `Case`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Unpack

from trailsleuth.api.denials import grouped, parse_by
from trailsleuth.api.tables import denied_frame, sessions_frame, timeline_frame
from trailsleuth.api.views import Conditions, HeldEvents, Where, moments_in, sessions_in

if TYPE_CHECKING:
    import pandas as pd

    from trailsleuth.model import Record


def stream(records: Iterable[Record], **conditions: Unpack[Conditions]) -> HeldEvents:
    """The records that meet the conditions."""
    return HeldEvents(records, Where(**conditions))


def sessions(records: Iterable[Record], **conditions: Unpack[Conditions]) -> pd.DataFrame:
    """One row a credential."""
    return sessions_frame(sessions_in(stream(records, **conditions)))


def timeline(records: Iterable[Record], **conditions: Unpack[Conditions]) -> pd.DataFrame:
    """One row a call."""
    return timeline_frame(moments_in(stream(records, **conditions)))


def denied(records: Iterable[Record], by: str | Sequence[str]) -> pd.DataFrame:
    """One row a group of denied calls."""
    return denied_frame(grouped(records, parse_by(by)))
