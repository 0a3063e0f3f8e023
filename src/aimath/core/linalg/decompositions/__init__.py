"""Decompositions: eigenvalues, singular values, principal components."""
