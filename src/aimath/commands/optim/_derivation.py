"""Derivations of descents: the update rule, the first step, the trajectory and a cross-check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.commands.formulas import data_quantities, data_steps
from aimath.report import CrossCheck, Line, Report, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from aimath.core.calculus import DataFunction, Function
    from aimath.core.optim import RunBatch
    from aimath.report import Step

MAX_VARIABLE_COLUMNS = 3
"""So many variables have columns of their own."""
MAX_FORMULA_CHARS = 40
"""A formula is cut to so many characters."""
MOMENT_UPDATES = "m ← β1·m + (1-β1)·g      v ← β2·v + (1-β2)·g²"
UPDATE_FORMULAS = {
    "gd": "{w} ← {w} - lr·g",
    "momentum": "b ← momentum·b + g      {w} ← {w} - lr·b",
    "nesterov": "b ← momentum·b + g      {w} ← {w} - lr·(g + momentum·b)",
    "rmsprop": "s ← α·s + (1-α)·g²      {w} ← {w} - lr·g/(√s + ε)",
    "adam": MOMENT_UPDATES + "      {w} ← {w} - lr·m^/(√v^ + ε)",
    "adamw": MOMENT_UPDATES + "      {w} ← {w}·(1 - lr·λ) - lr·m^/(√v^ + ε)",
}
SETTINGS = {
    "gd": {},
    "momentum": {"momentum": "momentum"},
    "nesterov": {"momentum": "momentum"},
    "rmsprop": {"α": "alpha", "ε": "eps"},
    "adam": {"β1": "beta1", "β2": "beta2", "ε": "eps"},
    "adamw": {"β1": "beta1", "β2": "beta2", "ε": "eps", "λ": "weight_decay"},
}
STATE_FIELDS = {
    "gd": {},
    "momentum": {"b": "buffer"},
    "nesterov": {"b": "buffer"},
    "rmsprop": {"s": "square_avg"},
    "adam": {"m": "m", "m^": "m_hat", "v": "v", "v^": "v_hat"},
    "adamw": {"m": "m", "m^": "m_hat", "v": "v", "v^": "v_hat"},
}
CHECKS = {
    "gd": "the start less all lr·g at once: {alternative}",
    "momentum": "b as the sum of all g, weighted by momentum^age: {alternative}",
    "nesterov": "b as the sum of all g, weighted by momentum^age: {alternative}",
    "rmsprop": "s as the sum of all (1-α)·g², weighted by α^age: {alternative}",
    "adam": "m^ and v^ as means of all g and g², weighted by β^age: {alternative}",
    "adamw": "m^ and v^ as means of all g and g², weighted by β^age: {alternative}",
}
CLOSED_FORM_CHECKS = {  # by whether there is one variable
    True: "{centre} + (1 - lr·f'')^{last_step} · (start - {centre}) = {alternative}",
    False: "in closed form, along each direction of curvature: {alternative}",
}


def explain_run(runs: RunBatch, run: int, f: Function, schedule: str) -> Report:
    """Return the report that explains one run."""
    import numpy as np

    last = int(runs.last[run])
    found = runs.trajectory(np.arange(last + 1), np.full(last + 1, run))
    known = _run_settings(runs, run, found) | _columns(runs, run, found)
    known |= {"schedule": schedule, "formula": f.gradient_formulas()[0]}
    first = runs.first_objective(run)
    known |= data_quantities(first, found.point[:1])
    bowl = runs.closed_form(run) if last else None
    if bowl:
        curvature = bowl.curvatures[-1]
        known |= {"centre": bowl.centre[0], "curvature": curvature, "most": 2.0 / curvature}
        known["factor"] = 1.0 - known["lr"] * curvature
    return Report(
        found,
        show=("point",),
        steps=tuple(_steps(runs, run, known, closed_form=bowl is not None)),
        extra=known,
        names={"entry": runs.objective.variables},
    )


def _steps(runs: RunBatch, run: int, quantities: Mapping[str, Any], *, closed_form: bool) -> Iterator[Step]:
    from aimath.core.calculus import DataFunction

    rule, f, last = runs.rule.name, runs.objective, int(runs.last[run])
    single = len(f.variables) == 1
    name = f.variables[0] if single else "x"
    yield Line(UPDATE_FORMULAS[rule].format(w=name))
    yield from _variant_lines(quantities)
    decayed = rule != "adamw" and quantities["weight_decay"]
    slope = ("f'" if single else "∇f") + f" + {{weight_decay}}·{name}" * bool(decayed)
    yield Line(f" f = {f.short_text(MAX_FORMULA_CHARS)}      g = {slope}")
    if single and (formula := quantities["formula"]) and len(formula) <= MAX_FORMULA_CHARS:
        yield Line(f" f' = {formula}")
    settings = "".join(f"   {said} {{{key}}}" for said, key in SETTINGS[rule].items())
    planned = "" if quantities["schedule"] == "constant" else f", schedule {quantities['schedule']}"
    yield Line(f" lr {{lr}}{planned}{settings}")
    first = runs.first_objective(run)
    if isinstance(first, DataFunction):
        yield from _data_lines(first, rule, last)
    if not _are_finite(runs.optimizer_states.values()):
        yield Line(" g² is beyond float64: the root of its mean is kept, and what is divided by")
    elif single and last and rule.startswith("adam"):
        yield from _first_adam_step(name, decay=rule == "adamw")
    if rule == "gd" or not single or not last:
        yield _trajectory_table(f.variables)
    else:
        kept = ((said, f"{{{key}_{name}}}") for said, key in STATE_FIELDS[rule].items())
        yield Table((("g", f"{{used_{name}}}"), *kept, (name, f"{{moved_{name}}}")), names="t")
    if closed_form and single and quantities["curvature"] > 0.0:
        yield Line(" minimum at {centre}, curvature f'' = {curvature}")
        yield Line(" a step multiplies the distance to it by 1 - lr·f'' = {factor}")
        yield Line(" lr < 2/f'' = {most} converges, there it bounces for ever, above it diverges")
    yield Line(f" {runs.statuses[run]}: {runs.explain(run)}")
    yield CrossCheck(CLOSED_FORM_CHECKS[single] if closed_form else CHECKS[rule])


def _are_finite(states: Iterable[Any]) -> bool:
    """Return whether float64 holds all that a rule remembers."""
    import numpy as np

    return all(np.isfinite(kept).all() for kept in states)


def _data_lines(f: DataFunction, rule: str, last: int) -> Iterator[Step]:
    """Yield the first rows of the data at the start, and gradient descent's first update."""
    names = f.variables[:MAX_VARIABLE_COLUMNS]
    yield from data_steps(f, " at " + ", ".join(f"{name} = {{point_{name}[0]}}" for name in names))
    yield CrossCheck("the gradient there by differences: {alternative}", method="check_gradient")
    if rule == "gd" and last:
        for name in names:
            taken = f"{{rate[1]}}·{{used_{name}[0]}}"
            yield Line(f" {name} = {{point_{name}[0]:~}} - {taken} = {{moved_{name}[0]}}")


