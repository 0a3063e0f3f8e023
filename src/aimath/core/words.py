"""Four words as vectors of four made-up qualities: the guide's, small enough to follow by hand."""

WORDS = ("king", "queen", "man", "woman")

VECTORS = (
    (0.8, 0.2, 0.9, -0.5),
    (0.7, 0.8, 0.85, -0.4),
    (0.9, 0.1, 0.5, -0.6),
    (0.8, 0.7, 0.45, -0.5),
)
