"""Reads evidence: unread bytes become records, pipeline runs and policies, each with its origin. Odd content is never an error."""
