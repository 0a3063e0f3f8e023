"""aimath beside what other libraries answered, from the files."""

import json

import pytest
from tests import oracles


@pytest.mark.slow
@pytest.mark.parametrize(("name", "case"), oracles.cases())
def test_aimath_agrees_with_the_figures_or_knows_better(name, case):
    room = oracles.topic(name)
    room.compare(room.CASES[case], oracles.committed(name, case))


WRONG = [(name, case) for name in oracles.TOPICS for case in getattr(oracles.topic(name), "WRONG", ())]


@pytest.mark.parametrize(("name", "case"), WRONG)
def test_peers_are_wrong_where_we_say_so(name, case):
    room = oracles.topic(name)
    room.wrong(room.CASES[case], oracles.committed(name, case))


@pytest.mark.parametrize("name", oracles.TOPICS)
def test_the_files_hold_the_cases_that_there_are(name):
    told = json.loads((oracles.HERE / f"{name}.json").read_text())
    assert list(told["figures"]) == list(oracles.topic(name).CASES)
    assert {"numpy", *oracles.topic(name).PEERS} <= set(told["versions"])
