"""Commands of information theory."""
