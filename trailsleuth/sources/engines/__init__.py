"""Evidence from query engines: Athena, CloudTrail Lake, Spark."""
