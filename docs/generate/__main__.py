"""The command."""

from __future__ import annotations

import sys

from docs.generate import write_pages


def main() -> int:
    """Writes the pages that are not there or out of date, and says which."""
    sys.stdout.writelines(f"written: docs/{name}\n" for name in write_pages())
    return 0


if __name__ == "__main__":
    sys.exit(main())
