"""Commands of probability."""
