"""Policy changes and reduced policies."""
