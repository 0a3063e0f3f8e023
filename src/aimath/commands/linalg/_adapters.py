"""Adapters of files of weights: the ranks that changes need, what a rank costs, and how one is written."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from aimath.cli.runner.share import Task
from aimath.errors import InputError, pluralize
from aimath.read.blocks import check_budget
from aimath.report import CrossCheck, Line, Plot, Report, Table
from aimath.text import first_of, first_quoted, quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aimath.cli.runner.share import LocalShare
    from aimath.core.linalg import LoraFactors
    from aimath.core.nn import TensorSource

MAX_NAMED = 6
_WHOLE_NUMBERS = re.compile(r"(I|U|u?int)\d+|BOOL|bool")
_EMBEDDING = re.compile(r"(^|\.)(wte|wpe|shared|[^.]*emb[^.]*)$")
_POSITIONS = re.compile(r"wpe$|position|token_type")
_HEAD = re.compile(r"(^|\.)(lm_head|embed_out|score|classifier|head)$|^output$")
_TRANSPOSED = re.compile(r"(^|\.)h\.\d+\.(attn|crossattention|mlp)\.(c_attn|q_attn|c_proj|c_fc)$")
"""GPT-2's layers, whose weights are (in, out)."""


class Changes(NamedTuple):
    """The matrices that two models share, by what they are called, and what is said of all else."""

    pairs: dict[str, tuple[TensorSource, TensorSource]]
    notes: tuple[str, ...]


def find_changes(base: Sequence[TensorSource], tuned: Sequence[TensorSource], match: str | None) -> Changes:
    """Return the pairs of matrices of one name and shape; two tensors alone are a pair by any name."""
    from aimath.core.nn import select_tensors

    if len(base) == len(tuned) == 1 and base[0].shape == tuned[0].shape and len(base[0].shape) == 2:
        name = base[0].name if base[0].name == tuned[0].name and base[0].listed else "update"
        return Changes({name: (base[0], tuned[0])}, ())
    first, second = ({one.name: one for one in select_tensors(each, match)} for each in (base, tuned))
    pairs, notes = {}, _Notes()
    for name in dict.fromkeys((*first, *second)):
        one, other = first.get(name), second.get(name)
        known = one or other
        if known is None or _WHOLE_NUMBERS.fullmatch(known.dtype):
            notes.whole.append(name)
        elif one is None or other is None:
            notes.alone.append(name)
        elif one.remark or other.remark:
            notes.unread.append(name)
        elif one.shape != other.shape:
            notes.resized.append(f"{quote(name)} {_sides(one)} to {_sides(other)}")
        elif len(one.shape) == 2 and one.size:
            pairs[name] = (one, other)
        elif any((a != b).any() for a, b in zip(one.blocks(), other.blocks(), strict=True)):
            notes.vectors.append(name)
    if not pairs:
        hint = "a tensor can be named: FILE.safetensors:NAME"
        raise InputError("the two files have no matrix of one name and shape", hint=hint)
    return Changes(pairs, notes.said())


class _Notes:
    """What of two models is not compared, by why."""

    def __init__(self) -> None:
        self.alone: list[str] = []
        self.resized: list[str] = []
        self.vectors: list[str] = []
        self.unread: list[str] = []
        self.whole: list[str] = []

    def said(self) -> tuple[str, ...]:
        """Return a sentence for each kind that there is."""
        return tuple(
            f"{text}: {(first_of if names is self.resized else first_quoted)(names, MAX_NAMED)}"
            for names, text in (
                (self.alone, f"{pluralize(len(self.alone), 'tensor')} without a partner of the same shape"),
                (self.resized, "resized, so not compared"),
                (self.vectors, "changed, but no matrix, so that no adapter holds it"),
                (self.unread, "not compared, as its dtype is not read"),
                (self.whole, "no weights, so not counted (whole numbers or truth values)"),
            )
            if names
        )


def _sides(one: TensorSource) -> str:
    return "x".join(map(str, one.shape))


class Files(NamedTuple):
    """The two files of weights, and how much of them may be held."""

    base: str
    tuned: str
    memory: int | None


def ranks_report(
    changes: Changes, energy: tuple[float, ...], target: Adapter | None, files: Files, share: LocalShare
) -> Report:
    """Return the report of the ranks that changes need; with a target they are saved as an adapter there."""
    learn = _Updates(changes.pairs, energy, files.memory, factors=target is not None)
    names = list(changes.pairs)
    places = [(name, one.name, other.name) for name, (one, other) in changes.pairs.items()]
    arguments = (files, places, energy, target is not None)
    task = Task(len(names), learn, _learn_updates, arguments, learn.restore, lambda unit: quote(names[unit]))
    learnt = share.learn(task)
    if target:
        target.has_head = any(_HEAD.search(name.removesuffix(".weight")) for name in names)
        for name, factors in learnt.factors.items():
            target.add(name, factors)
    result = learnt.result()
    return Report(
        result,
        show=("tensor", "shape", "energy", "rank", "parameters", "full", "percent_of_full"),
        steps=(
            Line(
                "tuned - base = U · S · Vᵀ      the least r with s_1² + … + s_r² ≥ energy · (s_1² + s_2² + …)"
            ),
            Table(
                (
                    ("shape", "{shape}"),
                    ("energy", "{energy}"),
                    ("rank r", "{rank}"),
                    ("r(m+n)", "{parameters}"),
                    ("of m·n, %", "{percent_of_full}"),
                ),
                names="tensor",
            ),
            *((Line(" all tensors: the one rank which they may share"),) if len(changes.pairs) > 1 else ()),
            CrossCheck("norms of the updates by their entries: {alternative}"),
        ),
        units={"percent_of_full": "%"},
        plot=Plot("rank", "tensor"),
        notes=(*changes.notes, *(target.notes() if target else ())),
        save=target.save if target else None,
    )


