"""The demos as data."""
