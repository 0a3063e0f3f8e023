"""Questions with numbers drawn from a seed, their answers and the usual wrong ones, all from core."""
