"""Rows of text: numbers, CSV, JSON, and the columns that are chosen of them."""
