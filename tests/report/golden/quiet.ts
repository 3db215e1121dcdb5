// no policy change cures this case
