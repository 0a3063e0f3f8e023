"""aimath: a command-line calculator for the mathematics behind AI."""

__version__ = "0.1.0"
