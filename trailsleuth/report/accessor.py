"""`df.trail`: questions to a DataFrame of records. It is there as soon as trailsleuth makes a frame, or finds pandas loaded when it is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


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
        return _chosen(self._frame, self._frame["denied"].astype(bool))

    def sessions(self) -> pd.DataFrame:
        """One row a credential: its principal, its first and last call, how many calls and how many errors."""
        grouped = self._frame.dropna(subset=["accessKeyId"]).groupby("accessKeyId", observed=True)
        return grouped.agg(
            principal=("userIdentityArn", "first"),
            first=("eventTime", "min"),
            last=("eventTime", "max"),
            calls=("eventID", "count"),
            errors=("errorCode", "count"),
        ).sort_values("first")

    def chain(self, access_key_id: str) -> pd.DataFrame:
        """Every call made with one credential, in time order."""
        return _chosen(self._frame, self._frame["accessKeyId"] == access_key_id).sort_values("eventTime")


def _chosen(frame: pd.DataFrame, rows: pd.Series[bool]) -> pd.DataFrame:
    """Some of the rows; a category has no texts that stand in none of them, which a count would list."""
    chosen = frame[rows]
    return chosen.assign(**{str(name): chosen[name].cat.remove_unused_categories() for name in chosen.select_dtypes("category")})
