"""Documents: HTML, Markdown and LaTeX of every derivation, by parsers; in a browser and by LaTeX where they are."""

from __future__ import annotations

import html.parser
import re
import shutil
import subprocess

import pytest

from aimath.cli.catalogue import COMMANDS, lookup
from aimath.cli.output import title_of
from aimath.cli.runner.capture import run_captured
from aimath.content.demos.catalogue import DEMOS
from aimath.render.documents._tex import tex_clause, tex_math, tex_text
from aimath.render.documents.html import html_writer
from aimath.render.documents.latex import latex_writer
from aimath.render.documents.markdown import markdown_writer
from aimath.render.report_view import LayoutOptions
from aimath.render.terminal import TerminalWriter
from aimath.text import to_ascii

EXAMPLES = sorted(name for name, entry in COMMANDS.items() if not entry.is_text)
LINES = [f"{lookup(name).example} --explain" for name in EXAMPLES]
LINES += [line for demo in DEMOS.values() for line in demo.command_lines]
WRITERS = {"html": html_writer, "md": markdown_writer, "tex": latex_writer}
VOID = {"meta", "circle", "rect", "path"}
HOSTILE = [
    "</style><script>", "--><script>x</script>", r"\input{/etc/passwd}", "|x|", "a&b", "50%", "#_$^~{}", "`*_x_*`",
    "<svg onload=a>", "$x$", r"\end{document}", "[x](http://a)", '"quoted"', "猫",
]  # fmt: skip


def reports_of(line):
    return run_captured(line).reports


def written(form, line, *, explain=True, draw=False):
    writer = WRITERS[form](LayoutOptions(), "aimath", explain=explain, draw=draw)
    parts = [writer.write(report) for report in reports_of(line)]
    return b"".join([*parts, writer.finish()]).decode()


class Page(html.parser.HTMLParser):
    """A parser that wants every element closed, and none that loads or runs anything."""

    def __init__(self, text):
        super().__init__()
        self.open, self.words = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert tag not in {"script", "link", "iframe", "img", "object", "a"}
        assert not any(name.startswith("on") or name in {"src", "href"} for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, _):
        assert tag in VOID

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def numbers(text):
    return set(re.findall(r"\d+\.\d+", text))


@pytest.mark.parametrize("line", LINES)
def test_every_derivation_is_a_page_with_the_same_numbers(line):
    page = Page(written("html", line))
    screen = TerminalWriter(LayoutOptions(), explain=True)
    seen = b"".join([*(screen.write(report) for report in reports_of(line)), screen.finish()]).decode()
    # A matrix that is too wide for a terminal has fewer digits there.
    missing = {
        x for x in numbers(seen) if not any(y.startswith(x[:4]) for y in numbers(" ".join(page.words)))
    }
    assert not missing


@pytest.mark.parametrize("line", LINES)
def test_every_derivation_is_markdown_whose_tables_are_whole(line):
    text = written("md", line)
    for block in text.split("\n\n"):
        rows = [row for row in block.splitlines() if row.startswith("| ")]
        widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows if row != "| … |"}
        assert len(widths) <= 1, block
    for block in re.sub(r"```.*?```", "", text, flags=re.DOTALL).split("\n\n"):
        assert len(re.findall(r"(?<!\\)\$", block)) % 2 == 0, block


def check_tex(text):
    """Assert that braces, environments and dollars are closed, and no sign stands that pdfTeX can't read."""
    bare = re.sub(r"\\\\|\\[{}$%&#_]", "", text)
    depth = 0
    for sign in bare:
        depth += (sign == "{") - (sign == "}")
        assert depth >= 0
    assert depth == 0
    stack = []
    for verb, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", bare):
        if verb == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    assert bare.count("$") % 2 == 0
    signs = re.sub(r"\\unicodesign\{[0-9A-F]+\}\{.\}", "", bare)
    assert [sign for sign in signs if not sign.isascii() and not "\u00c0" <= sign <= "\u00ff"] == []


@pytest.mark.parametrize("line", LINES)
def test_every_derivation_is_latex_that_closes_what_it_opens(line):
    check_tex(written("tex", line))


@pytest.mark.parametrize("label", HOSTILE)
def test_text_of_a_user_is_shown_as_typed(label, warm, tmp_path):
    for form in WRITERS:
        file = tmp_path / f"x.{form}"
        assert (
            warm("softmax", "1", "2", "--labels", f"[{label},b]"[1:-1], "--explain", "--out", str(file)).code
            == 0
        )
        text = file.read_text()
        if form == "html":
            assert label in " ".join(Page(text).words)
        elif form == "tex":
            check_tex(text)
            assert not re.search(r"\\(input|script)\b", text)
            assert text.count(r"\end{document}") == 1
        else:
            assert "<script" not in text
            assert not re.search(r"(?<!\\)\]\(", text)


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("x_ij = √(a + b)", r"x_{\text{ij}} = \sqrt{a + b}"),
        ("e^(-x²)", "e^{-x^{2}}"),
        ("‖x‖ ≤ 3.5e-07", r"\Vert x\Vert \le 3.5\cdot 10^{-7}"),
        ("Aᵀ·A ≈ 0", r"A^{\top }\cdot A \approx 0"),
        ("log2 5", r"\log_{2} 5".replace("} 5", "} 5")),
        ("beta1^t", r"\beta_{1}^{t}"),
        ("w3 ← w2 - lr · g", r"w_{3} \leftarrow w_{2} - \text{lr} \cdot g"),
        ("x̂ = 1", r"\hat{x} = 1"),
        ("√", r"\surd"),
        ("a^", r"a\hat{}"),
    ],
)
def test_formulas_are_mathematics(text, tex):
    assert tex_math(text) == tex


