"""Faults of the machine around a run: the answer is whole or marked partial, the exit code is the contract's, and no file is left behind."""

from __future__ import annotations

import functools
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.ingest.build import a_denial, a_record
from trailsleuth.cli.app import COMMANDS

if not Path("/dev/full").exists():
    pytest.skip("the faults are those of Linux", allow_module_level=True)

PROGRAM = [sys.executable, "-m", "trailsleuth"]


def limited(kind, amount):
    """To be run in the child: no more than so much of it."""
    return lambda: resource.setrlimit(kind, (amount, amount))


FORMS = ["table", "json", "markdown", "html", "csv"]


@pytest.fixture(scope="module")
def trail(tmp_path_factory):
    path = tmp_path_factory.mktemp("evidence") / "trail.json"
    path.write_text(json.dumps({"Records": [a_denial(number, eventID=f"e-{number}", errorMessage="Access Denied") for number in range(60)]}))
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """About 40 MB, so long to read that a signal comes before the end, in a form that is read as a whole."""
    path = tmp_path_factory.mktemp("large") / "large.json"
    one = json.dumps(a_record(1, requestParameters={"pad": "x" * 2000}, eventID="e-NUMBER"))
    path.write_text("[" + ", ".join(one.replace("NUMBER", str(number)) for number in range(13_000)) + "]")
    return path


