"""Every figure of the guide belongs to a topic."""

from __future__ import annotations

from aimath.content import claims
from aimath.content.chapters import CHAPTERS


def test_claims_are_of_topics():
    chapters = (claims.LINEAR_ALGEBRA, claims.CALCULUS, claims.PROBABILITY, claims.INFORMATION)
    for chapter, several in zip(CHAPTERS, chapters, strict=True):
        assert {claim.topic for claim in several} <= {topic.id for topic in chapter.topics}
    assert len({(claim.topic, claim.label) for claim in claims.CLAIMS}) == len(claims.CLAIMS)
