"""What a training draws: its losses above its baselines, and pictures of what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.report import Plot, Reference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aimath.training.interface import Baseline, Picture, Recipe, Run, Samples
    from aimath.training.loop import LogRow

SHEET_COLUMNS = 8
"""Images in a line of a sheet."""
MAX_IMAGES = 32


def result_plots(
    recipe: Recipe,
    run: Run,
    rows: Sequence[LogRow],
    baselines: Sequence[Baseline],
    drawn: Sequence[tuple[str, Samples]],
) -> tuple[tuple[Plot, ...], dict[str, Any]]:
    """Return the plots of a result, and the quantities that they alone need."""
    plots, quantities = _loss_curve(recipe, rows, baselines)
    for _, samples in drawn:
        if samples.images is not None:
            quantities["sheet"] = contact_sheet(samples.images[:MAX_IMAGES])
            plots.append(Plot("sheet", kind="picture", limits=(0.0, 16.0)))
    for k, picture in enumerate(run.pictures()):
        plot, named = _picture(picture, f"picture{k}")
        plots.append(plot)
        quantities |= named
    return tuple(plots), quantities


def _loss_curve(
    recipe: Recipe, rows: Sequence[LogRow], baselines: Sequence[Baseline]
) -> tuple[list[Plot], dict[str, Any]]:
    import numpy as np

    if len(rows) < 2:
        return [], {}
    quantities: dict[str, Any] = {
        "logged_steps": np.array([row.step for row in rows]),
        "losses": np.array([[row.train for row in rows], [row.heldout for row in rows]]),
        "loss_names": np.array(["training", "held out"]),
    }
    references = []
    for k, one in enumerate(baselines):
        if not one.column:
            quantities[f"baseline{k}"] = np.array(one.value)
            references.append(Reference(f"baseline{k}", one.name))
    plot = Plot(
        "losses", "logged_steps", "curve", axes=("step", recipe.unit), series="loss_names",
        references=tuple(references),
    )  # fmt: skip
    return [plot], quantities


def contact_sheet(images: Any) -> Any:
    """Return images (n, h, w) as one, side by side in lines, with a blank pixel between two."""
    import numpy as np

    n, h, w = images.shape
    columns = min(n, SHEET_COLUMNS)
    lines = -(-n // columns)
    sheet = np.zeros((lines * (h + 1) - 1, columns * (w + 1) - 1))
    for k, image in enumerate(images):
        row, column = divmod(k, columns)
        sheet[row * (h + 1) : row * (h + 1) + h, column * (w + 1) : column * (w + 1) + w] = image
    return sheet


def _picture(picture: Picture, name: str) -> tuple[Plot, dict[str, Any]]:
    """Return the plot of a picture, and its quantities under names that begin with this one."""
    import numpy as np

    quantities: dict[str, Any] = {name: picture.values}
    if picture.kind == "curve":
        quantities |= {
            f"{name}_x": np.array(picture.columns, np.float64),
            f"{name}_names": np.array(picture.rows),
        }
        return Plot(
            name, f"{name}_x", "curve", axes=picture.axes, series=f"{name}_names", caption=picture.title
        ), quantities
    if picture.kind == "map":
        quantities |= {
            f"{name}_points": picture.points,
            f"{name}_classes": np.asarray(picture.classes),
            f"{name}_limits": np.array(picture.limits),
            f"{name}_names": np.array(picture.rows),
        }
        plot = Plot(
            name, kind="map", points=(f"{name}_points", f"{name}_classes"), area=(f"{name}_limits", ""),
            series=f"{name}_names", caption=picture.title,
        )  # fmt: skip
        return plot, quantities
    return Plot(name, kind="heat", caption=picture.title), quantities