class _Updates:
    """What learns of the update of each tensor, holding two matrices at a time."""

    def __init__(
        self,
        pairs: Mapping[str, tuple[TensorSource, TensorSource]],
        energy: tuple[float, ...],
        memory: int | None,
        *,
        factors: bool,
    ) -> None:
        self.pairs, self.energy, self.memory, self.factors = list(pairs.items()), energy, memory, factors

    def __call__(self, unit: int) -> Any:
        """Return what is learnt of a tensor."""
        from aimath.core import linalg as core

        name, (one, other) = self.pairs[unit]
        m, n = one.shape
        size = 8 * (4 * m * n + 3 * min(m, n) ** 2)
        check_budget(size, f"the update of {quote(name)}, {m} x {n},", self.memory)
        base, tuned = one.whole(), other.whole()
        update = core.lora_update(base, tuned, self.energy)
        rank = int(update.ranks[0])
        factors = core.lora_factors(base, tuned, rank, self.energy[0]) if self.factors and rank else None
        found = core.LoraRanksAccumulator()
        found.update(name, update, factors)
        return found

    @staticmethod
    def restore(state: Mapping[str, Any]) -> Any:
        """Return what holds a state."""
        from aimath.core import linalg as core

        return core.LoraRanksAccumulator.of_state(state)


def _learn_updates(
    files: Files, places: Sequence[tuple[str, str, str]], energy: tuple[float, ...], factors: bool
) -> _Updates:
    """Return what learns of updates, by the files that their tensors are in."""
    from aimath.read.models.weight_files import read_weights  # noqa: PLC0415  only for weights

    base, tuned = (
        {one.name: one for one in read_weights(file, files.memory).tensors}
        for file in (files.base, files.tuned)
    )
    pairs = {name: (base[one], tuned[other]) for name, one, other in places}
    return _Updates(pairs, energy, files.memory, factors=factors)


def open_target(folder: str, base: str, energy: Sequence[float]) -> Adapter:
    """Return the folder that an adapter is written to, checked before anything is read."""
    if len(energy) != 1:
        raise InputError("an adapter is written for one --energy", hint="try --energy .9", usage=True).within(
            "--save"
        )
    if not folder.strip("/") or os.path.isfile(folder):  # noqa: PTH113  2 ms for pathlib
        raise InputError(f"{quote(folder)} is not a folder", hint="name a new one", usage=True).within(
            "--save"
        )
    parent = os.path.dirname(os.path.abspath(folder))  # noqa: PTH100, PTH120  the same
    if not os.path.isdir(parent):  # noqa: PTH112  the same
        raise InputError(f"there is no directory {quote(parent)}", hint="make it first").within("--save")
    return Adapter(folder, base)


