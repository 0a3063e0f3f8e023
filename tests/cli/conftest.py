"""What tests of the command line share: the files that commands read."""

from __future__ import annotations

import pytest
from tests.cli.files import make_files


@pytest.fixture(scope="session")
def folder(tmp_path_factory, warm):
    """Give the folder of all files, whole."""
    place = tmp_path_factory.mktemp("files")
    make_files(place, warm)
    return place
