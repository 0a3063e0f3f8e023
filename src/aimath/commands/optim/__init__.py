"""Commands of optimisation."""
