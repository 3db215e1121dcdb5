"""One statement run by Spark over log files, its rows as JSON lines. The package pyspark is the user's to install: it is large, and must fit the cluster.

https://spark.apache.org/docs/latest/submitting-applications.html (master URLs)
"""

from __future__ import annotations

from trailsleuth.errors import SourceError, UsageError
from trailsleuth.model import RawInput
from trailsleuth.sources.engines.addresses import EngineUrl, Statement
from trailsleuth.sources.engines.athena import cut, rows_input
from trailsleuth.sources.progress import Progress

LOCAL = "local"


def run_spark(url: EngineUrl, statement: Statement, progress: Progress) -> RawInput:
    """The rows that Spark selects, a JSON object a line, in its order. UsageError without pyspark; SourceError with Spark's reason where it fails."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as missing:
        raise UsageError("spark:// needs the package pyspark", why=str(missing), next_step="pip install pyspark, in the version of the cluster") from missing
    name = f"spark://{url.host}/{url.rest.removeprefix('/')}"
    master = "local[*]" if url.host == LOCAL else f"spark://{url.host}"
    progress.say(f"{name}: Spark starts")
    try:
        session = SparkSession.builder.master(master).appName("trailsleuth").config("spark.ui.enabled", "false").getOrCreate()
        try:
            session.sql(statement.first)
            rows = [row.asDict() for row in session.sql(statement.sql).toLocalIterator()]
        finally:
            session.stop()
    except Exception as failure:  # pyspark's own errors, and those of the Java side, have no common root
        raise SourceError(
            f"{name}: the query failed", why=cut(str(failure)), next_step='check the master, the path, and that every file is {"Records": […]}'
        ) from failure
    progress.say(f"{name}: {len(rows)} records")
    return rows_input(name, rows)
