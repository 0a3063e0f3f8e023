"""The picture of a terminal: valid, the same every time, and alone in the world."""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from aimath.render._layout import StyledLine
from aimath.render.documents.svg import SvgWriter, _line_shapes
from aimath.render.report_view import LayoutOptions
from aimath.report import Plot, Report

SVG = "{http://www.w3.org/2000/svg}"


def picture(*reports, explain=False, draw=False, **wanted) -> str:
    writer = SvgWriter(LayoutOptions(**wanted), "aimath <softmax>", explain=explain, draw=draw)
    assert b"".join(map(writer.write, reports)) == b""
    return writer.finish().decode()


@pytest.mark.parametrize("view", [{}, {"explain": True}, {"draw": True}, {"ascii_only": True}, {"width": 40}])
def test_it_is_xml_and_the_same_every_time(five, view):
    labels = ("<b>&amp;&", "\x1b[31m", "\ufffe\uffff", "猫", '"')
    for report in (five, five._replace(names={"entry": labels})):
        text = picture(report, **view)
        assert ET.fromstring(text).tag == f"{SVG}svg"  # noqa: S314
        assert text == picture(report, **view)


def test_labels_are_text_and_nothing_else(five):
    root = ET.fromstring(picture(five._replace(names={"entry": ("<b>&amp;", "a&b", "c", "d", "e")})))  # noqa: S314
    assert {"<b>&amp;", "a&b"} <= {node.text for node in root.iter(f"{SVG}text")}


def test_it_fetches_nothing(five):
    text = picture(five, explain=True, draw=True)
    assert re.findall(r"\w+://[^\s\"']+", text) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"@import|@font-face|url\(|<script|<image|href", text)


def test_words_and_numbers_stand_in_their_cells(five):
    root = ET.fromstring(picture(five, explain=True))  # noqa: S314
    texts = {node.text: node for node in root.iter(f"{SVG}text")}
    assert {"the", "0.233344", "3 sum", "✓ checked another way: Σ p = 1"} <= set(texts)
    right = {
        float(node.get("x")) + float(node.get("textLength"))
        for t, node in texts.items()
        if t.startswith("0.2")
    }
    head = texts["4 divide by S"]
    assert right == {float(head.get("x")) + float(head.get("textLength"))}
    assert texts["✓ checked another way: Σ p = 1"].get("class") == "green"


class Shares(NamedTuple):
    weights: np.ndarray


def test_no_block_is_black():  # one without a colour of its own was, on a dark page
    cosines = Shares(np.array([[1.0, -1.0], [-1.0, 1.0]]))
    heat = Report(cosines, show=("weights",), plot=Plot("weights", kind="heat"))
    root = ET.fromstring(picture(heat._replace(names={"entry": ("█▂", "b")}), draw=True))  # noqa: S314
    classes = [node.get("class") for node in root.iter(f"{SVG}rect")]
    assert {*classes} == {"paper", "ink", "ink bold", "ink dim", "cyan", "red"}
    assert [classes.count(colour) for colour in ("cyan", "red")] == [2 + 4, 2]  # and four in the legend


def test_every_fill_is_a_plain_colour_on_dark_and_on_light_paper(five):
    text = picture(five, explain=True)  # converters that know no variables made these black
    assert "var(" not in text
    dark, light = re.search(
        r"<style>(.*)@media \(prefers-color-scheme: light\) {(.*)}\n</style>", text, re.DOTALL
    ).groups()
    rules = [dict(re.findall(r"([\w., ]+) { fill: (#[0-9a-f]{6}); }", sheet)) for sheet in (dark, light)]
    assert rules[0].keys() == rules[1].keys() >= {"text, .ink", ".paper", ".cyan", ".green"}
    assert all(rules[0][kind] != rules[1][kind] for kind in rules[0])
    used = {word for classes in re.findall(r'class="([^"]+)"', text) for word in classes.split()}
    assert used <= {"bold", "dim"} | {name.strip(" .") for kind in rules[0] for name in kind.split(",")}


