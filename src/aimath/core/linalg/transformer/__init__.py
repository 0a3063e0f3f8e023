"""The layers of a transformer: attention, positions, normalization."""
