"""What a demo is, the demos as data, and the textbook formulas that break."""
