#!/usr/bin/env bash
# duckdb 2.0.1 (PyPI): a database file of rows about log records, with the smallest and with the usual block size.
#
# Seen: 200,000 rows of a time as a number, a kind of seven values and one of five role ARNs. With blocks of 256 KB both integer
# columns are bit-packed. With `ATTACH … (BLOCK_SIZE 16384)`, which one takes to save space in small files, both are stored
# uncompressed, without a word, while the texts are still a dictionary: the file is 4.7 times as large. `force_compression='bitpacking'` changes nothing.
#
# Consequence: an index of a trail that is tuned to be small with small blocks grows by its numbers (times, offsets, lengths, row ids).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check duckdb==2.0.1
cat > "$work/run.py" <<'PY'
import os, sys

import duckdb

ROWS = "SELECT (1767225600 + i)::BIGINT AS at, (i % 7)::INTEGER AS kind, 'arn:aws:iam::111122223333:role/Deploy' || (i % 5) AS who FROM range(200000) s(i)"
STORED = "SELECT column_name || ' ' || string_agg(DISTINCT compression, '+') FROM pragma_storage_info('t.r') WHERE segment_type <> 'VALIDITY' GROUP BY column_name ORDER BY 1"
sizes = {}
for block, forced in ((16384, False), (16384, True), (262144, False)):
    path = f"{sys.argv[1]}/{block}-{forced}.duckdb"
    connection = duckdb.connect()
    if forced:
        connection.execute("SET force_compression = 'bitpacking'")
    connection.execute(f"ATTACH '{path}' AS t (BLOCK_SIZE {block})")
    connection.execute(f"CREATE TABLE t.r AS {ROWS}")
    connection.execute("CHECKPOINT t")
    sizes[block, forced] = os.path.getsize(path)
    print(f"{block}{', bit-packing forced' if forced else ''}: {', '.join(row for (row,) in connection.execute(STORED).fetchall())}")
print(f"{sizes[16384, False] / sizes[262144, False]:.1f} times as large")
PY
seen=$("$work/venv/bin/python" "$work/run.py" "$work")
echo "$seen"
expected='16384: at Uncompressed, kind Uncompressed, who DICT_FSST
16384, bit-packing forced: at Uncompressed, kind Uncompressed, who DICT_FSST
262144: at BitPacking, kind BitPacking, who DICT_FSST
4.7 times as large'
[ "$seen" = "$expected" ] || { echo "the behaviour has changed" >&2; exit 1; }
