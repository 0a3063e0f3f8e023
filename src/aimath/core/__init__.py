"""The mathematics: pure functions from arrays of numbers to named quantities."""