def _variant_lines(quantities: Mapping[str, Any]) -> Iterator[Line]:
    """Yield lines on how options change the update rule."""
    if quantities.get("dampening"):
        yield Line(" but b ← momentum·b + (1 - {dampening})·g from the second step on")
    if quantities.get("centered"):
        yield Line(" centred: a ← α·a + (1-α)·g, and √(s - a²) in place of √s")
    if quantities.get("amsgrad"):
        yield Line(" amsgrad: the largest v so far in place of v")
    if quantities.get("alpha") is not None and quantities["momentum"]:
        yield Line(" with momentum {momentum}: b ← momentum·b + g/(√s + ε), and lr·b is taken off")


def _trajectory_table(names: tuple[str, ...]) -> Table:
    """Return a table with a line per step: point, loss, slope and next point."""
    if len(names) == 1:
        (w,) = names
        columns = (
            (w, f"{{point_{w}}}"),
            ("f", "{loss}"),
            ("f'", f"{{gradient_{w}}}"),
            ("next", f"{{next_{w}}}"),
        )
        return Table(columns, dot_plot=f"point_{w}", names="step")
    shown = names if len(names) <= MAX_VARIABLE_COLUMNS else ()
    return Table(
        (*((name, f"{{point_{name}}}") for name in shown), ("f", "{loss}"), ("|∇f|", "{norm}")),
        bar="loss",
        names="step",
    )


def _first_adam_step(variable: str, *, decay: bool) -> Iterator[Line]:
    yield Line(f" t = 1   g = {{used_{variable}[0]}}")
    yield Line(f"   m = (1-β1)·g = {{m_{variable}[0]}}      m^ = m/(1-β1) = {{m_hat_{variable}[0]}}")
    yield Line(f"   v = (1-β2)·g² = {{v_{variable}[0]}}      v^ = v/(1-β2) = {{v_hat_{variable}[0]}}")
    held = " · (1 - {rate[1]}·{weight_decay})" * decay
    taken = f"{{rate[1]}} · {{m_hat_{variable}[0]}}/(√{{v_hat_{variable}[0]}} + {{eps}})"
    yield Line(f"   {variable} = {{point_{variable}[0]:~}}{held} - {taken} = {{moved_{variable}[0]}}")
    yield Line("   the first step is lr in size, whatever g is")


def _run_settings(runs: RunBatch, run: int, trajectory: Any) -> dict[str, Any]:
    import numpy as np

    settings = {k: np.ravel(v)[run] if np.ndim(v) else v for k, v in runs.rule.settings.items()}
    last = len(trajectory.step) - 1
    return {**settings, "lr": float(runs.base_lr[run]), "last_step": last, "t": trajectory.step[1:]}


def _columns(runs: RunBatch, run: int, trajectory: Any) -> dict[str, Any]:
    import numpy as np

    after = runs.next_points[: len(trajectory.step), run]
    decay = 0.0 if runs.rule.name == "adamw" else trajectory.source.decay[run]
    columns: dict[str, Any] = {}
    for k, name in enumerate(runs.objective.variables):
        point, slope = trajectory.point[:, k], trajectory.gradient[:, k]
        columns |= {f"point_{name}": point, f"gradient_{name}": slope, f"next_{name}": after[:, k]}
        columns |= {f"used_{name}": (slope + decay * point)[:-1], f"moved_{name}": point[1:]}
        for key in STATE_FIELDS[runs.rule.name].values():
            kept = getattr(trajectory, key)[1:, k]
            # Writers take 0.9999999999999998 for a share, which is less than all; here it is a rounded 1.
            columns[f"{key}_{name}"] = np.where(np.abs(np.abs(kept) - 1.0) < 1e-14, np.sign(kept), kept)
    return columns
