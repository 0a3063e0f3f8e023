"""The commands, chapter by chapter: arguments of a command line to a Report."""
