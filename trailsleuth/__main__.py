"""`python -m trailsleuth`."""

from __future__ import annotations

import sys

from trailsleuth.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
