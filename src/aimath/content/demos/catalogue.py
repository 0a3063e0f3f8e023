"""All demos, by topic."""

from __future__ import annotations

from aimath.content.demos import calculus, information, linalg as linear_algebra, probability

DEMOS = {
    demo.id: demo
    for chapter in (linear_algebra, calculus, probability, information)
    for demo in chapter.DEMOS
}