def test_label_with_an_underscore_is_shown_as_typed(aimath):
    """An underscore becomes a comma in places of a matrix, 1,2, and nowhere else."""
    assert " a_b " in aimath("softmax", "1", "2", "--labels", "a_b,c", "--explain").out
    assert " 2,1 " in aimath("layer", "1 2; 3 4", "1,2", "--explain").out


def test_words_are_words():
    assert tex_clause("like a choice among 2.7 equally likely") == "like a choice among 2.7 equally likely"
    assert tex_text("a_b & 100%") == r"a\_b \& 100\%"


def test_signs_of_all_derivations_are_known():
    """What a terminal of ASCII can show, LaTeX can; nothing of ours is printed as a number."""
    for line in LINES:
        text = written("tex", line)
        assert r"\unicodesign" not in re.sub(r"\\newcommand\{\\unicodesign\}.*", "", text), to_ascii(text)


@pytest.mark.parametrize("form", WRITERS)
def test_title_is_the_line_without_what_made_a_document_of_it(form, aimath, tmp_path):
    for words in (["--out", tmp_path / f"x.{form}"], [f"--out={tmp_path}/x.{form}"]):
        assert aimath("softmax", "1", "2", "--labels", "a|b,<c>", "--explain", *words).code == 0
        text = (tmp_path / f"x.{form}").read_text()
        assert str(tmp_path) not in text
        shown = {"html": "--labels &#x27;a|b,&lt;c&gt;&#x27;</h1>", "md": r"--labels 'a\|b,&lt;c&gt;'",
                 "tex": r"{-}{-}labels \textquotesingle{}a\textbar{}b,\textless{}c\textgreater{}\textquotesingle{}}"}  # fmt: skip
        assert f"aimath softmax 1 2 {shown[form]}" in text
    assert len(title_of("softmax", ["softmax", "1,2," * 99])) == 100


def test_step_and_words_before_a_formula_stay_outside():
    line = "pca '1,2;3,4;5,9' --explain"
    assert "\n3 $C \\cdot v = " in written("md", f"aimath {line}")
    assert "\n3 $C \\cdot v = " in written("tex", f"aimath {line}")
    text = written("tex", "aimath mutual-information '.4,.1;.1,.4' --explain")
    assert re.search(r"checked another way: \$\\operatorname\{H\}", text)


def test_plots_keep_their_columns_and_panels_their_size_in_latex():
    """A blank at the start of a line is lost without something before it; each panel is fitted alone."""
    text = written("tex", "aimath pca '1,2;3,4;5,9' --plot", explain=False, draw=True)
    rows = re.findall(r"^.*\\texttt\{~.*$", text, re.MULTILINE)
    assert rows
    assert all(row.startswith(r"\mbox{}\texttt") or r"\setlength" in row for row in rows)
    text = written("tex", "aimath attention randn:6x4 randn:6x4 randn:6x4 --explain")
    assert text.count(r"\fitted{\begin") == text.count(r"\begin{tabular}")


def test_lecture_of_all_demos_is_one_page(aimath, tmp_path):
    file = tmp_path / "lecture.html"
    assert aimath("demo", "all", "--out", file) == (0, "", "")
    text = file.read_text()
    Page(text)
    assert len(text) < 2_000_000
    assert all(f"<h2>{name}:" in text for name in DEMOS)


def test_answers_and_plots_are_in_documents_too(warm, tmp_path):
    for form, word in [("html", "<svg"), ("tex", r"\texttt"), ("md", "```")]:
        file = tmp_path / f"x.{form}"
        assert warm("gd", "(w-3)^2", "w=10", "--plot", "--explain", "--out", str(file)).code == 0
        assert word in file.read_text()
    for form in ("html", "tex"):
        file = tmp_path / f"y.{form}"
        assert warm("softmax", "2", "1", "0.1", "--out", str(file)).code == 0
        assert "0.65900" in file.read_text()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed")
def test_latex_compiles(aimath, tmp_path):
    assert aimath("demo", "all", "--out", tmp_path / "all.tex")[0] == 0
    labels = ",".join(f"'{label}'" for label in HOSTILE if "'" not in label and "," not in label)
    count = labels.count("','") + 1
    hostile = ["softmax", *map(str, range(count)), "--labels", labels.replace("'", ""), "--explain"]
    assert aimath(*hostile, "--out", tmp_path / "hostile.tex")[0] == 0
    for name in ("all.tex", "hostile.tex"):
        ran = subprocess.run(
            ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", name],
            cwd=tmp_path, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[-2000:]


def chromium():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.mark.slow
@pytest.mark.skipif(not chromium(), reason="Chromium is not installed")
def test_page_fits_a_narrow_browser(aimath, tmp_path):
    """The page itself doesn't scroll sideways at 360 pixels, and the browser has nothing to complain of."""
    assert aimath("demo", "all", "--out", tmp_path / "all.html")[0] == 0
    text = (tmp_path / "all.html").read_text()
    measured = re.sub('<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace(
        "</main>", "</main><script>document.title = document.documentElement.scrollWidth</script>"
    )
    (tmp_path / "measured.html").write_text(measured)
    for name in ("all.html", "measured.html"):
        ran = subprocess.run(
            [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--window-size=500,800",
             "--force-device-scale-factor=1", "--enable-logging=stderr", "--dump-dom", (tmp_path / name).as_uri()],
            capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        assert "CONSOLE" not in ran.stderr
    width = int(re.search(r"<title>(\d+)</title>", ran.stdout)[1])
    assert width <= 500
