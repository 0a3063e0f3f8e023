"""The framework of the command line."""
