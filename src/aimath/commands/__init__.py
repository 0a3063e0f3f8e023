"""The commands, by chapter."""
