"""Tensors with gradients, and the functions of them."""