class Adapter:
    """An adapter as peft names it: adapter_model.safetensors and adapter_config.json in a folder."""

    def __init__(self, folder: str, base: str) -> None:
        self.folder, self.base = folder, base
        self.tensors: dict[str, Any] = {}
        self.ranks: dict[str, int] = {}
        self.transposed = False
        self.has_head = True  # has one of its own, which is no table of embeddings
        self.other_names: list[str] = []

    def add(self, name: str, factors: LoraFactors) -> None:
        """Add the factors of a layer's weights, turned as its kind of layer has them."""
        import numpy as np

        module = name.removesuffix(".weight")
        if module == name:
            self.other_names.append(name)
        self.ranks[module] = factors.B.shape[1]
        a, b = (np.ascontiguousarray(x, np.float32) for x in (factors.A, factors.B))
        embeds, turned = bool(_EMBEDDING.search(module)), bool(_TRANSPOSED.search(module))
        self.transposed |= turned
        if embeds or turned:
            a, b = (np.ascontiguousarray(x.T) for x in (b, a))
        kind, end = ("lora_embedding", "") if embeds else ("lora", ".weight")
        for part, values in (("A", a), ("B", b)):
            self.tensors[f"base_model.model.{module}.{kind}_{part}{end}"] = values

    def notes(self) -> tuple[str, ...]:
        """Return what a user might not expect of the adapter."""
        if not self.ranks:
            return ("nothing changed, so that there is no adapter",)
        said = []
        if self.other_names:
            named = first_quoted(self.other_names, MAX_NAMED)
            said.append(f"peft adapts layers, and these are no layer's .weight: {named}")
        embedded = [name for name in self.ranks if _EMBEDDING.search(name) and not _POSITIONS.search(name)]
        if embedded and not self.has_head:
            named = first_quoted(embedded, MAX_NAMED)
            said.append(f"peft doesn't change a head that is tied to embeddings along with these: {named}")
        return tuple(said)

    def config(self) -> dict[str, Any]:
        """Return the config: each layer has its own rank, and alpha is that, so that B A is not scaled."""
        most = max(self.ranks.values())
        return {
            "peft_type": "LORA",
            "task_type": None,
            "base_model_name_or_path": self.base,
            "inference_mode": True,
            "r": most,
            "lora_alpha": most,
            "lora_dropout": 0.0,
            "bias": "none",
            "fan_in_fan_out": self.transposed,
            "target_modules": list(self.ranks),
            "rank_pattern": {re.escape(name): rank for name, rank in self.ranks.items()},
            "alpha_pattern": {re.escape(name): rank for name, rank in self.ranks.items()},
        }

    def save(self) -> None:
        """Write both files, or neither."""
        if not self.ranks:
            return
        import json  # noqa: PLC0415  only to write
        from contextlib import suppress  # noqa: PLC0415  the same

        from safetensors.numpy import save  # noqa: PLC0415  the same

        from aimath.render.sink import open_together

        data = {
            "adapter_model.safetensors": save(self.tensors, {"format": "pt"}),
            "adapter_config.json": (json.dumps(self.config(), indent=2) + "\n").encode(),
        }
        paths = [f"{self.folder.rstrip('/')}/{name}" for name in data]
        made = self._make_folder()
        try:
            with open_together(paths, "--save") as files:
                for file, content in zip(files, data.values(), strict=True):
                    file.write(content)
        except BaseException:
            if made:
                with suppress(OSError):
                    os.rmdir(self.folder)  # noqa: PTH106  the same
            raise

    def _make_folder(self) -> bool:
        """Make the folder, and return whether it wasn't there."""
        try:
            os.mkdir(self.folder)  # noqa: PTH102
        except FileExistsError:
            return False
        return True


def costs_report(tensors: Sequence[TensorSource], rank: int, match: str | None) -> Report:
    """Return the report of what an adapter of a rank costs for the matrices of a model."""
    from aimath.core.linalg import lora_costs
    from aimath.core.nn import select_tensors

    chosen = select_tensors(tensors, match)
    matrices = {one.name: one.shape for one in chosen if _is_matrix(one)}
    left = [] if match else [name for name in matrices if _is_end(name)]
    shapes = {name: shape for name, shape in matrices.items() if name not in left}
    if not shapes:
        raise InputError("no matrix of weights is chosen", hint="see their names by aimath weights FILE")
    others = [one.name for one in chosen if not _is_matrix(one)]
    wide = [name for name, shape in shapes.items() if rank > min(shape)]
    result = lora_costs(shapes, rank, sum(one.size for one in tensors))
    notes = [
        f"embeddings and heads are left out, --match takes them: {first_quoted(left, MAX_NAMED)}"
    ] * bool(left)
    notes += [f"no matrices of weights, so not counted: {first_quoted(others, MAX_NAMED)}"] * bool(others)
    notes += [
        f"rank {rank} is above a side, and holds no more than that: {first_quoted(wide, MAX_NAMED)}"
    ] * bool(wide)
    return Report(
        result,
        show=("tensor", "shape", "rank", "parameters", "full", "percent_of_full", "percent_of_total"),
        steps=(
            Line(
                "W + B · A      B is m × r and A is r × n: r (m + n) numbers are trained, in place of m · n"
            ),
            Table(
                (
                    ("shape", "{shape}"),
                    ("r(m+n)", "{parameters}"),
                    ("m·n", "{full}"),
                    ("of m·n, %", "{percent_of_full}"),
                    ("of all, %", "{percent_of_total}"),
                ),
                names="tensor",
            ),
            CrossCheck("100 · rank / break-even rank: {alternative} %"),
        ),
        units={"percent_of_full": "%", "percent_of_total": "%"},
        plot=Plot("parameters", "tensor"),
        notes=tuple(notes),
    )


def _is_matrix(one: TensorSource) -> bool:
    return len(one.shape) == 2 and bool(one.size) and not _WHOLE_NUMBERS.fullmatch(one.dtype)


def _is_end(name: str) -> bool:
    """Return whether weights are embeddings or a head, which adapters mostly leave alone."""
    module = name.removesuffix(".weight")
    return bool(_EMBEDDING.search(module) or _HEAD.search(module))


def check_costs(energy: tuple[float, ...] | None, save: str) -> None:
    """Raise InputError if options are given that go with two files alone."""
    if energy is not None or save:
        flag = "--save" if save else "--energy"
        raise InputError(f"{flag} is about two files of weights", hint="give BASE and TUNED", usage=True)
