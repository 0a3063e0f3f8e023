"""A reader of figures, which knows nothing of how they are drawn: ticks, markers, bars and words of an svg."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def number(text):
    """Give the number that a text of print is."""
    found = re.fullmatch(r"([-\d.]*?)·?(?:10([⁻⁰¹²³⁴-⁹]+))?", text.replace("−", "-"))
    mantissa, power = found[1], found[2] or ""
    return float({"": "1", "-": "-1"}.get(mantissa, mantissa)) * 10.0 ** int(
        power.translate(SUPERSCRIPTS) or 0
    )


class Figure:
    """The panels of an svg."""

    def __init__(self, data):
        self.root = ET.fromstring(data)  # noqa: S314  our own
        self.words = ["".join(one.itertext()) for one in self.root.iter(f"{SVG}text")]
        axes = (one for one in self.root.iter(f"{SVG}g") if re.fullmatch(r"axes_\d+", one.get("id", "")))
        self.panels = [Panel(one) for one in axes]


class Panel:
    """One pair of axes: from places to numbers."""

    def __init__(self, group):
        self.group = group
        self.words = ["".join(one.itertext()) for one in group.iter(f"{SVG}text")]
        self.ticks = [dict(self._ticks(axis, log_of)) for axis, log_of in (("x", "x"), ("y", "y"))]

    def _ticks(self, axis, place):
        for one in self.group.iter(f"{SVG}g"):
            if re.fullmatch(rf"{axis}tick_\d+", one.get("id", "")):
                used, words = next(one.iter(f"{SVG}use"), None), "".join(one.itertext()).strip()
                if used is not None and words:
                    yield float(used.get(place)), words

    def fits(self, axis):
        """Give the places and the numbers of the ticks of an axis."""
        places = np.array(list(self.ticks[axis]))
        return places, np.array([number(text) for text in self.ticks[axis].values()])

    def read(self, axis, places):
        """Give the numbers at places, on an axis whose ticks are numbers."""
        at, values = self.fits(axis)
        log = self.is_log(axis)
        found = np.polyval(np.polyfit(at, np.log10(values) if log else values, 1), np.asarray(places))
        return 10.0**found if log else found

    def is_log(self, axis):
        """Whether the ticks of an axis are even in logarithms."""
        at, values = self.fits(axis)
        if len(values) < 3 or not (values > 0).all():
            return False
        even = [
            np.abs(np.polyval(np.polyfit(at, v, 1), at) - v).max() / np.ptp(v)
            for v in (values, np.log10(values))
        ]
        return even[1] < even[0]

    def markers(self, colour=""):
        """Give the places (n, 2) of the signs of a colour within the axes, in the order drawn."""
        found = []
        for line in self.group.findall(f"{SVG}g"):
            if re.fullmatch(r"line2d_\d+", line.get("id", "")):
                used = [one for one in line.iter(f"{SVG}use") if f"fill: {colour}" in one.get("style", "")]
                found += [(float(one.get("x")), float(one.get("y"))) for one in used]
        return np.array(found).reshape(-1, 2)

    def rectangles(self, colour):
        """Give (left, right, top, bottom) of the bars of a colour."""
        found = []
        for one in self.group.findall(f"{SVG}g"):
            for path in one.findall(f"{SVG}path") if one.get("id", "").startswith("patch_") else []:
                if f"fill: {colour}" in path.get("style", ""):
                    points = np.array(re.findall(r"[ML] (\S+) (\S+)", path.get("d")), float)
                    found.append((*np.sort(points[:, 0])[[0, -1]], *np.sort(points[:, 1])[[0, -1]]))
        return np.array(found)

    def lines(self, colour):
        """Give the corners (n, 2) of each line of a colour."""
        return [
            np.array(re.findall(r"[ML] (\S+) (\S+)", path.get("d")), float)
            for one in self.group.findall(f"{SVG}g")
            if re.fullmatch(r"line2d_\d+", one.get("id", ""))
            for path in one.findall(f"{SVG}path")
            if f"stroke: {colour}" in path.get("style", "")
        ]
