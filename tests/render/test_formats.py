"""The forms for programs: what a script that reads them relies on."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import given, strategies as st

from aimath.errors import InputError
from aimath.render.formats import DelimitedWriter, JsonLinesWriter, MarkdownWriter, PlainWriter, quote_cell
from aimath.render.numbers import NumberStyle
from aimath.render.report_view import LayoutOptions
from aimath.report import Report

if TYPE_CHECKING:
    from aimath.core.numerics.axes import Entries, Scalars, Vectors

T = np.array([0.5])


class One(NamedTuple):
    x: Vectors


def text(writer, *reports) -> str:
    return (b"".join(map(writer.write, reports)) + writer.finish()).decode()


def plain(*reports, **wanted) -> str:
    return text(PlainWriter(LayoutOptions(**wanted)), *reports)


def tsv(*reports, **wanted) -> str:
    return text(DelimitedWriter(LayoutOptions(**wanted), "\t"), *reports)


def csv_rows(*reports, **wanted) -> list[list[str]]:
    return list(
        csv.reader(io.StringIO(text(DelimitedWriter(LayoutOptions(**wanted), ","), *reports), newline=""))
    )


def objects(*reports, **wanted):
    return [
        json.loads(line) for line in text(JsonLinesWriter(LayoutOptions(**wanted)), *reports).splitlines()
    ]


class TestPlain:
    def test_a_vector_is_one_line_of_bare_numbers(self, answer):
        assert plain(answer(probs=[[0.5, 0.25, 0.25]], units={"probs": "bits"})) == "0.5 0.25 0.25\n"

    def test_values_are_one_a_line(self, answer):
        assert plain(answer(kl=[1.0, math.inf])) == "1\ninf\n"

    def test_rows_may_differ_in_length_where_a_row_stands_alone(self, answer):
        assert plain(answer(p=[[1.0, 2.0]]), answer(p=[[3.0]])) == "1 2\n3\n"

    def test_a_column_is_answered_as_columns_with_a_blank_line_between(self, answer):
        first, second = answer(p=[[1.0, 2.0]], is_column=True), answer(p=[[3.0], [4.0]], is_column=True)
        assert plain(first, second) == "1\n2\n\n3\n\n4\n"

    def test_a_column_answered_by_one_value_is_that_value(self, answer):
        assert plain(answer(h=[1.5], is_column=True), answer(h=[2.5], is_column=True)) == "1.5\n2.5\n"

    def test_a_matrix_is_its_rows_with_a_blank_line_between_two(self, answer):
        one = answer(m=[[[1.0, 2.0], [3.0, 4.0]]])
        assert plain(one, one) == "1 2\n3 4\n\n1 2\n3 4\n"

    def test_several_names_make_a_table_with_tabs_and_one_header(self, answer):
        block = answer(step=[0, 1], loss=[2.0, 0.5])
        assert plain(block, block) == "step\tloss\n0\t2\n1\t0.5\n0\t2\n1\t0.5\n"
        assert plain(block, header=False) == "0\t2\n1\t0.5\n"

    def test_swept_columns_come_first(self, answer):
        swept = answer(probs=[[0.5, 0.5]], swept={"temperature": T})
        assert plain(swept) == "temperature\tprobs_1\tprobs_2\n0.5\t0.5\t0.5\n"

    def test_words_keep_their_bytes(self, answer):
        words = answer(word=["=1+1", "\x1b[31mred", "é\udcff"])
        assert PlainWriter(LayoutOptions()).write(words) == b"=1+1\n\x1b[31mred\n\xc3\xa9\xff\n"
        assert plain(answer(word=["a\tb\nc"])) == "a b c\n"  # but a line is a line

    def test_words_of_a_vector_and_flags(self, answer):
        assert plain(answer(words=[["a", "b"]])) == "a\tb\n"
        assert plain(answer(ok=[True, False])) == "true\nfalse\n"

    def test_digits_and_decimals_hold(self, answer):
        assert plain(answer(p=[[2 / 3, 2.0]]), style=NumberStyle(digits=3)) == "0.667 2\n"
        assert plain(answer(p=[[2 / 3, 2.0]]), style=NumberStyle(decimals=1)) == "0.7 2.0\n"

    def test_fields_choose_and_a_wrong_name_lists_the_right_ones(self, five):
        assert plain(five, fields=("entropy",)) == "1.4541688988316914\n"
        assert plain(five, fields=("argmax", "total")).splitlines()[0] == "argmax\ttotal"
        with pytest.raises(InputError, match="there is no field 'prob'") as error:
            plain(five, fields=("prob",))
        assert error.value.usage
        names = "logits, temperature, shifted, weights, total, probs, argmax, entropy"
        assert error.value.hint == f"choose from {names}"

    def test_what_is_no_quantity_is_no_field(self, five):
        with pytest.raises(InputError):
            plain(five, fields=("check",))

    def test_a_void_row_is_nan_but_its_swept_options_stand(self, answer):
        void = answer(step=[3], loss=[1.0], word=["x"], is_missing=True, swept={"lr": T})
        assert plain(void).splitlines()[1] == "0.5\tnan\tnan\t"

    def test_an_answer_that_is_not_there_has_no_column(self, answer):
        report = answer(kl=[1.0], entropy=[2.0])
        assert plain(report._replace(show=("kl", "absent"))) == "1\n"


class TestSeparated:
    def test_every_name_is_a_column_and_labels_name_entries(self, five):
        rows = csv_rows(five)
        assert rows[0] == ["probs_the", "probs_cat", "probs_sat", "probs_on", "probs_mat"]
        assert [float(x).hex() for x in rows[1]] == [x.hex() for x in five.result.probs[0].tolist()]

    def test_matrices_count_rows_and_columns(self, answer):
        assert csv_rows(answer(m=[[[1.0, 2.0], [3.0, 4.0]]]))[0] == ["m_1_1", "m_1_2", "m_2_1", "m_2_2"]

    @given(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2, unique=True))
    def test_any_label_reads_back_from_csv(self, labels):
        report = Report(One(np.array([[0.25, 0.75]])), ("x",), names={"entry": tuple(labels)})
        assert csv_rows(report) == [[f"x_{label}" for label in labels], ["0.25", "0.75"]]

    @pytest.mark.parametrize("cell", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1"])
    def test_no_cell_of_text_is_a_formula(self, answer, cell):
        assert csv_rows(answer(word=[cell], kl=[-0.5]))[1] == ["'" + cell, "-0.5"]
        assert tsv(answer(word=[cell], kl=[-0.5])).splitlines()[1].startswith("'")

    @pytest.mark.parametrize("cell", ["-2.5", "+1e5", "-inf", "", "a=b"])
    def test_numbers_and_other_words_are_left_alone(self, cell):
        assert quote_cell(cell, ",") == cell

    def test_the_first_block_alone_brings_the_header(self, answer):
        one = answer(kl=[1.0], step=[1])
        assert csv_rows(one, one) == [["kl", "step"], ["1", "1"], ["1", "1"]]
        assert csv_rows(one, header=False) == [["1", "1"]]

    @pytest.mark.parametrize(
        "writer", [DelimitedWriter(LayoutOptions(), ","), MarkdownWriter(LayoutOptions())]
    )
    def test_rows_that_do_not_fit_the_header_are_refused(self, answer, writer):
        writer.write(answer(p=[[1.0, 2.0]]))
        with pytest.raises(InputError, match="a row has 1 columns where the first has 2") as error:
            writer.write(answer(p=[[1.0]]))
        assert "json" in error.value.hint

    def test_other_labels_are_not_written_under_the_first_ones(self, answer):
        writer = DelimitedWriter(LayoutOptions(), ",")
        writer.write(answer(p=[[1.0, 2.0]], names={"entry": ("a", "b")}))
        with pytest.raises(InputError, match="a row has a column 'p_c' where the first has 'p_b'"):
            writer.write(answer(p=[[1.0, 2.0]], names={"entry": ("a", "c")}))

    def test_a_tab_in_a_label_breaks_no_column(self, answer):
        out = tsv(answer(p=[[1.0, 2.0]], names={"entry": ("a\tb", "c\nd")}))
        assert out == "p_a b\tp_c d\n1\t2\n"


class TestJson:
    def test_every_quantity_has_its_name_and_shape(self, five):
        (row,) = objects(five)
        assert list(row) == ["labels", *five.result._fields, "entropy"]
        assert row["probs"] == five.result.probs[0].tolist()
        assert row["temperature"] == 1.0
        assert row["argmax"] == 4

    def test_rows_are_objects_and_each_parses_back(self, softmax):
        report = softmax(np.random.default_rng(0).normal(size=(50, 3)))
        assert [row["probs"] for row in objects(report)] == report.result.probs.tolist()

    def test_infinite_and_nan_are_words(self, answer):
        (row,) = objects(answer(x=[[math.inf, -math.inf, math.nan, 0.5]], kl=[math.inf]))
        assert row == {"x": ["inf", "-inf", "nan", 0.5], "kl": "inf"}
        assert [float(x) for x in row["x"][:2]] == [math.inf, -math.inf]

    @given(st.lists(st.floats(), min_size=1, max_size=4).filter(lambda xs: not all(map(math.isnan, xs))))
    def test_any_float_parses_back(self, xs):
        back = [float(x) for x in objects(Report(One(np.array([xs])), ("x",)))[0]["x"]]
        assert [x.hex() for x in back] == [x.hex() for x in xs]

    def test_digits_fields_and_sweeps(self, answer):
        report = answer(x=[2 / 3], n=[7], swept={"lr": T})
        assert objects(report, style=NumberStyle(digits=2)) == [{"lr": 0.5, "x": 0.67, "n": 7}]
        assert objects(report, fields=("n",)) == [{"lr": 0.5, "n": 7}]  # swept values stay first

    @pytest.mark.parametrize("label", ["é", "a\x1bb", "😀", "\u202e", 'q"\\', "\udcff"])
    def test_hostile_labels_are_strings(self, answer, label):
        report = answer(x=[[1.0]], names={"entry": (label,)})
        (row,), (again,) = objects(report), objects(report, ascii_only=True)
        assert row == again
        assert row["labels"] == [label.encode("utf-8", "backslashreplace").decode()]
        assert text(JsonLinesWriter(LayoutOptions(ascii_only=True)), report).isascii()

    def test_half_of_a_surrogate_pair_is_its_escape(self, answer):
        assert objects(answer(x=[[1.0]], names={"entry": ("\ud800",)}))[0]["labels"] == ["\\ud800"]

    def test_words_flags_and_matrices(self, answer):
        report = answer(word=["a"], ok=[True], m=[[[1.0, math.inf]]])
        assert objects(report) == [{"word": "a", "ok": True, "m": [[1.0, "inf"]]}]

    def test_a_void_row_parses_too(self, five):
        (row,) = objects(five._replace(is_missing=True))
        assert row["probs"] == ["nan"] * 5
        assert row["argmax"] == "nan"


class TestMarkdown:
    def test_a_table(self, answer):
        report = answer(word=["a|b", "<b>"], kl=[1 / 3, 2.0])
        lines = text(MarkdownWriter(LayoutOptions()), report).splitlines()
        assert lines == ["| word | kl |", "| --- | ---: |", "| a\\|b | 0.333333 |", "| \\<b> | 2 |"]

    def test_a_label_breaks_no_line(self, answer):
        out = text(
            MarkdownWriter(LayoutOptions()), answer(p=[[1.0, 2.0]], names={"entry": ("a\nb", "c\\|d")})
        )
        assert out.splitlines()[0] == "| p_a b | p_c\\\\\\|d |"

    def test_later_blocks_have_no_header(self, answer):
        one = answer(kl=[1.0])
        assert text(MarkdownWriter(LayoutOptions()), one, one).splitlines()[2:] == ["| 1 |", "| 1 |"]


@pytest.mark.parametrize("digits", [None, 2])
@pytest.mark.parametrize("n", [2**53, 2**53 + 1, 10**17 + 1])
def test_whole_numbers_beside_floats_keep_their_digits(digits, n):
    class Both(NamedTuple):
        n: Entries
        x: Scalars

    report = Report(Both(np.array([n, 3]), np.array([0.5, 2.0])), show=("n", "x"))
    written = DelimitedWriter(LayoutOptions(style=NumberStyle(digits=digits)), ",").write(report)
    assert written == f"n,x\n{n},0.5\n3,2\n".encode()


class Single(NamedTuple):
    """Numbers of float32 beside others."""

    name: Scalars
    score: Vectors
    total: Scalars


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3))
def test_float32_has_the_same_digits_whatever_stands_beside_it(numbers):
    single = np.array([numbers], np.float32)
    report = Report(Single(np.array(["a"]), single, np.array([0.1])), show=("score",))
    plain = PlainWriter(LayoutOptions()).write(report).decode().split()
    assert [np.float32(text) for text in plain] == [*single[0]]
    for fields in (("score",), ("name", "score"), ("score", "total"), ("total", "score", "name")):
        layout = LayoutOptions(fields=fields)
        head, row = csv.reader(io.StringIO(DelimitedWriter(layout, ",").write(report).decode()))
        cells = [cell for name, cell in zip(head, row, strict=True) if name.startswith("score")]
        assert [*map(float, cells)] == [*map(float, plain)]
    told = json.loads(JsonLinesWriter(LayoutOptions()).write(report))
    assert told["score"] == [*map(float, plain)]
