"""Tables for people: what a terminal shows at every width, and what it never does to a number."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from aimath.render.numbers import NumberStyle
from aimath.report import Plot
from aimath.text import display_width

WIDTHS = (20, 40, 80, 200)


def numbers(lines) -> list[float]:
    found = []
    for line in lines:
        for word in line.replace("=", " ").split():
            try:
                found.append(float(word))
            except ValueError:
                continue
    return found


def test_one_vector_is_a_line_an_entry_with_bars(five, seen):
    assert seen(five) == [
        "      logits     probs",
        " ─────────────────────",
        " the     2    0.233344  ███████████",
        " cat     1    0.085842  ████",
        " sat     0.1  0.034901  █▋",
        " on     -1    0.011618  ▌",
        " mat     3    0.634295  ██████████████████████████████",
    ]


def test_a_value_is_a_line_with_its_unit(answer, seen):
    assert seen(answer(kl=[0.5310044], units={"kl": "nats"})) == ["kl = 0.531004 nats"]
    assert seen(answer(h=[2.0], perplexity=[4.0])) == ["h          = 2", "perplexity = 4"]


def test_many_rows_are_a_table(answer, seen):
    out = seen(answer(step=[0, 1], loss=[1.0, 0.36787944], units={"loss": "nats"}))
    assert out == [" step  loss (nats)", " ─────────────────", "    0     1.000000", "    1     0.367879"]


def test_a_column_that_is_plotted_has_bars(answer, seen):
    from aimath.report import Plot

    out = seen(answer(t=[1, 2], h=[1.0, 2.0], plot=Plot("h", "t", "curve")))
    assert [line.count("█") for line in out[2:]] == [15, 30]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal(softmax, five, seen, width):
    rng = np.random.default_rng(0)
    for report in (
        five,
        softmax(rng.normal(size=(3, 9))),
        softmax(rng.normal(size=60)),
        softmax([1e-300, 2, 3]),
    ):
        for fields in ((), ("probs", "entropy", "argmax")):
            assert max(map(display_width, seen(report, width=width, fields=fields))) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_no_number_is_cut_or_wrapped(softmax, seen, width):
    report = softmax(np.random.default_rng(1).normal(size=(4, 9)))
    out = seen(report, width=width, style=NumberStyle(decimals=6))
    expected = [float(f"{x:.6f}") for x in report.result.probs.ravel()]
    assert [x for x in numbers(out) if x in set(expected)] == expected
    assert "…" not in "".join(out)


def test_what_is_too_wide_is_one_value_a_line(softmax, seen):
    out = seen(softmax(np.zeros((2, 4))), width=30)
    assert out == [
        *(f"probs_{k} = 0.25" for k in range(1, 5)),
        "",
        *(f"probs_{k} = 0.25" for k in range(1, 5)),
    ]


def test_a_vector_too_wide_leaves_out_what_stands_beside_it_then_the_table(softmax, seen):
    report = softmax([1.25, 2.5], names={"entry": ("first", "second")})
    assert seen(report, width=20)[0] == "          probs"
    out = seen(report, width=20, style=NumberStyle(decimals=12))
    assert out == ["first =", "  0.222700138825", "second =", "  0.777299861175"]


def test_a_pipe_has_no_width(softmax, seen):
    out = seen(softmax(np.zeros((2, 50))), width=10_000)
    assert len(out) == 4
    assert out[0].split() == [f"probs_{k}" for k in range(1, 51)]


@pytest.mark.parametrize("blocks", [[100], [1] * 2 + [98], [30, 70], [19, 1, 80]])
def test_a_long_table_shows_both_ends(answer, seen, blocks):
    values = np.split(np.arange(100), np.cumsum(blocks)[:-1])
    out = seen(*(answer(k=part, y=part * 0.5) for part in values))
    assert [line.split()[0] for line in out[2:]] == [*map(str, range(20)), "…", *map(str, range(95, 100))]
    assert out[22] == " … 75 more rows (--all)"


@pytest.mark.parametrize(("rows", "lines"), [(25, 25), (26, 26), (27, 26)])
def test_a_gap_hides_more_than_its_own_line(answer, seen, rows, lines):
    assert len(seen(answer(k=np.arange(rows), y=np.arange(rows) * 0.5))) == 2 + lines
    assert len(seen(answer(p=np.full((1, rows), 0.5)))) == 2 + lines


def test_all_is_all(answer, softmax, seen):
    assert len(seen(answer(k=np.arange(500), y=np.ones(500)), all_rows=True)) == 502
    assert len(seen(softmax(np.zeros(500)), all_rows=True)) == 502
    assert len(seen(softmax(np.zeros((2, 100))), all_rows=True)) == 201
    assert len(seen(softmax(np.zeros((2, 100))))) == 2 * 26 + 1


def test_rows_of_other_lengths_begin_a_new_table(softmax, seen):
    out = seen(softmax(np.zeros((2, 2))), softmax(np.zeros((2, 3))), softmax(np.zeros((1, 4))))
    assert [line for line in out if "probs" in line] == [
        "probs_1  probs_2".rjust(17), "  probs_1   probs_2   probs_3", "    logits  probs",
    ]  # fmt: skip


def test_labels_alone_are_heads_where_there_is_one_vector(softmax, seen):
    out = seen(softmax(np.zeros((2, 2)), names={"entry": ("the", "cat")}))
    assert out[0].split() == ["the", "cat"]


def test_a_matrix_is_a_grid(answer, seen):
    out = seen(answer(m=[[[1.0, 0.123456], [2.0, -3.0]]]))
    assert out == [
        "            1          2",
        " ───────────────────────",
        " 1   1.000000   0.123456",
        " 2   2.000000  -3.000000",
    ]


def test_a_wide_matrix_shows_its_first_and_last_columns(answer, seen):
    square = np.arange(10_000.0).reshape(1, 100, 100)
    out = seen(answer(m=square), width=40)
    assert out[0].split() == ["1", "2", "3", "4", "…", "100"]
    assert out[22].strip() == "… 75 more rows (--all)"
    assert max(map(display_width, out)) <= 40
    assert (
        len(seen(answer(m=square), width=40, all_rows=True)) == 100 * 101 - 1
    )  # one number a line, none lost


def test_swept_options_are_the_first_columns_or_stand_above(softmax, seen):
    def both(logits):
        return [softmax(logits, t, swept={"temperature": np.array([t])}) for t in (0.5, 1.0)]

    assert seen(*both([0, 0]))[0].split() == ["temperature", "probs_1", "probs_2"]
    out = seen(*both(np.zeros(9)))
    assert out[0] == " temperature = 0.5"
    assert " temperature = 1" in out


def test_words_flags_and_void_rows(answer, seen):
    out = seen(answer(word=["king", "a"], ok=[True, False], score=[0.5, 1.0]))
    assert [line.split() for line in out[2:]] == [["king", "true", "0.5"], ["a", "false", "1"]]
    assert seen(answer(words=[["x", "yy"]]))[2:] == [" 1  x", " 2  yy"]
    assert seen(answer(p=[[0.5, 0.5]], is_missing=True))[2:] == [" 1  nan", " 2  nan"]


def test_wide_signs_are_two_cells(softmax, seen):
    out = seen(softmax([0, 0], names={"entry": ("猫", "cat")}), width=80)
    assert {display_width(line.rstrip("█")) for line in out[2:]} == {display_width(out[2].rstrip("█"))}


def test_long_labels_are_cut_but_no_number(softmax, seen):
    out = seen(softmax([0.0, 1.0], names={"entry": ("x" * 300, "y")}), width=40)
    assert max(map(display_width, out)) <= 40
    assert "xxx…" in out[2]


def test_digits_hold(five, seen):
    assert seen(five, style=NumberStyle(digits=3))[2].split()[2] == "0.233"
    assert seen(five, style=NumberStyle(decimals=2))[2].split()[1:3] == ["2.00", "0.23"]


def test_colour_only_repeats(five, softmax, seen):
    import re

    for view in ({}, {"explain": True}, {"draw": True}):
        for report in (five, softmax(np.random.default_rng(0).normal(size=(3, 2)))):
            painted = [
                re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in seen(report, colour=True, **view)
            ]
            assert painted == seen(report, **view)


def test_colour_takes_nothing_from_the_environment(five, seen, monkeypatch):
    before = seen(five, colour=True)
    for name, value in {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "10", "FORCE_COLOR": "0"}.items():
        monkeypatch.setenv(name, value)
    assert seen(five, colour=True) == before
    assert "\x1b[36m" in before[2]


def test_a_stream_of_rows_is_not_held(answer):
    from aimath.render.report_view import LayoutOptions
    from aimath.render.terminal import TerminalWriter

    writer = TerminalWriter(LayoutOptions())
    for k in range(200):
        writer.write(answer(k=np.arange(1000) + 1000 * k, y=np.ones(1000)))
    held = writer.document.records
    assert len(held.head) + len(held.tail) <= 26
    assert b" 199999 " in writer.finish()


def test_a_single_row_keeps_its_digits_on_a_narrow_terminal(answer, seen):
    columns = {f"quantity_{k}": [2 / 3] for k in range(6)}
    lines = seen(answer(**columns, show=tuple(columns)), width=40)
    assert lines == [f"quantity_{k} = 0.666667" for k in range(6)]


def test_many_rows_lose_digits_before_they_lose_the_table(answer, seen):
    columns = {f"q{k}": [2 / 3, 1e-5 / 3] for k in range(5)}
    lines = seen(answer(**columns, show=tuple(columns)), width=42)
    assert [line.split() for line in lines[2:4]] == [["0.6667"] * 5, ["3e-6"] * 5]
    assert "4 digits, to fit" in lines[4]
    wide = seen(answer(**columns, show=tuple(columns)), width=80)
    assert wide[2].split() == ["0.666667"] * 5


def test_many_rows_have_their_units_below_before_they_lose_the_table(answer, seen):
    report = answer(entropy=[2 / 3, 1.0], surprise=[0.5, 1.0], units={"entropy": "bits"})
    assert seen(report, width=30)[0] == " entropy (bits)  surprise"
    assert seen(report, width=20) == [
        " entropy  surprise",
        " ─────────────────",
        " 0.66667       0.5",
        " 1.00000       1.0",
        " 5 digits, to fit;",
        "   --json has all",
        "   entropy in bits",
    ]


def test_runs_that_diverged_stretch_no_scale_and_their_bars_go_beyond_it(answer, seen):
    plot = Plot("loss", kind="sweep", status="status")
    rows = answer(lr=[0.1, 0.2, 0.3], loss=[1.0, 2.0, 1e9], status=["going", "going", "diverged"], plot=plot)
    head, _, *lines = seen(rows)
    assert head.endswith("bar: loss")
    bars = [line.partition("going")[2] or line.partition("diverged")[2] for line in lines]
    assert bars[1].count("█") == 2 * bars[0].count("█")
    assert bars[2].endswith("▶")
    assert bars[2].count("█") == bars[1].count("█") - 1
    assert seen(rows, ascii_only=True)[-1].endswith(">")


def test_a_table_that_is_too_wide_for_a_terminal_keeps_its_first_columns_and_that_which_is_drawn(
    answer, seen
):
    columns = {f"column_{k}": np.arange(40.0) + k for k in range(30)}
    lines = seen(answer(**columns, plot=Plot("column_20")), width=60, max_lines=36)
    assert lines[0].split()[0] == "column_0"
    assert "column_20" in lines[0].split()
    assert lines[0].split()[-1] == "…"
    kept = len(lines[0].split()) - 1
    assert lines[-1] == f" … {30 - kept} more columns (--all)"
    assert max(map(len, lines)) <= 60
    assert len(lines) < 36
    assert len(seen(answer(**columns), width=60)) > 500  # where nothing is to be saved


def test_a_text_that_is_too_wide_for_a_terminal_is_cut_short(answer, seen):
    run, said = ["digits", "names", "a run of a longer name"], ["a network learns which digit it is " * 2] * 3
    rows = answer(run=run, seconds=[0.5, 9.0, 1.0], learns=said, seen=said)
    for width in range(30, 240):
        head, _, *lines = seen(rows, width=width, max_lines=36)
        assert max(map(display_width, (head, *lines))) <= width
        words = head.split()
        if words[-1] != "…":
            continue
        if "learns" not in words:  # no room for a text that says something
            assert "not shown: learns, seen (--all)" in " ".join(" ".join(lines[3:]).split())
            assert width < 60
            continue
        at = head.index("learns")
        told = [line[at:].removesuffix("…").rstrip() for line in lines[:3]]
        assert all(said[0].startswith(text.partition("…")[0]) for text in told)
        assert lines[3].strip() == ("cut short (--all)" if "seen" in words else "not shown: seen (--all)")


def test_answers_beyond_a_screen_are_counted(answer, seen):
    answers = [answer(y=[[1.0, 2.0, 3.0]]) for _ in range(50)]
    lines = seen(*answers, max_lines=36)
    assert len(lines) < 50
    assert lines[-1] == f" … {50 - sum(line.endswith('y') for line in lines)} more answers (--all)"
    assert not any("--all" in line for line in seen(*answers))
    shown = sum(line.endswith("y") for line in lines)
    assert seen(*answers[: shown + 1], max_lines=36)[-1] == " … 1 more answer (--all)"


def test_derivations_beyond_a_screen_are_counted(softmax, seen):
    report = softmax(np.arange(60.0).reshape(20, 3))
    lines = seen(report, explain=True, max_lines=36)
    shown = sum("3 sum   S = " in line for line in lines)
    assert 3 <= shown < 10
    assert lines[-1] == f" … {20 - shown} more answers (--all)"


def test_losses_over_decades_are_dots_on_a_log_scale_that_is_said(answer, seen):
    losses = 10.0 ** -np.arange(0.0, 10.0, 1.0)
    plot = Plot("losses", "step", "curve", column="loss")
    head, _, *lines = seen(answer(step=np.arange(10), loss=losses, status=["going"] * 10, plot=plot))
    assert head.endswith("dots: loss (log scale)")
    places = [line.index("●") for line in lines]
    steps = {a - b for a, b in itertools.pairwise(places)}
    assert max(steps) - min(steps) <= 1
    assert min(steps) > 0
    none = seen(
        answer(step=np.arange(10), loss=losses, status=["going"] * 10, plot=plot._replace(from_zero=True))
    )
    assert "log" not in none[0]


def test_what_is_lost_of_a_log_scale_is_not_drawn_and_what_diverged_goes_beyond_it(answer, seen):
    loss, status = [1.0, 0.0, 1e-5, 1e9], ["going", "going", "going", "diverged"]
    lines = seen(answer(loss=loss, status=status, plot=Plot("loss", kind="sweep", status="status")))[2:]
    assert [line.split()[-1][-1] for line in lines] == ["●", "g", "●", "▶"]


def test_coordinates_stay_in_fewer_digits_and_columns_that_do_not_fit_are_named(answer, seen):
    points = {f"point_{name}": np.linspace(1.0, 2.0, 21) ** 9 for name in "xy"}
    rest = {f"gradient_{name}": np.linspace(1.0, 2.0, 21) ** 9 for name in "xy"}
    plot = Plot("point", "loss", kind="path")
    lines = seen(
        answer(step=np.arange(21), **points, loss=np.ones(21) / 3, **rest, plot=plot), width=40, max_lines=36
    )
    assert lines[0].split() == ["step", "point_x", "point_y", "loss", "…"]
    assert "gradient_x, gradient_y" in " ".join(" ".join(lines[-3:]).split())
    assert max(map(len, lines)) <= 40
