"""trailsleuth: why AWS said no, and the smallest policy change that cures it."""
