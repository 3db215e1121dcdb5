"""A release, built and tried, and nothing of it sent: python bench/release.py [--tag v1.2.3] --to dist

Builds the source archive and the wheel of a clean copy, installs the wheel into an environment of its own, runs the README's demo with it, and writes
a bill of materials (CycloneDX 1.6) and the SHA-256 of every file. The workflow `release.yml` publishes what this wrote; needs only a Python and PyPI.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
EVIDENCE = ROOT / "fixtures" / "cases" / "founding-first-snapshot" / "evidence"
Json = dict[str, Any]


def version_of(root: Path, *, tag: str | None = None) -> str:
    """The version in pyproject.toml; ends the run where the tag says another."""
    version = str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    if tag not in (None, f"v{version}"):
        raise SystemExit(f"the tag is {tag}, pyproject.toml says {version}")
    return version


def bill_of_materials(installed: Sequence[Json], *, version: str) -> Json:
    """What `pip inspect` found installed beside the program: https://cyclonedx.org/docs/1.6/json/"""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", **_named("trailsleuth", version), "licenses": [{"expression": "Apache-2.0"}]}},
        "components": [_component(one["metadata"]) for one in installed],
    }


def _component(metadata: Json) -> Json:
    told = metadata.get("license_expression")
    return {"type": "library", **_named(metadata["name"], metadata["version"]), **({"licenses": [{"expression": told}]} if told else {})}


def _named(name: str, version: str) -> Json:
    return {"name": name, "version": version, "purl": f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"}


def run(*command: str | Path, cwd: Path) -> str:
    return subprocess.run([str(part) for part in command], cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


def clean_copy(place: Path) -> Path:
    """What git holds, without what lies about."""
    for name in run("git", "ls-files", "-z", cwd=ROOT).split("\0"):
        if name and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


def build(source: Path, target: Path, tools: Path) -> tuple[Path, Path]:
    """Source archive and wheel, the second out of the first."""
    run(tools, "-m", "pip", "install", "--quiet", "build", cwd=source)
    run(tools, "-m", "build", "--outdir", target, source, cwd=source)
    (archive,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return archive, wheel


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--tag", help="must be v and the version")
    words.add_argument("--to", required=True, type=Path, help="a folder that is not there or empty")
    asked = words.parse_args()
    version = version_of(ROOT, tag=asked.tag)
    target = asked.to.resolve()
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise SystemExit(f"{asked.to} is not empty")
    with tempfile.TemporaryDirectory() as place:
        tools, clean = Path(place, "tools"), Path(place, "clean")
        for folder in (tools, clean):
            venv.create(folder, with_pip=True)
        copy = Path(place, "copy")
        _, wheel = build(clean_copy(copy), target, tools / "bin" / "python")
        run(clean / "bin" / "pip", "install", "--quiet", wheel, cwd=copy)
        told = run(clean / "bin" / "trailsleuth", "diagnose", EVIDENCE, "--pipeline", "basket", cwd=copy)
        if not told.startswith("CAUSE FOUND"):
            raise SystemExit(f"the wheel does not answer the demo: {told[:200]}")
        installed = json.loads(run(clean / "bin" / "pip", "inspect", "--local", cwd=copy))["installed"]
    others = [one for one in installed if one["metadata"]["name"] not in ("pip", "setuptools", "trailsleuth")]
    (target / "sbom.cdx.json").write_text(json.dumps(bill_of_materials(others, version=version), indent=1) + "\n", encoding="utf-8")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in sorted(target.iterdir())]
    (target / "SHA256SUMS").write_text("\n".join(sums) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join([*sums, f"{len(others)} packages in the bill of materials; nothing was published"]) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
