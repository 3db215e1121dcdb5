"""The selection that a diagnosis needs, as SQL for an engine that can read more than one machine: written, not run.

sqlglot holds every statement as a tree (an optional package, docs/decisions/0016-past-one-machine.md); what a user gives becomes a literal or a
quoted name in it, and never text of the statement.
"""
