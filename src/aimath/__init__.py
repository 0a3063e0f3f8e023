"""aimath: a command-line calculator for the mathematics behind AI."""

__version__ = "0.2.0"
