"""The program in a terminal of its own, in pipes, and as a shell completes it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios

import pytest

from tests.test_cases import CASES
from trailsleuth.cli.talk import manners_first
from trailsleuth.report.layout import width_of

EVIDENCE = str(CASES / "cp-key-both-sides" / "evidence")
PROGRAM = [sys.executable, "-m", "trailsleuth"]
PLAIN = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS", "LINES", "TERM", "TRAILSLEUTH_DEBUG"}}
PLAIN |= {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}


def in_terminal(*arguments, columns=80, **environment):
    """What a terminal of that width receives on stdout, and the exit code."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen([*PROGRAM, *arguments], stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, env=PLAIN | environment)
    os.close(slave)
    received = b""
    while True:
        ready, _, _ = select.select([master], [], [], 0.2)
        if ready:
            try:
                data = os.read(master, 65536)
            except OSError:  # the other side is closed
                break
            if not data:
                break
            received += data
        elif process.poll() is not None:
            break
    os.close(master)
    return received.decode().replace("\r\n", "\n"), process.wait()


def bare(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def without_long_words(lines, most):
    """Lines that can be broken to any width: an ARN or an id is never broken, so that it can be copied and searched for."""
    return [line for line in lines if max(map(len, line.split()), default=0) <= most]


def to_be_copied(text):
    """Without the blocks that are there to be copied: JSON, which may be wider than the terminal."""
    return re.sub(r"^[{\[]\n.*?^[}\]]\n", "", text, flags=re.M | re.S)


@pytest.mark.parametrize("columns", [80, 200])
def test_a_report_fits_its_terminal(columns):
    text, code = in_terminal("diagnose", EVIDENCE, columns=columns)
    assert code == 0
    assert "\x1b[1;31mCAUSE FOUND\x1b[0m" in text
    lines = to_be_copied(bare(text)).splitlines()
    assert max(map(width_of, without_long_words(lines, 40))) <= columns
    assert any(width_of(line) > 80 for line in without_long_words(lines, 40)) is (columns == 200)


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("view", ["events", "sessions", "timeline"])
def test_a_view_fits_its_terminal(view, columns):
    text, code = in_terminal(view, EVIDENCE, columns=columns)
    assert code == 0
    assert max(map(width_of, without_long_words(bare(text).splitlines(), 8)), default=0) <= columns
    assert "\x1b[31m✗" in text


def test_colour_is_as_it_was_asked_for():
    assert "\x1b[" not in in_terminal("diagnose", EVIDENCE, NO_COLOR="1")[0]
    assert "\x1b[" not in in_terminal("diagnose", EVIDENCE, TERM="dumb")[0]
    assert "\x1b[" not in in_terminal("--color", "never", "diagnose", EVIDENCE)[0]
    assert "\x1b[" in in_terminal("diagnose", EVIDENCE, "--color=always", NO_COLOR="1")[0]
    piped = subprocess.run([*PROGRAM, "diagnose", EVIDENCE], capture_output=True, env=PLAIN, check=True).stdout
    forced = subprocess.run([*PROGRAM, "diagnose", EVIDENCE, "--color", "always"], capture_output=True, env=PLAIN, check=True).stdout
    assert b"\x1b[" not in piped
    assert bare(forced.decode()) == piped.decode()


def shell(line):
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.replace("PROGRAM", " ".join(PROGRAM)).replace("EVIDENCE", EVIDENCE)], capture_output=True, env=PLAIN
    )


@pytest.mark.parametrize(
    "command", ["diagnose EVIDENCE", "diagnose EVIDENCE -o json", "events EVIDENCE -o jsonl", "timeline EVIDENCE", "diagnose EVIDENCE -o html"]
)
def test_a_reader_that_goes_away_sees_no_traceback(command):
    ran = shell(f"PROGRAM {command} | head -n 1")
    assert ran.stderr == b""
    assert ran.stdout.count(b"\n") == 1


def test_json_alone_stands_on_stdout_for_the_next_program():
    ran = shell(f"PROGRAM diagnose EVIDENCE -o json | {sys.executable} -c 'import json, sys; print(json.load(sys.stdin)[\"outcome\"])'")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"cause_found\n", b"")


def test_evidence_may_come_through_a_pipe():
    ran = shell("PROGRAM events EVIDENCE -o json | PROGRAM diagnose - -o json")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["outcome"] == "cause_found"


def run(*arguments):
    ran = subprocess.run([*PROGRAM, *arguments], capture_output=True, text=True, env=PLAIN, check=False)
    return ran.returncode, ran.stdout, ran.stderr


def test_quiet_and_verbose_are_about_stderr_alone():
    code, out, err = run("diagnose", EVIDENCE)
    quiet, verbose = run("diagnose", EVIDENCE, "--quiet"), run("-v", "diagnose", EVIDENCE)
    assert quiet == (code, out, "")
    assert verbose[:2] == (code, out)
    assert err == ""
    assert re.search(r"records of 2 accounts .*; \d+\.\d s\n", verbose[2])
    assert run("-q", "diagnose", "/nowhere")[2].startswith("error: ")  # errors are always said
    assert run("-q", "-v", "diagnose", EVIDENCE)[0] == 2
    assert run("--color", "pink", "diagnose", EVIDENCE)[0] == 2


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["diagnose", "x", "--quiet"], ["--quiet", "diagnose", "x"]),
        (["diagnose", "x", "--color", "never", "-v"], ["--color", "never", "--verbose", "diagnose", "x"]),
        (["diagnose", "--color=always"], ["--color=always", "diagnose"]),
        (["diagnose", "--", "--quiet"], ["diagnose", "--", "--quiet"]),
        (["diagnose", "--color"], ["--color", "diagnose"]),
        ([], []),
    ],
)
def test_how_to_speak_may_be_said_anywhere(given, wanted):
    assert manners_first(given) == wanted


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("trailsleuth dia", "diagnose"),
        ("trailsleuth diagnose --out", "--output"),
        ("trailsleuth diagnose --output sar", "sarif"),
        ("trailsleuth ti", "timeline"),
    ],
)
def test_a_shell_completes_commands_options_and_values(words, wanted):
    environment = PLAIN | {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1), "_TRAILSLEUTH_COMPLETE": "complete_bash"}
    ran = subprocess.run([*PROGRAM], capture_output=True, text=True, env=environment, check=False)
    assert wanted in ran.stdout.split()
    assert ran.stderr == ""


@pytest.mark.parametrize(("name", "written"), [("bash", "complete -o default"), ("zsh", "#compdef trailsleuth"), ("fish", "complete --command trailsleuth")])
def test_completion_can_be_shown_for_each_shell(name, written):
    by_name = PLAIN | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # else it is the shell that the tests were started from, if any
    ran = subprocess.run([*PROGRAM, "--show-completion", name], capture_output=True, text=True, env=by_name, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert written in ran.stdout
    assert "_TRAILSLEUTH_COMPLETE" in ran.stdout
