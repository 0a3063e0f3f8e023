"""The guide's map, roadmap and resources hang together: every command and topic that they name is there."""

from __future__ import annotations

import re

import pytest

from aimath.cli.catalogue import COMMANDS
from aimath.content.chapters import CHAPTERS
from aimath.content.demos.catalogue import DEMOS
from aimath.content.guide import MAP, RESOURCES, ROADMAP
from aimath.training.registry import RUNS


def test_map_leads_somewhere():
    assert len(MAP) == 12
    for use in MAP:
        assert use.command in COMMANDS
        assert use.demo in DEMOS
        assert use.train in RUNS


def test_roadmap_takes_four_weeks_a_chapter_each():
    assert len(ROADMAP) == 4
    assert [week.chapter for week in ROADMAP] == [chapter.id for chapter in CHAPTERS]


@pytest.mark.parametrize(
    "item", [item for week in ROADMAP for item in week.items], ids=lambda item: item.item
)
def test_roadmap_names_what_there_is(item):
    assert item.demo in DEMOS
    assert item.command in COMMANDS
    assert item.quiz in COMMANDS
    assert any(f"aimath {item.command} " in line for line in DEMOS[item.demo].command_lines)


def test_the_last_week_builds_what_trains():
    lines = re.findall(r"aimath train (\w+)", ROADMAP[-1].build)
    assert lines == ["names", "ddpm"]
    assert {*lines} <= {*RUNS}


def test_resources_are_six_sources():
    assert len({one.author for one in RESOURCES}) == 6
