"""All demos, by topic."""

from __future__ import annotations

from aimath.content.demos import calculus, information, linalg, probability

DEMOS = {demo.id: demo for chapter in (linalg, calculus, probability, information) for demo in chapter.DEMOS}
