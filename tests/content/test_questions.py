"""Questions in words are whole, and their commands run."""

from __future__ import annotations

import pytest

from aimath.content.questions import QUESTIONS


@pytest.mark.parametrize("question", QUESTIONS, ids=[q.topic for q in QUESTIONS])
def test_question_in_words_is_whole_and_its_command_runs(question, aimath):
    import shlex

    said = [question.correct, *question.distractors]
    assert len(set(said)) == 4
    assert all(question.distractors.values())
    assert len(question.key_points) >= 3
    ran = aimath(*shlex.split(question.command)[1:])
    assert ran.code == 0
    assert max(map(len, said)) <= 1.25 * min(map(len, said))  # the longest gives nothing away
