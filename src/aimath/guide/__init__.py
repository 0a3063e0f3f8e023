"""The guide's content as data."""