def test_shades_are_the_same_in_every_font():
    shares = Shares(np.array([[0.2, 0.4], [0.7, 0.9]]))
    heat = Report(shares, show=("weights",), plot=Plot("weights", kind="heat"))
    root = ET.fromstring(picture(heat, draw=True))  # noqa: S314
    cells = [node for node in root.iter(f"{SVG}rect") if node.get("class") == "cyan"]
    assert [node.get("fill-opacity") for node in cells] == [
        "0.25",
        "0.5",
        "0.75",
        None,
    ] * 2  # and in the legend
    assert {node.get("width") for node in cells} == {"20"}
    assert not any(set(node.text) & set("░▒▓█") for node in root.iter(f"{SVG}text"))


def test_bars_are_as_long_as_their_numbers(five):
    root = ET.fromstring(picture(five))  # noqa: S314
    bars = [float(node.get("width")) for node in root.iter(f"{SVG}rect") if node.get("class") == "cyan"]
    assert np.allclose(np.array(bars) / max(bars), five.result.probs[0] / five.result.probs.max(), atol=0.003)


def test_images_are_pixels(answer):
    text = picture(answer(y=[[[0.0, 1.0], [1.0, 0.0]]], plot=Plot("y", "", "picture")), draw=True)
    greys = [node.get("fill") for node in ET.fromstring(text).iter(f"{SVG}rect")][1:]  # noqa: S314
    assert greys == [*["#080808"] * 2, *["#eeeeee"] * 4, *["#080808"] * 2]  # each pixel is two cells


def test_image_of_odd_height_ends_in_half_cells(answer):
    image = np.tile([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], (1, 9))
    text = picture(answer(y=[image], plot=Plot("y", "", "picture")), draw=True)
    root = ET.fromstring(text)  # noqa: S314
    greys = [node.get("fill") for node in root.iter(f"{SVG}rect")][1:]
    assert greys == ["#080808", "#eeeeee", "#eeeeee", "#080808"] * 9 + ["#080808", "#eeeeee"] * 9
    assert not list(root.iter(f"{SVG}text"))


def test_dots_of_a_curve_are_squares_where_the_terminal_has_them(answer):
    t = np.linspace(0.0, 1.0, 200)
    report = answer(t=[t], y=[t * t], plot=Plot("y", "t", "curve"))
    root = ET.fromstring(picture(report, draw=True))  # noqa: S314
    squares = [
        tuple(map(float, corner))
        for path in root.iter(f"{SVG}path")
        for corner in re.findall(r"M([\d.]+) ([\d.]+)h", path.get("d"))
    ]
    assert len(squares) == len(set(squares)) > 100
    steps = {round((x - squares[0][0]) / 5, 6) for x, _ in squares} | {
        round((y - squares[0][1]) / 5, 6) for _, y in squares
    }
    assert all(step == int(step) for step in steps)  # 5 units apart both ways
    assert not any("\u2800" <= sign <= "\u28ff" for node in root.iter(f"{SVG}text") for sign in node.text)


def test_columns_of_a_histogram_touch(answer):
    values = np.repeat(np.arange(10.0), 40)
    report = answer(y=[values], n=[1.0], show=("n",), plot=Plot("y", kind="histogram"))
    root = ET.fromstring(picture(report, draw=True))  # noqa: S314
    columns = [node for node in root.iter(f"{SVG}rect") if node.get("class") == "cyan"]
    assert {node.get("height") for node in columns} == {"20"}


def test_a_sign_on_a_ground_has_a_rectangle_behind_it():
    shapes = [*_line_shapes(StyledLine((("○", "bold magenta on cyan"),)), 14)]
    assert shapes[0].startswith('<rect class="cyan" x="14" y="14" width="10"')
    assert '<text class="bold magenta"' in shapes[1]
    shapes = [*_line_shapes(StyledLine((("⠒", "bold magenta on cyan"),)), 14)]
    assert shapes[0].startswith('<rect class="cyan" x="14" y="14" width="10"')
    assert shapes[1].startswith('<path class="bold magenta"')


def test_it_is_as_wide_as_what_it_shows(answer, five):
    width = float(ET.fromstring(picture(five)).get("width"))  # noqa: S314
    assert width == 828
    long = picture(answer(m=np.ones((1, 2, 50))), all_rows=True, width=30)
    assert float(ET.fromstring(long).get("width")) >= 300  # noqa: S314


def test_nothing_to_show_is_a_picture_too():
    assert ET.fromstring(picture()).tag == f"{SVG}svg"  # noqa: S314
