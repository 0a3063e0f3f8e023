"""The demos' texts are short."""

from __future__ import annotations

import pytest

from aimath.content.demos.catalogue import DEMOS
from aimath.content.demos.demo import Demo

EVERY = sorted(DEMOS)


@pytest.mark.parametrize("name", EVERY)
def test_texts_are_short(name):
    demo = DEMOS[name]
    assert isinstance(demo, Demo)
    assert len(demo.text) <= 300
    assert demo.text.endswith(".")
    assert all(len(said) <= 90 for said in demo.experiments.values())
