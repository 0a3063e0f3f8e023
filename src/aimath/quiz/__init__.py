"""Questions with numbers drawn from a seed."""
