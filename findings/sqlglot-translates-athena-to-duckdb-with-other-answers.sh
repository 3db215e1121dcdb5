#!/usr/bin/env bash
# sqlglot 30.30.0 (PyPI) translating CloudTrail queries from Athena to DuckDB; duckdb 2.0.1 runs them.
#
# Seen: six expressions of everyday CloudTrail queries are translated without a warning, run, and answer something else
# than Athena does (Athena's side is from Trino's function reference, the engine that Athena runs):
#   regexp_extract without a match   Athena: null                     DuckDB: ''
#   split_part past the last part    Athena: null                     DuckDB: ''
#   date_diff('minute', a, b)        Athena: whole minutes (0)        DuckDB: boundaries crossed (1)
#   slice(array, 2, 2)               Athena: from 2, two elements     DuckDB: from 2 to 2, one element
#   json_extract_scalar of an object Athena: null, not a scalar       DuckDB: the object as text
#   5 / 2 of integers                Athena: 2                        DuckDB: 2.5
# sqlglot does translate other differences of the same kind (greatest and least with null, regexp_replace of every match), which
# invites trust in the rest.
#
# Consequence: "which denials name an action in their message" (`regexp_extract(...) is not null`) counts every row in DuckDB,
# a session of two seconds lasts a minute, and a role's path loses its second part. Compare the answers, not only the syntax.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check --no-deps sqlglot==30.30.0 duckdb==2.0.1
cat > "$work/run.py" <<'PY'
import duckdb, sqlglot

arn = "'arn:aws:iam::111122223333:role/teams/data/reader'"
ROWS = """(values ('is not authorized to perform: s3:GetObject on resource: x'), ('Access Denied')) as t(errormessage)"""
QUERIES = {
    "denials that name an action": rf"select count(*) from {ROWS} where regexp_extract(errormessage, 'perform: (\S+)', 1) is not null",
    "no second part is null": "select split_part('arn:aws:iam::111122223333:root', '/', 2) is null",
    "minutes in two seconds": "select date_diff('minute', timestamp '2026-11-30 10:00:59', timestamp '2026-11-30 10:01:01')",
    "two parts of the path": f"select array_join(slice(split({arn}, '/'), 2, 2), '/')",
    "an object is no scalar": """select json_extract_scalar('{"tags": {"team": "data"}}', '$.tags') is null""",
    "half of five": "select 5 / 2",
}
for name, query in QUERIES.items():
    translated = sqlglot.transpile(query, read="athena", write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)[0]
    print(f"{name}: {duckdb.sql(translated).fetchall()[0][0]}")
PY
seen=$("$work/venv/bin/python" "$work/run.py")
expected='denials that name an action: 2
no second part is null: False
minutes in two seconds: 1
two parts of the path: teams
an object is no scalar: False
half of five: 2.5'
echo "$seen"
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
