"""An index of a large trail, made once and asked many times."""
