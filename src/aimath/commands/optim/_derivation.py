"""How a descent is explained: the rule, its first step in full, the way, and a check by another route."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.report import Line, Report, Table, Verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aimath.core.calculus import Function
    from aimath.core.optim import Runs
    from aimath.report import Step

VARIABLES = 3
"""So many variables have columns of their own."""
LONGEST = 40
"""A formula is cut to so many characters."""
MEANS = "m ← β1·m + (1-β1)·g      v ← β2·v + (1-β2)·g²"
RULES = {
    "gd": "{w} ← {w} - lr·g",
    "momentum": "b ← momentum·b + g      {w} ← {w} - lr·b",
    "nesterov": "b ← momentum·b + g      {w} ← {w} - lr·(g + momentum·b)",
    "rmsprop": "s ← α·s + (1-α)·g²      {w} ← {w} - lr·g/(√s + ε)",
    "adam": MEANS + "      {w} ← {w} - lr·m^/(√v^ + ε)",
    "adamw": MEANS + "      {w} ← {w}·(1 - lr·λ) - lr·m^/(√v^ + ε)",
}
SETTINGS = {
    "gd": {},
    "momentum": {"momentum": "momentum"},
    "nesterov": {"momentum": "momentum"},
    "rmsprop": {"α": "alpha", "ε": "eps"},
    "adam": {"β1": "beta1", "β2": "beta2", "ε": "eps"},
    "adamw": {"β1": "beta1", "β2": "beta2", "ε": "eps", "λ": "weight_decay"},
}
REMEMBERED = {
    "gd": {},
    "momentum": {"b": "buffer"},
    "nesterov": {"b": "buffer"},
    "rmsprop": {"s": "square_avg"},
    "adam": {"m": "m", "m^": "m_hat", "v": "v", "v^": "v_hat"},
    "adamw": {"m": "m", "m^": "m_hat", "v": "v", "v^": "v_hat"},
}
CHECKS = {
    "gd": "the start less all lr·g at once: {other}",
    "momentum": "b as the sum of all g, weighted by momentum^age: {other}",
    "nesterov": "b as the sum of all g, weighted by momentum^age: {other}",
    "rmsprop": "s as the sum of all (1-α)·g², weighted by α^age: {other}",
    "adam": "m^ and v^ as means of all g and g², weighted by β^age: {other}",
    "adamw": "m^ and v^ as means of all g and g², weighted by β^age: {other}",
}
CLOSED = {  # by whether there is one variable
    True: "{centre} + (1 - lr·f'')^{last_step} · (start - {centre}) = {other}",
    False: "in closed form, along each direction of curvature: {other}",
}


def derivation(runs: Runs, run: int, f: Function, schedule: str) -> Report:
    """Tell of one run from its start to its end."""
    import numpy as np

    from aimath.core.optim import is_steady, parabola

    last = int(runs.last[run])
    found = runs.trajectory(np.arange(last + 1), np.full(last + 1, run))
    known = _figures(runs, run, found) | _columns(runs, run, found)
    known |= {"schedule": schedule, "formula": f.formulas()[0]}
    bowl = parabola(runs, run) if last and is_steady(runs, run) else None
    if bowl:
        curvature = bowl.curvatures[-1]
        known |= {"centre": bowl.centre[0], "curvature": curvature, "most": 2.0 / curvature}
        known["factor"] = 1.0 - known["lr"] * curvature
    return Report(
        found,
        show=("point",),
        steps=tuple(_steps(runs, run, known, steady=bowl is not None)),
        extra=known,
        labels=runs.objective.variables,
        whole=True,
    )


def _steps(runs: Runs, run: int, known: Mapping[str, Any], *, steady: bool) -> Iterator[Step]:
    rule, f, last = runs.rule.name, runs.objective, int(runs.last[run])
    single = len(f.variables) == 1
    name = f.variables[0] if single else "x"
    yield Line(RULES[rule].format(w=name))
    yield from _variants(known)
    decayed = rule != "adamw" and known["weight_decay"]
    slope = ("f'" if single else "∇f") + f" + {{weight_decay}}·{name}" * bool(decayed)
    yield Line(f" f = {f.shown(LONGEST)}      g = {slope}")
    if single and (formula := known["formula"]) and len(formula) <= LONGEST:
        yield Line(f" f' = {formula}")
    settings = "".join(f"   {said} {{{key}}}" for said, key in SETTINGS[rule].items())
    planned = "" if known["schedule"] == "constant" else f", schedule {known['schedule']}"
    torch = ".01" if rule == "rmsprop" else ".001"
    yield Line(f" lr {{lr}}{planned}{settings}      as in torch, whose lr is {torch} by default")
    if single and last and rule.startswith("adam"):
        yield from _first_of_adam(name, decay=rule == "adamw")
    if rule == "gd" or not single or not last:
        yield _way(f.variables)
    else:
        kept = ((said, f"{{{key}_{name}}}") for said, key in REMEMBERED[rule].items())
        yield Table((("g", f"{{used_{name}}}"), *kept, (name, f"{{moved_{name}}}")), names="t")
    if steady and single and known["curvature"] > 0.0:
        yield Line(" minimum at {centre}, curvature f'' = {curvature}")
        yield Line(" a step multiplies the distance to it by 1 - lr·f'' = {factor}")
        yield Line(" lr < 2/f'' = {most} converges, there it bounces for ever, above it diverges")
    yield Line(f" {runs.statuses[run]}: {runs.why(run)}")
    yield Verify(CLOSED[single] if steady else CHECKS[rule])


def _variants(known: Mapping[str, Any]) -> Iterator[Line]:
    """Say what an option changes of the rule."""
    if known.get("dampening"):
        yield Line(" but b ← momentum·b + (1 - {dampening})·g from the second step on")
    if known.get("centered"):
        yield Line(" centred: a ← α·a + (1-α)·g, and √(s - a²) in place of √s")
    if known.get("amsgrad"):
        yield Line(" amsgrad: the largest v so far in place of v")
    if known.get("alpha") is not None and known["momentum"]:
        yield Line(" with momentum {momentum}: b ← momentum·b + g/(√s + ε), and lr·b is taken off")


def _way(names: tuple[str, ...]) -> Table:
    """Give a line a step: where, how high, how steep, and where to from there."""
    if len(names) == 1:
        (w,) = names
        columns = (
            (w, f"{{point_{w}}}"),
            ("f", "{loss}"),
            ("f'", f"{{gradient_{w}}}"),
            ("next", f"{{next_{w}}}"),
        )
        return Table(columns, track=f"point_{w}", names="step")
    shown = names if len(names) <= VARIABLES else ()
    return Table(
        (*((name, f"{{point_{name}}}") for name in shown), ("f", "{loss}"), ("|∇f|", "{norm}")),
        bar="loss",
        names="step",
    )


def _first_of_adam(w: str, *, decay: bool) -> Iterator[Line]:
    yield Line(f" t = 1   g = {{used_{w}[0]}}")
    yield Line(f"   m = (1-β1)·g = {{m_{w}[0]}}      m^ = m/(1-β1) = {{m_hat_{w}[0]}}")
    yield Line(f"   v = (1-β2)·g² = {{v_{w}[0]}}      v^ = v/(1-β2) = {{v_hat_{w}[0]}}")
    held = " · (1 - {rate[1]}·{weight_decay})" * decay
    taken = f"{{rate[1]}} · {{m_hat_{w}[0]}}/(√{{v_hat_{w}[0]}} + {{eps}})"
    yield Line(f"   {w} = {{point_{w}[0]}}{held} - {taken} = {{moved_{w}[0]}}")
    yield Line("   the first step is lr in size, whatever g is")


def _figures(runs: Runs, run: int, found: Any) -> dict[str, Any]:
    """Give the optimiser's options, as they are for this run."""
    import numpy as np

    settings = {k: np.ravel(v)[run] if np.ndim(v) else v for k, v in runs.rule.settings.items()}
    last = len(found.step) - 1
    return {**settings, "lr": float(runs.base[run]), "last_step": last, "t": found.step[1:]}


def _columns(runs: Runs, run: int, found: Any) -> dict[str, Any]:
    """Give the columns of the tables, by variable."""
    import numpy as np

    from aimath.core.optim import following

    after = following(runs)[: len(found.step), run]
    decay = 0.0 if runs.rule.name == "adamw" else found.source.decay[run]
    columns: dict[str, Any] = {}
    for k, name in enumerate(runs.objective.variables):
        point, slope = found.point[:, k], found.gradient[:, k]
        columns |= {f"point_{name}": point, f"gradient_{name}": slope, f"next_{name}": after[:, k]}
        columns |= {f"used_{name}": (slope + decay * point)[:-1], f"moved_{name}": point[1:]}
        for key in REMEMBERED[runs.rule.name].values():
            kept = getattr(found, key)[1:, k]
            # Writers take 0.9999999999999998 for a share, which is less than all; here it is a rounded 1.
            columns[f"{key}_{name}"] = np.where(np.abs(np.abs(kept) - 1.0) < 1e-14, np.sign(kept), kept)
    return columns
