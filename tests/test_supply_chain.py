"""What is installed beside trailsleuth, under which licences, and that nothing of it talks to anyone unasked."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from tests.ingest.build import a_denial
from trailsleuth.cli.app import COMMANDS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MOST = 10
PERMISSIVE = re.compile(r"\b(?:MIT|MIT-0|BSD|0BSD|BSD-[23]-Clause|Apache|Apache-2\.0|ISC|PSF|PSF-2\.0|Python Software Foundation|Zlib|CC0-1\.0|Unlicense)\b")
RESTRICTIVE = re.compile(r"GPL|AGPL|SSPL|BUSL|Commons Clause|Proprietary|CC-BY-NC|MPL", re.IGNORECASE)
LIVE = {"fetch", "doctor"}
EXTRAS = ("verify", "index", "parquet", "sql", "fast")

GUARD = """
import os, socket, subprocess, sys
def forbidden(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"}:
        sys.stderr.write(f"FORBIDDEN {event} {arguments!r}\\n")
        os._exit(99)
    if event == "socket.__new__" and arguments[1] in (socket.AF_INET, socket.AF_INET6):
        sys.stderr.write(f"FORBIDDEN {event} {arguments!r}\\n")
        os._exit(99)
sys.addaudithook(forbidden)
"""


def names_of(requirements):
    return [canonical(re.match(r"[\w.-]+", each).group()) for each in requirements]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def installed_with(name, seen):
    """The package and all that it needs here, extras left out."""
    if canonical(name) in seen:
        return
    try:
        found = distribution(name)
    except PackageNotFoundError:  # for another platform
        return
    seen[canonical(name)] = found
    for needed in found.requires or []:
        if "extra ==" not in needed:
            installed_with(re.match(r"[\w.-]+", needed).group(), seen)


def licence_of(found):
    told = [found.metadata.get("License-Expression") or ""]
    told += [each.rpartition("::")[2] for each in found.metadata.get_all("Classifier") or [] if each.startswith("License ::")]
    return " | ".join(each for each in told if each.strip()) or (found.metadata.get("License") or "").splitlines()[0]


def guarded(code, *arguments):
    return subprocess.run([sys.executable, "-c", GUARD + code, *arguments], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


def test_there_are_at_most_ten_and_each_has_its_reason():
    named = names_of(PROJECT["dependencies"])
    assert len(named) <= MOST
    reasons = (ROOT / "docs/decisions/0004-dependencies.md").read_text()
    listed = re.findall(r"^\| `([\w.-]+)` \| \S", reasons, re.MULTILINE)
    assert sorted(map(canonical, listed)) == sorted(named)
    assert all(f"`{name}`" in reasons for extra in EXTRAS for name in names_of(PROJECT["optional-dependencies"][extra]))


def test_every_licence_is_permissive():
    seen = {}
    for name in [*names_of(PROJECT["dependencies"]), *(name for extra in EXTRAS for name in names_of(PROJECT["optional-dependencies"][extra]))]:
        installed_with(name, seen)
    assert set(names_of(PROJECT["dependencies"])) <= seen.keys()
    licences = {name: licence_of(found) for name, found in seen.items()}
    assert {name: told for name, told in licences.items() if not PERMISSIVE.search(told) or RESTRICTIVE.search(told)} == {}


def test_the_lock_has_a_version_and_hashes_for_all_that_development_needs():
    text = (ROOT / "requirements-dev.lock").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.!+]+(?: +--hash=sha256:[0-9a-f]{64})+", line) for line in lines)
    locked = {line.partition("==")[0] for line in lines}
    wanted = names_of([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"], *PROJECT["optional-dependencies"]["verify"]])
    assert set(wanted) <= locked
    assert len(locked) == len(lines)


def test_importing_every_module_opens_no_connection():
    done = guarded(
        """
import importlib, pkgutil, trailsleuth
for module in pkgutil.walk_packages(trailsleuth.__path__, "trailsleuth."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("all imported")
"""
    )
    assert (done.returncode, done.stdout) == (0, "all imported\n"), done.stderr


def test_the_guard_sees_a_connection():
    assert guarded("import urllib.request; urllib.request.urlopen('http://192.0.2.1')").returncode == 99


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline")
    (folder / "trail.json").write_text(json.dumps({"Records": [a_denial()]}))
    done = guarded("from trailsleuth.cli.app import main; sys.exit(main())", "diagnose", str(folder / "trail.json"), "-o", "json")
    assert done.returncode == 0, done.stderr
    (folder / "case.json").write_text(done.stdout)
    return folder


RUNS = {
    "diagnose": ["diagnose", "TRAIL", "-o", "html", "--redact"],
    "explain": ["explain", "TRAIL"],
    "simulate": ["simulate", "TRAIL", "--principal", "arn:aws:iam::222222222222:role/R", "--action", "s3:GetObject", "--resource", "*"],
    "reduce": ["reduce", "TRAIL", "--role", "arn:aws:iam::222222222222:role/deploy/ActionRole"],
    "fix": ["fix", "CASE"],
    "sql": ["sql", "--engine", "athena", "--table", "trails.logs", "--since", "2d"],
    "verify": ["verify", "FOLDER"],
    "denied": ["denied", "TRAIL"],
    "index": ["index", "TRAIL", "--to", "INDEX"],
    "info": ["info", "TRAIL"],
    "permissions": ["permissions", "--account", "target"],
    "catalog": ["catalog", "show", "s3:GetObject"],
}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_offline_command_opens_a_connection(saved, name):
    places = {"TRAIL": str(saved / "trail.json"), "CASE": str(saved / "case.json"), "FOLDER": str(saved), "INDEX": str(saved / "index.duckdb")}
    arguments = [places.get(each, each) for each in RUNS.get(name, [name, "TRAIL" if name not in LIVE else "--help"])]
    done = guarded("from trailsleuth.cli.app import main; sys.exit(main())", *arguments)
    assert "FORBIDDEN" not in done.stderr
    assert done.returncode in (0, 1, 3) if name in RUNS else done.returncode != 99, done.stderr
