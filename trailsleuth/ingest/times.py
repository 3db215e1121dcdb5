"""Times as trails write them, in UTC.

Seen: `2026-03-04T09:03:17Z`, with fractions or an offset, `20131102T010628Z`, `2026-03-04 09:03:17.123456789` (Athena, Panther), epochs in seconds or
milliseconds (the AWS CLI prints both floats and ISO), prose in STS answers: `Jul 10, 2023, 12:09:47 PM`, and what portals and spreadsheets make of them:
`3/4/2026, 9:03:17.000 AM`, `04.03.2026 09:03`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from trailsleuth.patterns import late

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PROSE = late(r"([A-Za-z]{3})[a-z]{0,6} (\d{1,2}), (\d{4}),? (\d{1,2}):(\d\d):(\d\d) ?([AaPp])\.?[Mm]")
_SLASHED = late(r"(\d{1,2})/(\d{1,2})/(\d{4}),? (\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?: ?([AaPp])\.?[Mm]\.?)?")
_DOTTED = late(r"(\d{1,2})\.(\d{1,2})\.(\d{4}),? (\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?")
_MONTH_FIRST = late(r"([A-Za-z]{3})[a-z]{0,6} (\d{1,2}), (\d{4}) @ (\d{1,2}):(\d\d):(\d\d)(?:\.\d{1,9})?")  # Kibana
_EPOCH = late(r"\d{9,14}(\.\d{1,9})?")
_FRACTION = late(r"(\.\d{6})\d+")
_MILLISECONDS_FROM = 100_000_000_000  # as seconds this would be the year 5138
_START = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: object) -> datetime | None:
    """The time in UTC, or None where the value is none. A time without an offset is taken as UTC, as CloudTrail writes it."""
    match value:
        case str():
            return _parse_text(value.strip()[:64])
        case bool():
            return None
        case int() | float():
            return _parse_epoch(value)
        case _:
            return None


def why_no_time(value: object) -> str:
    """Why the value is none."""
    if isinstance(value, str) and _SLASHED.fullmatch(value.strip()[:64]):
        return "may mean two days, as Excel rewrites times: export it again as CloudTrail has it, 2026-03-04T09:03:17Z"
    return "is missing" if value is None else "cannot be read as a time"


def _parse_text(text: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return _parse_odd(text)
    return _in_utc(time)


def _in_utc(time: datetime) -> datetime | None:
    if time.tzinfo is UTC:
        return time
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _parse_odd(text: str) -> datetime | None:
    if _EPOCH.fullmatch(text):
        return _parse_epoch(float(text))
    if found := _PROSE.fullmatch(text.replace("\u202f", " ")):
        return _parse_prose(found)
    if found := _MONTH_FIRST.fullmatch(text):
        return _parse_prose(found)
    if found := _SLASHED.fullmatch(text.replace("\u202f", " ")):
        return _parse_slashed(found)
    if found := _DOTTED.fullmatch(text):
        day, month, year, hour, minute, second = (int(part or 0) for part in found.groups())
        return _at(year, month, day, hour, minute, second)
    shorter = _FRACTION.sub(r"\1", text.removesuffix(" UTC"))
    return _parse_text(shorter) if shorter != text else None


def _parse_epoch(value: float) -> datetime | None:
    try:
        return _START + timedelta(milliseconds=value) if abs(value) >= _MILLISECONDS_FROM else _START + timedelta(seconds=value)
    except (OverflowError, ValueError):
        return None


def _parse_prose(found: re.Match[str]) -> datetime | None:
    month, day, year, hour, minute, second = found.groups()[:6]
    if month.lower() not in _MONTHS:
        return None
    half = found.group(7) if found.re.groups > 6 else None
    return _at(int(year), _MONTHS.index(month.lower()) + 1, int(day), _hours(hour, half), int(minute), int(second))


def _parse_slashed(found: re.Match[str]) -> datetime | None:
    """Month and day as America writes them, where AM or PM says so or only one order is a date; None where both are: a guess may be months off."""
    first, second, year, hour, minute, seconds, half = found.groups()
    month, day = int(first), int(second)
    if month > 12:
        month, day = day, month
    elif not half and day <= 12 and month != day:
        return None
    return _at(int(year), month, day, _hours(hour, half), int(minute), int(seconds or 0))


def _hours(hour: str, half: str | None) -> int:
    return int(hour) % 12 + (12 if half in ("P", "p") else 0) if half else int(hour)


def _at(year: int, month: int, day: int, hour: int, minute: int, second: int) -> datetime | None:
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
