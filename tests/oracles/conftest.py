"""The comparisons stand in the topics' modules: their asserts, too, shall say what they saw."""

import pytest
from tests import oracles

pytest.register_assert_rewrite(*(f"tests.oracles.{name}" for name in oracles.TOPICS))
