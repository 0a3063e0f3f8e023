"""What people read around a training: what is learned and expected above, what came of it below."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aimath.report import Page, PageHeader, Paragraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aimath.training.interface import Baseline, Formula, Recipe, Run, Samples

TEMPERATURES = (0.5, 0.8, 1.0)
"""Texts are drawn at these."""
TEXTS = 8
"""So many texts a temperature."""


def header(recipe: Recipe, run: Run, baselines: Sequence[Baseline]) -> PageHeader:
    """Return the head: what is learned, of how much, what to expect, and what simpler models reach."""
    usual = all(run.settings[name] == value for name, value in recipe.defaults.items() if name != "seed")
    seconds = f"{recipe.seconds:.{0 if recipe.seconds >= 2.0 else 1}f} s"
    expected = f"{recipe.quality}, {seconds} on one core"
    paragraphs = [
        Paragraph(f"{recipe.summary}: {run.weights:,} weights; {run.data}.", "title"),
        Paragraph(f"expected  {expected}" + "; these settings are others" * (not usual)),
    ]
    if baselines:
        paragraphs.append(Paragraph(f"baselines  {' · '.join(map(_baseline, baselines))}"))
    return PageHeader(tuple(paragraphs))


def _baseline(baseline: Baseline) -> str:
    how = f" {baseline.how}" if baseline.how else ""
    return f"{baseline.name} {figure(baseline.value)}{how}"


def figure(value: float) -> str:
    """Return a figure in four significant digits, at least those before its point.

    >>> figure(3.29584), figure(0.97), figure(12345.6)
    ('3.296', '0.97', '12346')
    """
    return f"{value:.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def footer(
    recipe: Recipe, run: Run, tested: Mapping[str, float], drawn: Sequence[tuple[str, Samples]]
) -> tuple[Paragraph, ...]:
    """Return what stands below: samples, test figures, the formulas in it and experiments."""
    pictures = [
        *(samples.images is not None for _, samples in drawn),
        *(one.kind == "map" for one in run.pictures()),
    ]
    pictured = any(pictures)  # in place of the numbers
    return (
        *_samples(drawn),
        *(_tested(tested) if pictured else ()),
        *([Paragraph(recipe.lesson)] if recipe.lesson else []),
        *_formulas(run.formulas()),
        *_experiments(recipe),
    )


def _samples(drawn: Sequence[tuple[str, Samples]]) -> Iterator[Paragraph]:
    for title, samples in drawn:
        if samples.texts:
            new = "" if samples.new is None else f" ({samples.new:.0%} of them new)"
            yield Paragraph(f"{title}{new}: {', '.join(samples.texts)}")


def _tested(tested: Mapping[str, float]) -> Iterator[Paragraph]:
    said = ", ".join(f"{name.replace('_', ' ')} {figure(value)}" for name, value in tested.items())
    if said:
        yield Paragraph(f"On test data: {said}.".replace("On test data: test ", "On test data: "))


def _formulas(formulas: Sequence[Formula]) -> Iterator[Paragraph]:
    if formulas:
        yield Paragraph("The formulas in it:")
    for formula in formulas:
        yield Paragraph(formula.command_line, "command")
        shown = f"{formula.value:.{formula.digits}g}" if math.isfinite(formula.value) else str(formula.value)
        yield Paragraph(f"{formula.what}: {shown}", "item")


def _experiments(recipe: Recipe) -> Iterator[Paragraph]:
    if recipe.experiments:
        yield Paragraph("Try:")
    called = command_name(recipe)
    for experiment in recipe.experiments:
        yield Paragraph(f"aimath train {called} {experiment.options}", "command")
        yield Paragraph(experiment.outcome, "item")


def command_name(recipe: Recipe) -> str:
    """Return what selects a recipe: its name, with the architecture where that isn't the usual one."""
    from aimath.training.registry import recipes

    usual = next(iter(recipes(recipe.name).values()))
    return recipe.name if recipe is usual else f"{recipe.name} --arch {recipe.arch}"


def draw_samples(run: Run, count: int = TEXTS) -> list[tuple[str, Samples]]:
    """Return texts at three temperatures, or other samples once, each with a title."""
    from aimath.training.interface import Asked

    seed = int(run.settings["seed"])
    first = run.model.samples(Asked(samples=count, temperature=TEMPERATURES[0], seed=seed))
    if not first.texts:
        return [("samples", first)] if first.images is not None else []
    if len(first.texts) == len({*first.texts}) and "->" in first.texts[0]:
        return [("answers", first)]
    others = [
        run.model.samples(Asked(samples=count, temperature=temperature, seed=seed))
        for temperature in TEMPERATURES[1:]
    ]
    return [
        (f"temperature {temperature:g}", samples)
        for temperature, samples in zip(TEMPERATURES, (first, *others), strict=True)
    ]


def page(head: PageHeader | None, footnotes: tuple[Paragraph, ...] = ()) -> Page:
    """Return what stands around a row of the log."""
    return Page(header=head, footer=footnotes)
