"""Real models trained in seconds: runs by name, the loop that takes their steps, and their checkpoints."""
