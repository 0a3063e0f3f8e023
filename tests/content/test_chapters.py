"""Topics of the chapters are told apart."""

from __future__ import annotations

from aimath.content.chapters import CHAPTERS

TOPICS = [topic.id for chapter in CHAPTERS for topic in chapter.topics]


def test_topics_are_told_apart():
    assert len({*TOPICS, *(chapter.id for chapter in CHAPTERS), "all"}) == len(TOPICS) + 5
