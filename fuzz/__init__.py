"""Inputs made to break trailsleuth, and the laws that must hold for each of them; see fuzz/README.md."""
