"""Rows of binary files: .npy, .safetensors, Arrow and Parquet."""
