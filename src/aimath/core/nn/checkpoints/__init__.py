"""What the tensors of a checkpoint hold: their statistics, and what fewer bits make of them."""
