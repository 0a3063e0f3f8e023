"""The site: a page a command and a chapter, made of what is printed; no link leads nowhere, nothing is loaded."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser

import pytest

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.content.chapters import CHAPTERS
from aimath.pages.site.build import changelog_page, index_page
from aimath.pages.site.commands import SHARED_OPTIONS, command_page
from aimath.pages.site.frame import Page, linked_line
from aimath.pages.site.links import PageLinks, dead_links

VOID = {"meta", "link", "br", "wbr", "hr", "img", "circle", "rect", "path", "line"}


class Outline(HTMLParser):
    """What a page is made of: its elements, their nesting, its text."""

    def __init__(self, html):
        super().__init__()
        self.open, self.elements, self.words, self.attributes = [], [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _attrs):
        self.elements.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def read(html):
    """Give what a page is made of, and hold what holds for each: it is closed, runs nothing, asks nobody."""
    page = Outline(html)
    assert page.open == []
    assert {"script", "img", "iframe", "object", "form"}.isdisjoint(page.elements)
    assert not any(name.startswith("on") for name in page.attributes)
    assert page.elements.count("h1") == 1
    assert 'name="viewport"' in html
    assert PageLinks(html).loaded in (["style.css"], ["../style.css"])
    return page


@pytest.mark.parametrize("name", COMMANDS)
def test_command_has_its_help_its_options_and_its_derivation(name):
    page = read(command_page(name).html())
    assert COMMANDS[name].summary in page.text
    assert lookup(name).example in page.text
    for part in lookup(name).params:
        if part.name not in SHARED_OPTIONS:
            assert all(flag in page.text for flag in part.flags)
            assert " ".join(part.help.split()) in page.text
    if not lookup(name).informational:
        assert f"{lookup(name).example} --explain" in page.text
        assert "✓" in page.text


def test_first_screen_leads_to_every_command():
    targets = PageLinks(index_page().html()).targets
    assert {f"commands/{name}.html" for name in COMMANDS} <= {*targets}
    assert all(targets.count(f"commands/{name}.html") >= 2 for name in COMMANDS)  # on the screen, in the list


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ({"a.html": '<a href="b.html">b</a>'}, "a.html: there is no b.html"),
        ({"a/b.html": '<a href="../c.html">c</a>'}, "a/b.html: there is no c.html"),
        ({"a.html": '<a href="#x">x</a>'}, "a.html: a.html has no place x"),
        ({"a.html": '<a href="b.html#x">x</a>', "b.html": '<p id="y">'}, "a.html: b.html has no place x"),
        ({"a.html": '<p id="x"></p><p id="x"></p>'}, "a.html: has two places x"),
        ({"a.html": '<img src="https://a.org/b.png">'}, "a.html: loads https://a.org/b.png"),
        ({"a.html": '<link rel="stylesheet" href="//a.org/s.css">'}, "a.html: loads //a.org/s.css"),
    ],
)
def test_link_that_leads_nowhere_is_named(pages, said):
    assert dead_links(pages) == [said]


def test_links_that_lead_somewhere_are_passed():
    pages = {
        "a/b.html": '<p id="x"></p><a href="#x">x</a><a href="../c.html">c</a><a href="https://a.org">a</a>'
    }
    assert dead_links(pages | {"c.html": '<link href="s.css">'}, known={"s.css"}) == []


def test_what_is_typed_is_escaped():
    assert linked_line("aimath softmax '<b>=1' --labels <i>", "") == (
        'aimath <a href="commands/softmax.html">softmax</a> &#x27;&lt;b&gt;=1&#x27; '
        '<span class="flag">--labels</span> &lt;i&gt;'
    )
    assert "<title>a &lt;b&gt;</title>" in Page("a.html", "a <b>", "", "<h1>a</h1>").html()
    assert "<script>" not in changelog_page("# A\n\n<script>alert()</script>\n").html()


def test_changelog_links_to_nothing_that_only_a_checkout_has():
    page = changelog_page("# A\n\n[B](B.md), [C](https://c.org), `[D](D.md)`").html()
    assert PageLinks(page).targets[-1] == "https://c.org"
    assert "B, " in page


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    ran = subprocess.run(
        [sys.executable, "-m", "aimath.pages.site", str(folder)], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return folder, ran.stdout


@pytest.mark.slow
def test_it_is_built_by_one_command(built):
    folder, said = built
    files = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.html")}
    assert dead_links(files, known={"style.css"}) == []
    wanted = {f"commands/{name}.html" for name in COMMANDS} | {f"guide/{one.id}.html" for one in CHAPTERS}
    assert wanted | {"index.html", "guide/index.html", "options.html", "changelog.html"} <= files.keys()
    assert said.startswith(f"{len(files)} pages")
    titles = []
    for html in files.values():
        read(html)
        titles.append(html.partition("<title>")[2].partition("</title>")[0])
    assert len({*titles}) == len(files)
    assert "Unreleased" in files["changelog.html"] or "0.2.0" in files["changelog.html"]
    style = (folder / "style.css").read_text()
    assert "url(" not in style
    assert "prefers-color-scheme: dark" in style


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["a", "b"], ["--help"]])
def test_usage_is_one_line(words):
    ran = subprocess.run(
        [sys.executable, "-m", "aimath.pages.site", *words], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "usage: python -m aimath.pages.site FOLDER\n")


@pytest.mark.slow
def test_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    ran = subprocess.run(
        [sys.executable, "-m", "aimath.pages.site", str(tmp_path / "file" / "site")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("no site: ")
    assert len(ran.stderr.splitlines()) == 1
