"""Writes requirements-dev.lock: every package that development needs, its version, and the hashes of its files for each platform below.

    python -m bench.lock            # resolve anew
    python -m pip install --require-hashes -r requirements-dev.lock && python -m pip install --no-deps -e .

The first platform decides the versions, the others must have the same ones. Nothing is installed.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "requirements-dev.lock"
LINUX = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64")
ARM = ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64")
MAC = ("macosx_11_0_arm64", "macosx_12_0_arm64", "macosx_13_0_arm64", "macosx_14_0_arm64", "macosx_11_0_universal2", "macosx_10_9_universal2")
PLATFORMS = [(python, tags) for tags in (LINUX, ARM, MAC) for python in ("3.11", "3.12", "3.13")]


def wanted() -> list[str]:
    """What pyproject.toml asks for: runtime, `dev` and `verify`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return sorted({*project["dependencies"], *project["optional-dependencies"]["dev"], *project["optional-dependencies"]["verify"]})


def resolved(python: str, tags: tuple[str, ...], versions: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Package to version and hash, as pip would install them there."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as pins, tempfile.TemporaryDirectory() as nowhere:
        pins.write("".join(f"{name}=={version}\n" for name, version in versions.items()))
        pins.flush()
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-", "--only-binary", ":all:"]
        command += ["--python-version", python, "--implementation", "cp", "--target", nowhere, "--constraint", pins.name]
        command += [part for tag in (*tags, "any") for part in ("--platform", tag)]
        report = json.loads(subprocess.run([*command, *wanted()], capture_output=True, check=True, text=True).stdout)
    found = {}
    for item in report["install"]:
        name = item["metadata"]["name"].lower().replace("_", "-").replace(".", "-")
        found[name] = (item["metadata"]["version"], item["download_info"]["archive_info"]["hashes"]["sha256"])
    return found


def main() -> int:
    versions: dict[str, str] = {}
    hashes: dict[str, set[str]] = {}
    for python, tags in PLATFORMS:
        for name, (version, digest) in resolved(python, tags, versions).items():
            if versions.setdefault(name, version) != version:
                raise SystemExit(f"{name} has no {versions[name]} for Python {python} on {tags[0]}")
            hashes.setdefault(name, set()).add(digest)
        print(f"Python {python} on {tags[0]}: {len(versions)} packages", file=sys.stderr)
    lines = ["# Written by `python -m bench.lock`: CPython 3.11 to 3.13 on Linux (x86_64, aarch64) and macOS (arm64).", "# Install with --require-hashes."]
    lines += [" \\\n    ".join([f"{name}=={versions[name]}", *(f"--hash=sha256:{each}" for each in sorted(hashes[name]))]) for name in sorted(versions)]
    TARGET.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
