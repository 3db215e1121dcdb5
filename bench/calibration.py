"""AWS's own evaluation beside ours over case folders: every check of every denial that has authorization details, with what differs.

python -m bench.calibration case/ [more/ ...]
"""

from __future__ import annotations

import sys
from collections import Counter

from trailsleuth import api


def main(folders: list[str]) -> int:
    """A line for each check that differs or could not be compared, then the counts; 1 where one differs."""
    counts: Counter[str] = Counter()
    for folder in folders:
        for finding in api.load(folder).diagnose(everything=True).case_file.findings:
            for one in finding.calibration:
                word = {True: "agrees", False: "differs", None: "not compared"}[one.agrees]
                counts[word] += 1
                if one.agrees is not True:
                    print(f"{folder}: {finding.iam_action} {one.layer.value}: AWS {one.aws}, ours {one.ours or '-'} {one.reason}")
    print(", ".join(f"{count} {word}" for word, count in sorted(counts.items())) or "no denial has authorization details")
    return 1 if counts["differs"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
