"""Plots on matplotlib's axes: what `--figure` writes."""
