"""Every permission of every CDK pipeline role taken out in turn: is it the only one that the diagnosis asks for?

    python -m bench.cdk.run templates.json [-v] [NAME...]     # templates.json: written by synth.js

Right: the removed action is a cause, and nothing else is called a cause or needed too. The roles that aws-cdk-lib writes are in wide use, so all else that
they grant is enough.
"""

from __future__ import annotations

import fnmatch
import json
import sys
import tempfile
from pathlib import Path

import trailsleuth
from bench.cdk.evidence import Pipeline, Removal


def judged(pipeline: Pipeline, removal: Removal) -> str:
    """ "" where the diagnosis is right, else what is wrong with it."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline.write(removal, Path(folder))
        case = trailsleuth.load([folder]).diagnose(pipeline=pipeline.pipeline["Name"]).case_file
    blamed = [f for f in case.findings if f.standing.value in ("cause", "also_needed")]
    named = any((f.iam_action or "").lower() == removal.action.lower() and f.standing.value == "cause" for f in blamed)
    alike = removal.pattern if removal.pattern != "*" else removal.action
    extra = sorted({f.iam_action or f.cause.value for f in blamed if not fnmatch.fnmatchcase((f.iam_action or "").lower(), alike.lower())})
    return "" if named and not extra else ("" if named else "not named ") + (f"also {', '.join(extra)}" if extra else "")


def main() -> int:
    """The figures, and each wrong one by name."""
    args = [a for a in sys.argv[1:] if a != "-v"]
    made = json.loads(Path(args[0]).read_text(encoding="utf-8"))
    right = total = 0
    for name, stacks in made["pipelines"].items():
        if args[1:] and not any(fnmatch.fnmatchcase(name, wanted) for wanted in args[1:]):
            continue
        pipeline = Pipeline(name, stacks)
        for removal in pipeline.removals():
            wrong = judged(pipeline, removal)
            total += 1
            right += not wrong
            if wrong or "-v" in sys.argv:
                print(f"{'WRONG' if wrong else 'right'}  {name:<24} {removal.action}  {wrong}")
    print(f"{right} of {total} removals right, {len(made['pipelines'])} pipelines of aws-cdk-lib {made['version']}")
    return 0 if right == total else 1


if __name__ == "__main__":
    sys.exit(main())
