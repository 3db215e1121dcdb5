"""Measures the scan against what else reads a trail: wall time (medians), ratios to decompression alone, and the peak memory of all processes.

    python bench/run.py --work /tmp/bench --megabytes 100 1000 --runs 5 --table docs/reference/performance.md
    python bench/run.py --work /tmp/bench --growth --runs 3 --table docs/reference/performance.md

Builds the data with `generate.py` where it is not there. Floor: libdeflate on two processes (needs `deflate`). jq, duckdb and trailscraper are run
where they are installed. All are run in turn, so that whatever else the machine does meets all alike. `--growth` runs the floor and `denied` on ten times
the data, on one large file and on many tiny ones.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
FLOOR = (
    "import sys,glob,deflate,multiprocessing as m\n"
    "def size(path):\n"
    "    with open(path,'rb') as file: return len(deflate.gzip_decompress(file.read()))\n"
    "if __name__=='__main__':\n"
    "    with m.Pool(2) as pool: print(sum(pool.imap_unordered(size,glob.glob(sys.argv[1]+'/**/*.gz',recursive=True),chunksize=40)))\n"
)
DUCKDB = (
    "import sys,duckdb\n"
    "q=\"SELECT count(*) FROM (SELECT unnest(Records) AS r FROM read_json(?, maximum_object_size=268435456)) WHERE r.errorCode LIKE '%Denied%'\"\n"
    "print(duckdb.execute(q,[sys.argv[1]+'/**/*.gz']).fetchall())\n"
)
JQ_FILTER = '.Records[]|select(.errorCode//""|test("Denied"))|.eventID'
JQ = 'find "$1" -name \'*.gz\' -print0 | xargs -0 -n 40 -P 2 sh -c \'zcat "$@" | jq -c "$FILTER"\' sh'


def commands(tree: Path) -> dict[str, list[str]]:
    """What is measured on a tree, by name."""
    program = [sys.executable, "-m", "trailsleuth"]
    ours = [*program, "diagnose", str(tree)]
    one = one_refused(tree)
    found = {**floor_and_denied(tree), "diagnose": ours, "diagnose --event-id": [*ours, "--event-id", one]}
    if importlib.util.find_spec("pyarrow"):
        asked = [*program, "diagnose", str(index_of(tree))]
        found |= {"diagnose, from the index": asked, "diagnose --event-id, from the index": [*asked, "--event-id", one]}
    if shutil.which("jq"):
        found["jq, refused records only"] = ["sh", "-c", JQ, "sh", str(tree)]
    if importlib.util.find_spec("duckdb"):
        found["DuckDB, refused records only"] = [sys.executable, "-c", DUCKDB, str(tree)]
    if shutil.which("trailscraper"):
        found["trailscraper select"] = ["trailscraper", "select", "--log-dir", str(tree)]
    return found


def floor_and_denied(tree: Path) -> dict[str, list[str]]:
    """Decompression alone, and every refused record with the calls that opened its session."""
    denied = {"denied": [sys.executable, "-m", "trailsleuth", "denied", str(tree)]}
    return {"decompression alone": [sys.executable, "-c", FLOOR, str(tree)], **denied} if importlib.util.find_spec("deflate") and tree.is_dir() else denied


def index_of(tree: Path) -> Path:
    """The index of a tree, built anew."""
    index = tree.with_name(f"{tree.name}.parquet")
    subprocess.run([sys.executable, "-m", "trailsleuth", "index", tree, "--to", index], check=True, env={**os.environ, "PYTHONPATH": str(HERE.parent)})
    return index


def one_refused(tree: Path) -> str:
    """The id of a refused record."""
    import gzip

    for path in sorted(tree.rglob("*.gz")):
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            if record.get("errorCode") == "AccessDenied":
                return str(record["eventID"])
    raise SystemExit(f"nothing is refused in {tree}")


def family_memory(root: int) -> int:
    """Proportional memory (bytes) of a process and all below it: pages that several share are counted once."""
    listed = [root]
    for pid in listed:
        children = Path(f"/proc/{pid}/task/{pid}/children")
        listed += [int(child) for child in children.read_text().split()] if children.exists() else []
    total = 0
    for pid in listed:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return total


def measure(command: list[str]) -> tuple[float, int]:
    """Wall seconds and peak bytes of all processes of a run."""
    peak = 0
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(HERE.parent), "FILTER": JQ_FILTER})
        ended = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not ended.wait(0.05):
                peak = max(peak, family_memory(child.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        child.wait()
        taken = time.perf_counter() - began
        ended.set()
        watcher.join()
    return taken, peak


def measured(listed: dict[str, list[str]], runs: int) -> dict[str, tuple[float, int]]:
    """Median seconds and peak bytes by name; every command once a round."""
    results: dict[str, list[tuple[float, int]]] = {name: [] for name in listed}
    for _ in range(runs):
        for name, command in listed.items():
            results[name].append(measure(command))
    return {name: (statistics.median(t for t, _ in found), max(m for _, m in found)) for name, found in results.items()}


def table(sizes: dict[str, dict[str, tuple[float, int]]]) -> str:
    """The results in Markdown."""
    lines = ["| data | what | seconds | times decompression | peak memory |", "|---|---|---|---|---|"]
    for data, found in sizes.items():
        floor = found.get("decompression alone", (0.0, 0))[0]
        for name, (seconds, memory) in found.items():
            ratio = f"{seconds / floor:.1f}" if floor else "–"
            lines.append(f"| {data} | {name} | {seconds:.2f} | {ratio} | {memory / 1e6:.0f} MB |")
    return "\n".join(lines)


def write_table(path: Path, name: str, text: str) -> None:
    """Puts the table between the marks of the page."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    page = path.read_text()
    before, _, rest = page.partition(begin)
    path.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")


def tree_of(work: Path, megabytes: int) -> Path:
    """A tree of so much, built where it is not there."""
    tree = work / f"tree-{megabytes}"
    if not tree.exists():
        subprocess.run([sys.executable, HERE / "generate.py", "tree", tree, "--files", str(megabytes), "--mean", "730"], check=True)
    return tree


def grown(work: Path) -> dict[str, Path]:
    """The same gigabyte, ten times as much, as one file, and a hundred thousand tiny files."""
    single, tiny = work / "single-1000.json", work / "tiny"
    if not single.exists():
        subprocess.run([sys.executable, HERE / "generate.py", "single", single, "--like", tree_of(work, 1000)], check=True)
    if not tiny.exists():
        subprocess.run([sys.executable, HERE / "generate.py", "tree", tiny, "--files", "100000", "--mean", "6"], check=True)
    return {"1 GB": tree_of(work, 1000), "10 GB": tree_of(work, 10_000), "1 GB in one plain file": single, "tiny files": tiny}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "trail-bench")
    parser.add_argument("--megabytes", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.growth:
        sizes = {name: measured(floor_and_denied(path), given.runs) for name, path in grown(given.work).items()}
    else:
        sizes = {f"{size} MB": measured(commands(tree_of(given.work, size)), given.runs) for size in given.megabytes}
    text = table(sizes)
    print(text)
    if given.table:
        write_table(given.table, "growth" if given.growth else "measured", text)


if __name__ == "__main__":
    main()
