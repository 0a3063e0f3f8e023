"""The guide as data."""
