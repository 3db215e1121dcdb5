"""An index asked in SQL: it can be read, and nothing else."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from trailsleuth import api
from trailsleuth.cli.app import main
from trailsleuth.sources.files import kinds

pytest.importorskip("duckdb")


def test_an_index_is_asked_in_sql(trail: Path, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = [r for path in sorted(trail.iterdir()) for r in json.loads(gzip.decompress(path.read_bytes()))["Records"]]
    told = api.index(index).sql("SELECT * FROM records ORDER BY event_id")
    expected = sorted(records, key=lambda record: record["eventID"])
    for column, name in {"event_id": "eventID", "event_source": "eventSource", "event_name": "eventName", "region": "awsRegion"}.items():
        assert list(told[column]) == [record[name] for record in expected]
    assert [f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in told["time"]] == [record["eventTime"] for record in expected]
    assert list(told["denied"]) == [record.get("errorCode") == "AccessDenied" for record in expected]
    assert [key if isinstance(key, str) else None for key in told["access_key"]] == [record["userIdentity"].get("accessKeyId") for record in expected]
    assert main(["sql", str(index), "SELECT count(*) AS n FROM records WHERE denied", "-o", "jsonl"]) == 0
    assert json.loads(capsys.readouterr().out) == {"n": int(told["denied"].sum())}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM 'trail.csv'",
        "SELECT * FROM capsys",
        "COPY records TO 'out.parquet'",
        "EXPORT DATABASE 'out'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "DELETE FROM rows",
        "DROP VIEW records",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SELEC 1",
    ],
)
def test_a_statement_reads_the_index_and_nothing_else(statement: str, index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(index.parent)
    Path("trail.csv").write_text("a\n1\n")
    before = index.read_bytes()
    assert main(["sql", str(index), statement]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "DuckDB does not take the statement" in said.err
    assert index.read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["trail", "trail.csv", "trail.duckdb"]


def test_without_duckdb_the_message_says_what_to_install(trail: Path, index: Path) -> None:
    code = "import sys; sys.modules['duckdb'] = None\nfrom trailsleuth.cli.app import main\nsys.exit(main(sys.argv[1:]))"
    for arguments in (["index", str(trail), "--to", f"{index}2"], ["diagnose", str(index)], ["events", str(index)], ["sql", str(index), "SELECT 1"]):
        done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert "pip install 'trailsleuth[index]'" in done.stderr
    assert kinds.is_index(str(index))
