"""Evidence from AWS, reading only: what is asked for is in a table of operations, and a guard stops every other call."""
