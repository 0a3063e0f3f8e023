"""Where to read and watch on."""

from __future__ import annotations

from typing import NamedTuple


class Resource(NamedTuple):
    """Something to read or watch."""

    name: str
    author: str
    about: str  # what it is good for


RESOURCES = (
    Resource("Essence of Linear Algebra", "3Blue1Brown", "what matrices do, in pictures"),
    Resource("Neural Networks", "3Blue1Brown", "networks and backpropagation, in pictures"),
    Resource("Mathematics for Machine Learning", "Deisenroth, Faisal, Ong", "a free book: all four chapters"),
    Resource("micrograd", "Karpathy", "backpropagation from scratch"),
    Resource("CS229", "Stanford", "a course on machine learning, with proofs"),
    Resource("Deep Learning, chapters 2-4", "Goodfellow, Bengio, Courville", "the mathematics in short"),
    Resource("StatQuest", "Starmer", "statistics, step by step"),
)
