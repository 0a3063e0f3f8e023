"""cross-entropy on the command line: targets, classes, smoothing."""

from __future__ import annotations

import math

import pytest
from tests.digits import near


def test_one_target_stands_for_all_rows(aimath):
    ran = aimath("cross-entropy", "--target", "0", stdin="0 0\n0 0 0 0\n")
    assert ran.code == 0
    assert [float(x) for x in ran.out.split()] == [math.log(2), math.log(4)]


def test_smoothed_targets_are_shown_as_they_enter_the_sum(aimath):
    shown = aimath("cross-entropy", "0,1", ".5,.5", "--label-smoothing", ".5", "--explain").out
    assert "0.75" in shown
    assert "Σ t_i" in shown
    assert "not symmetric" not in aimath("kl", ".5,.5", ".5,.5", "--explain").out


@pytest.mark.parametrize("target", ["inf", "1e300", "-1e300", ".5"])
def test_what_counts_no_classes_is_named(aimath, target):  # a cast gave -2^63, with numpy's warning
    ran = aimath("cross-entropy", "--logits", "1,2", "--target", target)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("aimath cross-entropy: error: --target: ")
    assert "is not the number of a class" in ran.err


def test_log_probabilities_are_the_prediction(answered, refused):
    logs = "-.6931471805599453,-1.3862943611198906,-1.3862943611198906"
    assert float(answered("cross-entropy", "--log-probs", logs, "--target", "0")) == near(math.log(2), 1e-15)
    assert float(answered("cross-entropy", "--log-probs", logs, "--p", ".5,.25,.25")) == near(
        1.5 * math.log(2), 1e-15
    )
    deep = "0,-800"
    assert float(answered("cross-entropy", "--log-probs", deep, "--target", "1")) == 800.0
    assert "sum to 0.7357588823, not 1" in refused(
        "cross-entropy", "--log-probs", "-1,-1", "--target", "0", code=1
    )
    shifted = answered("cross-entropy", "--log-probs", "-1,-1", "--target", "0", "--normalize")
    assert float(shifted) == near(math.log(2), 1e-15)
    assert "needs --target" in refused("cross-entropy", "--log-probs", logs, code=2)
    both = refused("cross-entropy", "--log-probs", logs, "--logits", "1,2,3", "--target", "0", code=2)
    assert "does nothing beside" in both


def test_rows_of_an_ignored_target_are_passed_over_and_counted(aimath, tmp_path):
    rows = "\n".join(f"{k} {k * k % 7} 1" for k in range(100))
    targets = [k % 3 if k % 5 else -100 for k in range(100)]
    (tmp_path / "z.txt").write_text(rows)
    (tmp_path / "t.txt").write_text("\n".join(map(str, targets)))
    line = ("cross-entropy", "--logits", f"@{tmp_path}/z.txt", "--target", f"@{tmp_path}/t.txt")
    ran = aimath(*line)
    assert ran.code == 1
    assert "use --ignore -100 to pass over such rows" in ran.err
    ran = aimath(*line, "--ignore", "-100")
    assert (ran.code, len(ran.out.split())) == (0, 80)
    assert "note: 20 rows passed over for the target -100" in ran.err
    kept = [k for k in range(100) if targets[k] != -100]
    (tmp_path / "z.txt").write_text("\n".join(rows.splitlines()[k] for k in kept))
    (tmp_path / "t.txt").write_text("\n".join(str(targets[k]) for k in kept))
    assert aimath(*line).out == ran.out
    swept = aimath(*line, "--ignore", "-100", "--base", "2,e")
    assert (swept.code, len(swept.out.splitlines())) == (0, 161)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--logits 1,2 --target 0 --ignore x", "--ignore must be a whole number, not 'x'"),
        (".5,.5 .5,.5 --ignore 1", "give --target"),
        (
            "--logits 2,1,.1 --target .7,.2,.1",
            "a distribution of classes is --p: --p 0.7,0.2,0.1 --logits LIST",
        ),
    ],
)
def test_what_is_no_target_is_one_sentence(line, said, refused):
    assert said in refused("cross-entropy", *line.split(), code=2)
