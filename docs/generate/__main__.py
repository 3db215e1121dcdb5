"""The command."""

from __future__ import annotations

import sys

from docs.generate import REFERENCE, stale, written


def main(arguments: list[str]) -> int:
    """Writes what is out of date; with `--check` only names it, and fails."""
    for name in (outdated := stale()):
        if "--check" not in arguments:
            (REFERENCE / name).write_text(written(name), encoding="utf-8")
        sys.stdout.write(f"{'out of date' if '--check' in arguments else 'written'}: docs/reference/{name}\n")
    return 1 if outdated and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
