"""aimath beside what the installed libraries answer now: pip install -e '.[peers]'."""

import pytest
from tests import oracles

pytest.importorskip("sklearn")
pytest.importorskip("torch")
pytest.importorskip("transformers")


@pytest.mark.parametrize("name", oracles.TOPICS)
def test_the_peers_that_are_installed_say_what_aimath_says(name):
    room = oracles.topic(name)
    for case, told in oracles.asked(name).items():
        room.compare(room.CASES[case], oracles.figures(told))
