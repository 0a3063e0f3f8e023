"""What the tests of the command line share."""

from __future__ import annotations

import pytest
from tests.cli.warm import Warm


@pytest.fixture(scope="session")
def warm():
    """Run `aimath ARGUMENTS` in a world of its own, from a warm interpreter."""
    runs = Warm()
    yield runs
    runs.close()
