#!/usr/bin/env bash
# duckdb 2.0.1 (PyPI) on a folder of CloudTrail log files.
#
# Seen: a glob of 40 files, one record each; from the 36th file on the records are denied and carry one more request
# parameter. `read_json` settles the type of `Records` from the first 32 files (`maximum_sample_files`), also with
# `sample_size=-1`, although that setting is the one to sample everything. Members of `Records` that only later files have
# are dropped without a warning: a copy of the records as JSON has 40 rows and not one errorMessage. `union_by_name=true`,
# named after columns and not after samples, keeps them; so does a higher `maximum_sample_files`.
#
# Consequence: CloudTrail writes a file about every five minutes, so 32 files are the first hours of a day. A denial in the
# afternoon is still there as a row, but without its message and parameters; whoever converts such a folder to Parquet has lost them.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check --no-deps duckdb==2.0.1
mkdir "$work/logs"
cat > "$work/run.py" <<'PY'
import json, pathlib, sys

import duckdb

work = pathlib.Path(sys.argv[1])
for number in range(40):
    record = {"eventVersion": "1.11", "eventTime": f"2026-11-30T10:{number:02d}:00Z", "eventSource": "s3.amazonaws.com", "eventName": "GetObject"}
    record |= {"requestParameters": {"bucketName": "reports-example"}, "userIdentity": {"type": "AssumedRole", "accountId": "111122223333"}}
    if number >= 35:
        record |= {"errorCode": "AccessDenied", "errorMessage": "no identity-based policy allows the s3:GetObject action"}
        record["requestParameters"]["key"] = "2026/november.csv"
    (work / "logs" / f"{number:02d}.json").write_text(json.dumps({"Records": [record]}))
for options in ("", ", sample_size=-1", ", union_by_name=true", ", maximum_sample_files=-1", ", maximum_sample_files=40"):
    rows = duckdb.sql(f"select to_json(unnest(Records))::varchar from read_json('{work}/logs/*.json'{options})").fetchall()
    denied, keys = (sum(text in row for (row,) in rows) for text in ("no identity-based policy", "november.csv"))
    print(f"read_json(glob{options}): {len(rows)} records, {denied} with the message, {keys} with the key")
PY
seen=$("$work/venv/bin/python" "$work/run.py" "$work")
expected='read_json(glob): 40 records, 0 with the message, 0 with the key
read_json(glob, sample_size=-1): 40 records, 0 with the message, 0 with the key
read_json(glob, union_by_name=true): 40 records, 5 with the message, 5 with the key
read_json(glob, maximum_sample_files=-1): 40 records, 5 with the message, 5 with the key
read_json(glob, maximum_sample_files=40): 40 records, 5 with the message, 5 with the key'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
