"""Coverage-guided fuzzing with atheris (`pip install atheris`); options after the target go to libFuzzer.

    python -m fuzz.coverage_guided bytes -max_total_time=300 corpus/
    python -m fuzz.coverage_guided investigate -runs=100000

`bytes` hands the fuzzer's bytes to the readers as they are; every other target takes them for the decisions of the input generator. An input that breaks
a law is written to `crash-…` by libFuzzer; give that file as an argument to see it again.
"""

from __future__ import annotations

import importlib
import sys

SEEDS = (b'{"Records": [{"eventVersion": "1.11", "eventID": "e", "eventTime": "2026-03-04T09:00:00Z", "eventName": "x"}]}', b"PK\x03\x04", b"\x1f\x8b\x08")


def main(arguments: list[str]) -> None:
    """Fuzzes the named target until libFuzzer's limits end it."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["trailsleuth"], enable_loader_override=False):
        targets = importlib.import_module("fuzz.targets")
        choices = importlib.import_module("fuzz.choices")
    names = ["bytes", *targets.TARGETS]
    if len(arguments) < 2 or arguments[1] not in names:
        raise SystemExit(f"name a target: {', '.join(names)}")
    name, options = arguments[1], arguments[2:]

    def one_input(data: bytes) -> None:
        if name == "bytes":
            targets.check_read(data)
        else:
            targets.TARGETS[name](choices.Bytes(data))

    for seed in SEEDS:
        one_input(seed)
    atheris.Setup([arguments[0], *options], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
