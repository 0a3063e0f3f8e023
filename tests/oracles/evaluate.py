"""Classifiers' reports against scikit-learn's metrics and calibration curves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests import oracles

from aimath.core import information

PEERS = ("scikit-learn",)
CASES = {
    "four classes": {"seed": 1, "rows": 60, "classes": 4, "scale": 4.0, "push": 1.5, "bins": 15, "top": 2},
    "ten classes, ten bins": {"seed": 2, "rows": 90, "classes": 10, "scale": 6.0, "push": 4.0, "bins": 10, "top": 3},
    "three classes, few rows": {"seed": 3, "rows": 7, "classes": 3, "scale": 2.0, "push": 1.0, "bins": 4, "top": 1},
    "two classes": {"seed": 4, "rows": 80, "classes": 2, "scale": 3.0, "push": 1.0, "bins": 15, "top": 1},
    "two classes, equal scores": {
        "seed": 5, "rows": 70, "classes": 2, "scale": 3.0, "push": 1.0, "bins": 5, "top": 1, "round": 1,
    },
}  # fmt: skip


def inputs(case: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Give logits and right classes; with "round" logits of so few digits that scores are often equal."""
    rows, classes = case["rows"], case["classes"]
    z = case["scale"] * oracles.draw(case["seed"], rows, classes)
    target = np.floor((oracles.draw(case["seed"] + 100, rows) + 1.0) / 2.0 * classes).astype(int)
    z[np.arange(rows), target] += case["push"]
    return (np.round(z, case["round"]) if "round" in case else z), target


def peer(case: dict[str, Any]) -> dict[str, Any]:
    """Give scikit-learn's figures, of probabilities in float64."""
    from sklearn import calibration, metrics

    z, target = inputs(case)
    probs = np.exp(z - z.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    classes, said = range(case["classes"]), z.argmax(axis=1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        target, said, labels=classes, zero_division=np.nan
    )
    told = {
        "accuracy": metrics.accuracy_score(target, said),
        "cross_entropy": metrics.log_loss(target, probs, labels=classes),
        "brier": metrics.brier_score_loss(target, probs, labels=classes, scale_by_half=False),
        "confusion": metrics.confusion_matrix(target, said, labels=classes),
        "precision": precision, "recall": recall, "f1": f1, "support": support,
    }  # fmt: skip
    if case["classes"] == 2:
        told["auroc"] = metrics.roc_auc_score(target, z[:, 1] - z[:, 0])
        told["average_precision"] = metrics.average_precision_score(target, z[:, 1] - z[:, 0])
    else:
        told["top_accuracy"] = metrics.top_k_accuracy_score(target, z, k=case["top"], labels=classes)
    hit, confidence = said == target, probs.max(axis=1)
    for name, strategy in (("ece", "uniform"), ("ece_equal_mass", "quantile")):
        share, mean = calibration.calibration_curve(hit, confidence, n_bins=case["bins"], strategy=strategy)
        ends = np.arange(case["bins"] + 1) / case["bins"]
        edges = ends if strategy == "uniform" else np.percentile(confidence, 100 * ends)
        held = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=case["bins"])
        told[name] = float((held[held > 0] / case["rows"] * np.abs(share - mean)).sum())
    return told


def compare(case: dict[str, Any], figures: dict[str, Any]) -> None:
    """Hold the report to the figures, of logits, of their probabilities and of the logarithms of these."""
    z, target = inputs(case)
    log_probs = np.stack([row - math.log(math.fsum(map(math.exp, row))) for row in z])
    for kind, rows in (("logits", z), ("probs", np.exp(log_probs)), ("log_probs", log_probs)):
        found = information.evaluate(target=target, top=case["top"], bins=case["bins"], **{kind: rows})
        for name, value in figures.items():
            if "round" in case and kind != "logits" and name in ("auroc", "average_precision"):
                continue  # scores that are equal as logits no longer are, where probabilities are rounded
            ours = getattr(found, name)
            assert np.asarray(ours, float) == pytest.approx(value, rel=1e-12, abs=0.0, nan_ok=True), (
                kind,
                name,
            )
