"""The files of the checkout, to see whether a run of the tests left it as it was."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parent.parent
ANSWERS_AT = "TRAILSLEUTH_TEST_ANSWERS"  # the variable that names the folder of the answers to the cases
NOT_OURS = {"__pycache__", "build", "dist", "site"}


def files_of(root: Path) -> dict[str, tuple[int, int]]:
    """Size and time of every file, without what tools keep for themselves: hidden files and folders, caches, build results."""
    found = {}
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in NOT_OURS and not name.startswith(".") and not name.endswith(".egg-info")]
        for name in names:
            if not name.startswith("."):
                path = Path(folder) / name
                facts = path.lstat()
                found[str(path.relative_to(root))] = (facts.st_size, facts.st_mtime_ns)
    return found


def differences(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]], *, contents: bool) -> list[str]:
    """The files that came or went and, where asked, those that were written anew."""
    changed = [name for name in before.keys() & after.keys() if contents and before[name] != after[name]]
    return sorted([*(before.keys() ^ after.keys()), *changed])
