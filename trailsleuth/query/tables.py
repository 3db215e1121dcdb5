"""What an engine needs to know of the files before it can be asked: Athena's table, Spark's view."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from trailsleuth.errors import UsageError
from trailsleuth.query.engines import Engine
from trailsleuth.query.selection import Place
from trailsleuth.query.templates import filled, template, text, with_table

EARLIEST = "2020/01/01"  # as in AWS's example; days without files cost nothing


def definition(engine: Engine, place: Place, *, location: str, since: datetime | None) -> exp.Expr:
    """The DDL as a tree. UsageError where the engine needs none, or the accounts and regions to project over are not named."""
    if engine is Engine.SPARK:
        return filled(template("spark_view", "spark"), location=text(location))
    if engine is not Engine.ATHENA:
        raise UsageError(f"--ddl is for athena and spark: {engine.value} needs no table")
    if not place.accounts or not place.regions:
        raise UsageError(
            "the table projects its partitions over accounts and regions", next_step="name them: --account 111122223333 --region eu-west-1, each repeatable"
        )
    if any("," in value for value in place.accounts | place.regions):
        raise UsageError("a comma stands in an account or region", next_step="repeat --account and --region instead")
    root = location.rstrip("/") + "/"
    if not root.startswith("s3://") or "$" in root:
        raise UsageError(
            f"--location {location!r} is not the location of a trail", next_step="give s3://BUCKET/[PREFIX/]AWSLogs/, of an organization trail …/AWSLogs/o-ID/"
        )
    values = {
        "projection.account.values": ",".join(sorted(place.accounts)),
        "projection.region.values": ",".join(sorted(place.regions)),
        "projection.timestamp.range": f"{since:%Y/%m/%d},NOW" if since else f"{EARLIEST},NOW",
        "storage.location.template": f"{root}${{account}}/${{folder}}/${{region}}/${{timestamp}}",
    }
    tree = with_table(
        template("athena_table", "athena"), exp.table_(exp.to_identifier(place.table, quoted=True), db=exp.to_identifier(place.database, quoted=True))
    )
    for place_property in tree.find_all(exp.LocationProperty):
        place_property.set("this", text(root))
    for node in tree.find_all(exp.Property):
        if type(node) is exp.Property and node.name in values:
            node.set("value", text(values[node.name]))
    return tree