def run(*arguments, **options):
    return subprocess.run([*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, **options)


def told_shortly(stderr):
    """What the contract allows on stderr for an error: at most three lines and no traceback."""
    assert "Traceback" not in stderr
    assert "Exception ignored" not in stderr
    assert len(stderr.splitlines()) <= 3
    return stderr


def test_a_full_disk_behind_stdout_is_one_error(trail):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*PROGRAM, "diagnose", str(trail), "-o", "json"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert "No space left" in told_shortly(done.stderr)


def test_a_file_that_outgrows_its_limit_leaves_nothing_behind(trail, tmp_path):
    whole = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # compiled modules outgrow the limit, too, and half a one would stay for the next run
    done = run("diagnose", trail, "-o", "html", "--output-file", tmp_path / "out.html", env=whole, preexec_fn=limited(resource.RLIMIT_FSIZE, 1024))
    assert done.returncode == 4
    assert "cannot write" in told_shortly(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_one_error(trail):
    done = run("diagnose", trail, "--output-file", "/proc/report.txt")
    assert done.returncode == 4
    assert "cannot write /proc/report.txt" in told_shortly(done.stderr)


@pytest.mark.parametrize("device", ["/dev/full", "/dev/null"])
def test_a_device_is_written_into_and_never_replaced(trail, device):
    before = Path(device).stat().st_rdev
    done = run("diagnose", trail, "--output-file", device, "--force")
    assert done.returncode == (4 if device == "/dev/full" else 0)
    told_shortly(done.stderr)
    assert Path(device).is_char_device()
    assert Path(device).stat().st_rdev == before


def test_a_named_pipe_gets_the_report(trail, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen([*PROGRAM, "diagnose", str(trail), "-o", "json", "--output-file", str(pipe)]) as running:
        told = pipe.read_text()
    assert running.returncode == 0
    assert json.loads(told)["schema"] == "trailsleuth.case/2"
    assert pipe.is_fifo()


@pytest.mark.parametrize("form", FORMS)
def test_a_reader_that_goes_away_is_no_error(trail, form):
    with subprocess.Popen([*PROGRAM, "diagnose", str(trail), "-o", form], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.read(1)
        running.stdout.close()
        stderr = running.stderr.read()
    assert running.returncode == 0
    assert stderr == ""


@pytest.mark.parametrize("name", ["explain", "simulate", "reduce", "fix", "verify", "info", "permissions", "--help"])
def test_no_command_minds_a_closed_pipe(name, trail):
    arguments = {
        "explain": [trail],
        "simulate": [trail, "--principal", "arn:aws:iam::222222222222:role/R", "--action", "s3:GetObject", "--resource", "*"],
        "reduce": [trail, "--role", "arn:aws:iam::222222222222:role/deploy/ActionRole"],
        "fix": [trail],
        "verify": [trail.parent],
        "info": [trail],
        "permissions": ["--account", "target"],
    }.get(name, [])
    assert name == "--help" or name in COMMANDS
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as gone:
        done = subprocess.run([*PROGRAM, name, *map(str, arguments)], stdout=gone, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode in (0, 1, 3, 4)
    told_shortly(done.stderr)


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_stream_that_was_closed_ends_in_an_exit_code(trail, closed):
    done = subprocess.run(
        [*PROGRAM, "diagnose", "-" if closed == 0 else str(trail), "-o", "json"],
        capture_output=True, text=True, timeout=60, check=False, preexec_fn=lambda: os.close(closed),
    )  # fmt: skip
    assert done.returncode == {0: 4, 1: 4, 2: 0}[closed]
    told_shortly(done.stderr)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_evidence_is_read_leaves_neither_answer_nor_file(large, tmp_path, number, code):
    arguments = [*PROGRAM, "diagnose", str(large), "-o", "json", "--output-file", str(tmp_path / "out.json")]
    heeds = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a shell that starts us in the background has it ignored
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heeds) as running:
        wait_until_open(running.pid, large)
        running.send_signal(number)
        out, err = running.communicate(timeout=60)
    assert running.returncode == code
    assert (out, err) == ("", "interrupted: no file was written\n" if number is signal.SIGINT else "")
    assert list(tmp_path.iterdir()) == []


def wait_until_open(pid, path):
    """Until the process has begun to read the evidence."""
    wanted = path.stat().st_size
    for _ in range(3000):
        read = next((line for line in Path(f"/proc/{pid}/io").read_text().splitlines() if line.startswith("rchar")), "rchar: 0")
        if int(read.split()[1]) > wanted:
            return
        time.sleep(0.005)
    raise AssertionError("the evidence was never read")


@pytest.mark.parametrize("megabytes", [150, 200, 260])
def test_under_a_memory_limit_the_answer_is_marked_partial(large, trail, megabytes):
    limit = megabytes << 20
    done = run("diagnose", large, trail, "-o", "json", preexec_fn=limited(resource.RLIMIT_AS, limit))
    assert done.returncode in (0, 3), done.stderr
    document = json.loads(done.stdout)
    assert [skipped["source"] for skipped in document["coverage"]["skipped"]] == [str(large)]
    assert "not enough memory" in document["coverage"]["skipped"][0]["reason"]
    assert document["coverage"]["records_read"] == 60
    assert str(trail) in [given["path"] for given in document["coverage"]["inputs"]]


def test_under_a_memory_limit_nothing_readable_is_exit_code_4(large):
    done = run("diagnose", large, preexec_fn=limited(resource.RLIMIT_AS, 200 << 20))
    assert done.returncode == 4
    assert "not enough memory" in told_shortly(done.stderr)


def test_unreadable_files_among_readable_ones_are_named_and_the_rest_is_read(trail, tmp_path):
    (tmp_path / "a-good.json").write_bytes(trail.read_bytes())
    (tmp_path / "b-link.json").symlink_to("/etc/shadow")
    os.mkfifo(tmp_path / "c-pipe.json")
    (tmp_path / "d-loop").symlink_to(tmp_path)
    (tmp_path / "e-broken.json").write_bytes(trail.read_bytes()[:900])
    (tmp_path / "f-locked.json").write_bytes(trail.read_bytes())
    (tmp_path / "f-locked.json").chmod(0)
    done = run("diagnose", tmp_path, "-o", "json")
    document = json.loads(done.stdout)
    assert done.returncode == 0
    named = {Path(skipped["source"]).name for skipped in document["coverage"]["skipped"]}
    assert {"b-link.json", "c-pipe.json", "d-loop"} <= named
    assert "f-locked.json" in named or os.geteuid() == 0
    assert document["coverage"]["records_read"] == 60
    assert document["coverage"]["unreadable"] == 1
