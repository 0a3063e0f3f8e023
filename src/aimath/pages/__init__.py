"""What talks."""
