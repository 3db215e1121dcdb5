#!/usr/bin/env bash
# polars 2.1.0 (PyPI) on CloudTrail records, one JSON object a line.
#
# Seen: 150 successful records, then one denied one. `read_ndjson` and `scan_ndjson` take the columns from the first 100
# lines and drop what comes later: 151 rows, no column errorCode, no warning; `pl.DataFrame(records)` of the same records as
# Python dicts does the same. The same records in CloudTrail's own form, one object with `Records`, keep the column,
# because one value of the top level is the whole file. pyarrow 26.0.1, beside it, unites the members of all lines.
#
# Consequence: CloudTrail leaves errorCode out of a successful record, so a quiet trail loses exactly its denials: the reader
# meets "no such column", or, with a schema of its own for the other columns, a table where everything succeeded. Turning the
# files into lines first, to stream them, is what loses it. `infer_schema_length=None` keeps it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check polars==2.1.0 polars-runtime-32==2.1.0 pyarrow==26.0.1
cat > "$work/run.py" <<'PY'
import json, pathlib, sys

import polars as pl
import pyarrow.json

work = pathlib.Path(sys.argv[1])
good = {"eventName": "GetObject", "requestParameters": {"bucketName": "reports-example"}}
denied = {"eventName": "GetObject", "errorCode": "AccessDenied", "requestParameters": {"bucketName": "reports-example", "key": "november.csv"}}
records = [good] * 150 + [denied]
lines, whole = work / "records.ndjson", work / "records.json"
lines.write_text("".join(json.dumps(record) + "\n" for record in records))
whole.write_text(json.dumps({"Records": records}))
frames = {
    "read_ndjson": pl.read_ndjson(lines),
    "scan_ndjson": pl.scan_ndjson(lines).collect(),
    "DataFrame of dicts": pl.DataFrame(records),
    "read_json of Records": pl.read_json(whole).explode("Records").unnest("Records"),
    "read_ndjson, infer_schema_length=None": pl.read_ndjson(lines, infer_schema_length=None),
}
for name, frame in frames.items():
    print(f"{name}: {frame.height} rows, columns {', '.join(sorted(frame.columns))}")
table = pyarrow.json.read_json(lines)
print(f"pyarrow.json: {table.num_rows} rows, columns {', '.join(sorted(table.column_names))}")
PY
seen=$("$work/venv/bin/python" "$work/run.py" "$work")
expected='read_ndjson: 151 rows, columns eventName, requestParameters
scan_ndjson: 151 rows, columns eventName, requestParameters
DataFrame of dicts: 151 rows, columns eventName, requestParameters
read_json of Records: 151 rows, columns errorCode, eventName, requestParameters
read_ndjson, infer_schema_length=None: 151 rows, columns errorCode, eventName, requestParameters
pyarrow.json: 151 rows, columns errorCode, eventName, requestParameters'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
