"""The Dockerfile's build steps, run without a container engine: python -m bench.image [--python /usr/bin/python3]

Each COPY and RUN of the first stage is carried out in a temporary folder; then the result is measured, and the command is run with it as the image runs
it: as nobody, in a folder that cannot be written to. The base image itself (python:3.13-slim) is not looked at.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
EVIDENCE = ROOT / "fixtures" / "cases" / "founding-first-snapshot" / "evidence"
MOST_MB = 120  # beside a base of about 125 MB, for an image below 250
NOBODY = 65532


def steps() -> Iterator[tuple[str, str]]:
    """The instructions of the first stage."""
    for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM" and " AS " not in rest:
            return
        if word in ("COPY", "RUN"):
            yield word, rest


def build(place: Path, python: str) -> Path:
    """The first stage below `place`; what the second stage copies out of it."""
    source, result = place / "src", place / "opt" / "trailsleuth"
    source.mkdir()
    for word, rest in steps():
        print(word, rest)
        if word == "COPY":
            *names, target = rest.split()
            for name in names:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
                copy(ROOT / name, source / (name if (ROOT / name).is_dir() else target))
        else:
            command = re.sub(r"(?<![\w/])python (?=-m venv)", f"{python} ", rest).replace("/opt/trailsleuth", str(result))
            subprocess.run(command, shell=True, cwd=source, check=True)
    return result


def megabytes(folder: Path) -> float:
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_symlink()) / 1e6


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--python", default=sys.executable, help="one that everybody may run, to try the step down to nobody")
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        place.chmod(0o755)
        result = build(place, asked.python)
        evidence = shutil.copytree(EVIDENCE, place / "evidence")
        size = megabytes(result)
        print(f"{size:.0f} MB beside the base image")
        drop = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        command = [result / "bin" / "trailsleuth", "diagnose", evidence, "--pipeline", "basket"]
        done = subprocess.run(command, cwd=place, env={"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, **drop)
        print(done.stdout.partition("\n\n")[0] or done.stderr)
        return 0 if done.returncode == 0 and done.stdout.startswith("CAUSE FOUND") and size < MOST_MB else 1


if __name__ == "__main__":
    raise SystemExit(main())
