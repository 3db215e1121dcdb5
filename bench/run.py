"""Measures the scan against what else reads a trail: time and CPU time of all processes (medians), ratios to `denied`, and peak memory of all processes.

    python bench/run.py --work /tmp/bench --megabytes 100 1000 --runs 5 --table docs/reference/performance.md
    python bench/run.py --work /tmp/bench --growth --runs 3 --table docs/reference/performance.md

Builds the data with `generate.py` where it is not there. Floor: libdeflate on two processes (`deflate`, else zlib). jq, duckdb and trailscraper are run
where they are installed; `--ours` leaves them and the index out. All are run in turn, so that whatever else the machine does meets all alike. `--growth`
runs the floor and `denied` on ten times the data, on one large file and on many tiny ones.
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
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
FLOOR = (
    "import sys,glob,multiprocessing as m\n"
    "try:\n"
    "    from deflate import gzip_decompress as unpack\n"
    "except ImportError:\n"
    "    from gzip import decompress as unpack\n"
    "def size(path):\n"
    "    with open(path,'rb') as file: return len(unpack(file.read()))\n"
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


class Measured(NamedTuple):
    """Seconds, CPU seconds of all processes, and the peak of their memory in bytes."""

    seconds: float
    cpu: float
    memory: int


def commands(tree: Path, *, ours: bool) -> dict[str, list[str]]:
    """What is measured on a tree, by name; `ours`: nothing but trailsleuth on the tree itself."""
    program = [sys.executable, "-m", "trailsleuth"]
    diagnose, one = [*program, "diagnose", str(tree)], one_refused(tree)
    caller = one["userIdentity"]
    found = floor_and_denied(tree) | {
        "denied --by principal,action": [*program, "denied", str(tree), "--by", "principal,action"],
        "events --denied": [*program, "events", str(tree), "--denied"],
        "diagnose --event-id": [*diagnose, "--event-id", one["eventID"]],
        "diagnose --access-key": [*diagnose, "--access-key", caller["accessKeyId"]],
        "diagnose --session": [*diagnose, "--session", caller["arn"].rpartition("/")[2]],
        "diagnose --role": [*diagnose, "--role", caller["sessionContext"]["sessionIssuer"]["arn"]],
        "diagnose": diagnose,
    }
    if ours:
        return found
    if importlib.util.find_spec("duckdb"):
        asked = [*program, "diagnose", str(index_of(tree))]
        found |= {"diagnose, from the index": asked, "diagnose --event-id, from the index": [*asked, "--event-id", one["eventID"]]}
    if shutil.which("jq"):
        found["jq, denied records only"] = ["sh", "-c", JQ, "sh", str(tree)]
    if importlib.util.find_spec("duckdb"):
        found["DuckDB, denied records only"] = [sys.executable, "-c", DUCKDB, str(tree)]
    if shutil.which("trailscraper"):
        found["trailscraper select"] = ["trailscraper", "select", "--log-dir", str(tree)]
    return found


def floor_and_denied(tree: Path) -> dict[str, list[str]]:
    """Decompression alone, and every denied record with the calls that opened its session."""
    denied = {"denied": [sys.executable, "-m", "trailsleuth", "denied", str(tree)]}
    return {"decompression alone": [sys.executable, "-c", FLOOR, str(tree)], **denied} if tree.is_dir() else denied


def index_of(tree: Path) -> Path:
    """The index of a tree, built anew."""
    index = tree.with_name(f"{tree.name}.duckdb")
    index.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "trailsleuth", "index", tree, "--to", index], check=True, env={**os.environ, "PYTHONPATH": str(HERE.parent)})
    return index


def one_refused(tree: Path) -> dict[str, Any]:
    """A denied call of a role session."""
    import gzip

    for path in sorted(tree.rglob("*.gz")):
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            if record.get("errorCode") == "AccessDenied" and record["userIdentity"].get("type") == "AssumedRole":
                return dict(record)
    raise SystemExit(f"nothing is denied in {tree}")


def family_memory(root: int) -> int:
    """Proportional memory (bytes) of a process and all below it: pages that several share are counted once."""
    listed = [root]
    for pid in listed:
        with suppress(OSError):  # it may have ended
            listed += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    total = 0
    for pid in listed:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return total


def measure(command: list[str]) -> Measured:
    """One run."""
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
        used = os.wait4(child.pid, 0)[2]
        taken = time.perf_counter() - began
        ended.set()
        watcher.join()
    return Measured(taken, used.ru_utime + used.ru_stime, peak)


def measured(listed: dict[str, list[str]], runs: int) -> dict[str, Measured]:
    """Medians and the highest peak by name; every command once a round."""
    results: dict[str, list[Measured]] = {name: [] for name in listed}
    for _ in range(runs):
        for name, command in listed.items():
            results[name].append(measure(command))
    return {
        name: Measured(*(statistics.median(one[of] for one in found) for of in (0, 1)), max(one.memory for one in found)) for name, found in results.items()
    }


def table(sizes: dict[str, dict[str, Measured]]) -> str:
    """The results in Markdown."""
    lines = ["| data | what | seconds | CPU seconds | times `denied` (CPU) | peak memory |", "|---|---|---|---|---|---|"]
    for data, found in sizes.items():
        for name, one in found.items():
            lines.append(f"| {data} | {name} | {one.seconds:.2f} | {one.cpu:.2f} | {one.cpu / found['denied'].cpu:.2f} | {one.memory / 1e6:.0f} MB |")
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
    parser.add_argument("--ours", action="store_true")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="of what is measured, these and denied")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    if given.growth:
        sizes = {name: measured(floor_and_denied(path), given.runs) for name, path in grown(given.work).items()}
    else:
        listed = {f"{size} MB": commands(tree_of(given.work, size), ours=given.ours) for size in given.megabytes}
        wanted = {"denied", *given.only}
        sizes = {size: measured({n: c for n, c in found.items() if not given.only or n in wanted}, given.runs) for size, found in listed.items()}
    text = table(sizes)
    print(text)
    if given.table:
        write_table(given.table, "growth" if given.growth else "measured", text)


if __name__ == "__main__":
    main()
