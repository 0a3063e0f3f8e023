"""Functions with several forms: which one the given operands select."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aimath.errors import InputError, join_and

if TYPE_CHECKING:
    from collections.abc import Mapping


def select_form(*forms: Mapping[str, Any], normalize: bool = False) -> str:
    """Return the first operand of the form whose operands, and no others, are given.

    A form maps its operands to their values, None where one isn't given. Only the first form, of
    distributions, may be normalised.

    >>> select_form({"p": None, "q": None}, {"logits": [2, 1], "target": 0})
    'logits'
    """
    chosen = [form for form in forms if any(value is not None for value in form.values())]
    if len(chosen) != 1 or any(value is None for value in chosen[0].values()):
        raise InputError(f"give {', or '.join(join_and(list(form)) for form in forms)}", usage=True)
    first = next(iter(chosen[0]))
    if normalize and chosen[0] is not forms[0]:
        raise InputError(f"only {join_and(list(forms[0]))} can be normalised, not {first}", usage=True)
    return first


def check_scale(*, logits: bool, log_probs: bool, normalize: bool) -> None:
    """Raise InputError if numbers are said to be of two kinds, or logits to be divided by their sum."""
    if logits and log_probs:
        raise InputError("logits and log-probabilities exclude each other", usage=True)
    if logits and normalize:
        raise InputError("logits are not normalised: softmax does that", usage=True)
