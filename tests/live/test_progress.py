"""What a user sees of the work: lines on stderr, a bar under them on a terminal, nothing left of it before the answer."""

from __future__ import annotations

import io

from trailsleuth.cli.live_progress import ConsoleProgress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_that_grows_with_the_calls_and_is_taken_away():
    stream = Terminal()
    progress = ConsoleProgress(stream)
    progress.planned(4)
    progress.asked("AccessKeyId=ASIAEXAMPLE in 111122223333 eu-west-1")
    assert stream.getvalue().endswith("[######..................] 1/4")
    progress.asked("EventName=AssumeRole in 111122223333 eu-west-1")
    assert stream.getvalue().endswith("[############............] 2/4")
    progress.finish()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_without_a_terminal_there_are_plain_lines_only():
    stream = io.StringIO()
    progress = ConsoleProgress(stream)
    progress.planned(2)
    progress.say("pipeline web is in account 111122223333")
    progress.asked("EventName=AssumeRole")
    progress.finish()
    assert stream.getvalue() == "pipeline web is in account 111122223333\nasking EventName=AssumeRole\n"


def test_what_an_account_names_itself_cannot_move_the_cursor():
    stream = io.StringIO()
    ConsoleProgress(stream).say("pipeline \x1b[2J\x1b]0;owned\x07web")
    assert "\x1b" not in stream.getvalue()


def test_a_closed_stderr_stops_nothing():
    stream = io.StringIO()
    progress = ConsoleProgress(stream)
    stream.close()
    progress.stream = Broken()
    progress.say("still there")


class Broken(io.StringIO):
    def write(self, _text):
        raise BrokenPipeError
