from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from trailsleuth.cli.options import FailOn, FixFormat, OutputFormat, exit_code_of, parse_time, parse_window, terminal_context
from trailsleuth.errors import UsageError
from trailsleuth.report.context import UNWRAPPED
from trailsleuth.report.fix import FIXES
from trailsleuth.report.formats import FORMS

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-04T09:00:00Z", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("2026-03-04T09:00:00", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("2026-03-04T11:00:00+02:00", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("2026-03-04 09:00", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("20260304T090000Z", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        ("2026-03-04", datetime(2026, 3, 4, tzinfo=UTC)),
        ("4 March 2026 9:00", datetime(2026, 3, 4, 9, tzinfo=UTC)),
        (" now ", NOW),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("90s", NOW - timedelta(seconds=90)),
        ("1w", NOW - timedelta(weeks=1)),
        ("1h30m", NOW - timedelta(minutes=90)),
    ],
)
def test_a_time_is_read_as_iso_or_as_a_span_before_now(text, moment):
    assert parse_time(text, option="--since", now=NOW) == moment


def test_no_time_is_none():
    assert parse_time(None, option="--since") is None


@pytest.mark.parametrize("text", ["", "yesterday-ish", "2026-13-40", "9999999d", "2h3x", "-2h", "99999999999999999999", "\x00"])
def test_what_is_no_time_is_wrong_usage(text):
    with pytest.raises(UsageError, match="--since"):
        parse_time(text, option="--since", now=NOW)


def test_a_window_that_ends_before_it_starts_is_wrong_usage():
    assert parse_window("3d", "2d")[0] < parse_window("3d", "2d")[1]
    with pytest.raises(UsageError, match="before"):
        parse_window("1d", "2d")


def test_every_format_offered_can_be_rendered():
    assert {member.value for member in OutputFormat} == set(FORMS)
    assert {member.value for member in FixFormat} == set(FIXES)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "COLUMNS", "TERM"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_colour_is_for_terminals_and_never_with_no_color(plain_environment):
    assert terminal_context(Terminal()).color
    assert not terminal_context(io.StringIO()).color
    plain_environment.setenv("TERM", "dumb")
    assert not terminal_context(Terminal()).color
    plain_environment.delenv("TERM")
    plain_environment.setenv("NO_COLOR", "1")
    assert not terminal_context(Terminal()).color


@pytest.mark.parametrize(("columns", "width"), [("10", 40), ("80", 80), ("120", 120), ("999", 200)])
def test_the_width_is_the_terminals_within_reason(plain_environment, columns, width):
    plain_environment.setenv("COLUMNS", columns)
    assert terminal_context(Terminal()).width == width


def test_nothing_is_wrapped_for_a_pipe_and_its_encoding_decides(plain_environment):
    assert (terminal_context(io.StringIO()).width, terminal_context(io.StringIO()).piped) == (UNWRAPPED, True)
    assert not terminal_context(Terminal()).piped
    plain_environment.setenv("COLUMNS", "90")
    assert terminal_context(io.StringIO()).width == 90
    assert not terminal_context(io.TextIOWrapper(io.BytesIO(), encoding="ascii")).unicode
    assert terminal_context(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")).unicode


@pytest.mark.parametrize(
    ("fail_on", "codes"),
    [(None, [0, 1, 3]), (FailOn.CAUSE, [1, 0, 0]), (FailOn.INCONCLUSIVE, [1, 0, 3]), (FailOn.NEVER, [0, 0, 0])],
)
def test_a_ci_step_fails_on_what_it_was_told_to(fail_on, codes):
    assert [exit_code_of(found, fail_on) for found in (0, 1, 3)] == codes
