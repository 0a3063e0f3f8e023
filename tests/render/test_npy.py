"""The writer of .npy files."""

from __future__ import annotations

import numpy as np
import pytest

from aimath.errors import InputError
from aimath.render.npy import NpyWriter
from aimath.render.report_view import LayoutOptions
from aimath.render.sink import AtomicFile

T = np.array([0.5])


class TestNpy:
    def written(self, path, *reports, **wanted):
        with AtomicFile(str(path)) as file:
            writer = NpyWriter(LayoutOptions(**wanted), file)
            for report in reports:
                file.write(writer.write(report))
            file.write(writer.finish())
        return np.load(path, allow_pickle=False)

    def test_blocks_become_one_array(self, tmp_path, softmax):
        blocks = [softmax(np.random.default_rng(k).normal(size=(3, 4))) for k in range(2)]
        array = self.written(tmp_path / "p.npy", *blocks)
        assert array.dtype == np.float64
        assert array.tolist() == [row for block in blocks for row in block.result.probs.tolist()]

    def test_scalars_matrices_integers_and_several_fields(self, tmp_path, answer, five):
        path = tmp_path / "p.npy"
        assert self.written(path, answer(kl=[1.0, 2.0])).tolist() == [1.0, 2.0]
        assert self.written(path, answer(m=[[[1, 2], [3, 4]]])).shape == (1, 2, 2)
        assert self.written(path, five, fields=("probs", "argmax")).shape == (1, 6)
        assert self.written(path, answer(p=[[1.0]], swept={"lr": T})).tolist() == [[0.5, 1.0]]

    def test_no_rows_make_an_array_of_none(self, tmp_path):
        assert self.written(tmp_path / "p.npy").shape == (0,)

    def test_rows_of_another_length_and_words_are_refused_by_name(self, tmp_path, answer):
        with pytest.raises(InputError, match="a row has 1 numbers, the first 2"):
            self.written(tmp_path / "p.npy", answer(p=[[1.0, 2.0]]), answer(p=[[1.0]]))
        with pytest.raises(InputError, match="word isn't a number"):
            self.written(tmp_path / "p.npy", answer(kl=[1.0], word=["a"]))
        assert list(tmp_path.iterdir()) == []
