"""What mathematics says of the size of each quantity, whatever rounding did; or why it says nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mpmath as mp
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    End = (
        float | str | Callable[[Any], Any]
    )  # a number, the name of another quantity, or worked out of the result

GIVEN, WORDS = "as it was given, or set by an option", "words"
REAL, WHOLE = "any real number", "a whole number that says which or how many"
INF = math.inf


def entries(result: Any) -> float:
    """Give the length of the vectors."""
    return float(
        np.shape(
            next(
                getattr(result, name)
                for name in ("probs", "p", "logits", "values")
                if getattr(result, name, None) is not None
            )
        )[-1]
    )


def log_entries(result: Any) -> float:
    """Give log n in the base of the result, rounded once."""
    return float(mp.log(entries(result)) / mp.log(getattr(result, "base", 2.0)))


def nats_entries(result: Any) -> float:
    """Give ln n, rounded once."""
    return float(mp.log(entries(result)))


def log_two(result: Any) -> float:
    """Give log 2 in the base of the result, rounded once."""
    return float(mp.log(2) / mp.log(result.base))


def least_side(result: Any) -> float:
    """Give the largest rank that a matrix may have."""
    return float(min(np.shape(result.W)))


def over_keys(end: Callable[..., Any]) -> Callable[[Any], Any]:
    """Give the end of the values that attention mixes."""
    return lambda result: end(np.asarray(result.V), axis=-2, keepdims=True)


def shared_keys(end: Callable[..., Any]) -> Callable[[Any], Any]:
    """Give the end of the values that each head of several mixes."""
    return lambda result: np.repeat(
        end(np.asarray(result.V), axis=-2, keepdims=True), result.heads // result.kv_heads, axis=-3
    )


def of_rows(name: str, end: Callable[..., Any]) -> Callable[[Any], Any]:
    """Give the end of the entries of each row of a quantity."""
    return lambda result: end(getattr(result, name), axis=-1)


def of_support(end: Callable[..., Any]) -> Callable[[Any], Any]:
    """Give the end of the rewards that the policy can earn."""
    return lambda result: end(np.where(np.asarray(result.reference) > 0.0, result.rewards, np.nan), axis=-1)


SHARE, SIZE, ABOVE_ONE, ANY_SIGN = (0.0, 1.0), (0.0, INF), (1.0, INF), (-1.0, 1.0)
BOUNDS: dict[str, tuple[End, End] | str] = {
    # of several commands alike
    **dict.fromkeys(("a", "b", "c", "A", "X", "W", "x", "p", "q", "base", "bias", "weights", "inputs", "activation", "temperature", "logits", "values", "rewards", "reference", "beta", "prior", "likelihood", "false_positive", "mu", "sigma", "mu2", "sigma2", "logvar", "label_smoothing", "ddof", "seed", "rank", "top", "given", "point", "direction", "log_probs", "token_probs", "joint"), GIVEN),
    **dict.fromkeys(("alpha", "beta1", "beta2", "momentum", "dampening", "weight_decay", "eps", "centered", "amsgrad", "optimizer", "schedule", "source", "function", "functions", "formulas", "variables", "target", "heads", "causal", "scale", "mask", "force", "whiten", "beta_start", "beta_end", "T", "t", "x0", "noise", "low", "high", "m", "n", "kind", "plan", "curvatures", "base_lr"), GIVEN),
    **dict.fromkeys(("numpy", "method", "status", "why", "regime", "winner", "word", "ranking", "symmetric", "critical", "oscillates", "nodes", "lines", "locals", "place"), WORDS),
    **dict.fromkeys(("count", "rounding", "infinite_entry", "reverse_infinite_entry", "scale_rest", "moments", "shape", "argmax", "infinite_at", "run", "step", "steps", "depths", "lr"), WHOLE),
    **dict.fromkeys(("dot", "terms", "total", "output", "product", "transposed", "inverse", "det", "values", "re", "im", "trace", "scores", "scaled", "masked", "target", "mixed", "Wq", "Wk", "Wv", "Wo", "Q", "K", "V", "a_there", "b_there"), REAL),
    **dict.fromkeys(("gradient", "gradients", "directional", "hessian", "eigenvalues", "value", "jacobian", "slopes", "upstream", "flows", "update", "grad_avg", "buffer", "m_hat", "z", "noisy", "x", "sample", "quantile", "log_density"), REAL),
    "log_cdf": (-INF, 0.0), "given_weights": GIVEN,
    **dict.fromkeys(("theta", "pairs", "gain", "top_k", "top_p", "min_p", "order", "similarity", "gamma", "chosen", "rejected", "ref_chosen", "ref_rejected"), GIVEN),
    **dict.fromkeys(("position", "drawn", "size", "at", "kept", "stages"), WHOLE),
    **dict.fromkeys(("deviations", "normalized", "partners", "angles", "margin", "advantages", "reward_chosen", "reward_rejected", "layer-norm.mean", "grpo.mean"), REAL),
    **dict.fromkeys(("layer-norm.variance", "layer-norm.scale", "squares", "mean_square", "rms", "rms_b", "norm_b", "difference.max", "rmse", "distance", "difference.relative", "loss", "losses", "back_losses", "chance", "focal.nats", "grpo.std"), SIZE),
    **dict.fromkeys(("initial", "after", "cut", "accuracy", "prob", "doubt", "focus", "weight"), SHARE),
    **dict.fromkeys(("cosines", "sines", "encoding", "difference.similarity"), ANY_SIGN),
    "snr_db": REAL,
    **dict.fromkeys(("compare.rows", "compare.ignored", "compare.classes", "compare.row_of_max", "better", "worse", "ties", "compare.trials", "compare.worst", "column", "unique", "describe.top", "missing"), WHOLE),
    **dict.fromkeys(("levels", "p_logits", "q_logits", "plain", "compare.a", "compare.b"), GIVEN),
    **dict.fromkeys(("compare.kl", "kl_stderr", "kl_min", "kl_quantiles", "kl_error", "kl_max", "nll_a", "nll_b", "nll_difference_stderr", "perplexity_a_stderr", "perplexity_b_stderr", "perplexity_difference_stderr", "ratio_stderr", "compare.ratio", "rms_delta_p_stderr", "mean_delta_p_stderr", "total_variation_stderr", "same_top_stderr", "compare.stderr", "describe.stderr", "quantile_error"), SIZE),
    **dict.fromkeys(("same_top", "total_variation", "rms_delta_p", "sign_p"), SHARE),
    **dict.fromkeys(("mean_delta_p", "compare.correlation"), ANY_SIGN),
    **dict.fromkeys(("nll_difference", "perplexity_difference", "compare.difference", "differences", "mean_a", "mean_b", "interval", "describe.quantiles", "describe.median"), REAL),
    **dict.fromkeys(("perplexity_a", "perplexity_b"), ABOVE_ONE),
    **dict.fromkeys(("describe.p5", "describe.p25", "describe.p75", "describe.p95", "describe.p10", "describe.p99.9"), REAL),
    **dict.fromkeys(("kl_p0.1", "kl_p1", "kl_p5", "kl_p10", "kl_median", "kl_p90", "kl_p95", "kl_p99", "kl_p99.9"), SIZE),
    "ratios": WORDS, "log_ratio": REAL,
    **dict.fromkeys(("weights.name", "weights.kind", "weights.dtype", "weights.remark", "weights.format", "weights.other"), WORDS),
    **dict.fromkeys(("weights.parameters", "weights.files"), WHOLE),
    **dict.fromkeys(("weights.std", "weights.rms_again", "weights.largest", "spectral_norm", "noise_edge", "beyond_edge", "rank_90", "rank_99", "bits", "weights.relative_error", "relative_change", "max_change"), SIZE),
    **dict.fromkeys(("weights.mean",), REAL), **dict.fromkeys(("weights.rms",), SIZE), "weights.kurtosis": (-2.0, INF), "weights.outlier": ABOVE_ONE,
    **dict.fromkeys(("gpt.text", "gpt.token", "gpt.answer", "gpt.part", "gpt.looks_at", "gpt.precision"), WORDS),
    **dict.fromkeys(("gpt.rank", "gpt.id", "gpt.place", "gpt.tokens", "gpt.depth", "gpt.answer_rank", "gpt.layer", "gpt.head"), WHOLE),
    **dict.fromkeys(("gpt.logit", "gpt.logits", "gpt.added", "gpt.running", "gpt.total", "gpt.log_sum", "gpt.model_logit"), REAL),
    **dict.fromkeys(("gpt.probability", "gpt.answer_probability", "gpt.final", "gpt.weights"), SHARE),
    **dict.fromkeys(("gpt.bits", "gpt.nats", "gpt.entropy", "gpt.length", "gpt.mean"), SIZE), "gpt.likeliest": (0.0, 1.0 + 1e-6),
    **dict.fromkeys(("gpt.perplexity", "gpt.whole"), ABOVE_ONE), "gpt.bits_per_byte": SIZE, "TokenSurprises.total": SIZE,
    **dict.fromkeys(("sparsity", "top_energy"), SHARE), "weights.cosine": ANY_SIGN, "weights.stable_rank": ABOVE_ONE, "weights.effective_rank": ABOVE_ONE,
    **dict.fromkeys(("ignored", "top", "bins", "correct", "support", "predictions", "hits", "confusion", "bin_count", "held_count", "evaluate.sums"), WHOLE), "evaluate.labels": WORDS,
    **dict.fromkeys(("accuracy_stderr", "top_accuracy", "top_accuracy_stderr", "brier_half", "reliability", "resolution", "ece", "ece_equal_mass", "auroc", "average_precision", "precision", "recall", "f1", "bin_low", "bin_high", "bin_accuracy", "bin_confidence", "bin_gap"), SHARE),
    **dict.fromkeys(("counts", "p_counts", "q_counts", "entropy.missing", "mutual-information.missing"), WHOLE), "nmi": SHARE, "conditional_entropy": SIZE,
    **dict.fromkeys(("mutual-information.x", "mutual-information.y"), WORDS),
    **dict.fromkeys(("held_high", "held_accuracy", "held_confidence", "held_gap"), SHARE),
    **dict.fromkeys(("cross_entropy_stderr", "perplexity_stderr", "brier_stderr"), SIZE),
    "brier": (0.0, 2.0), "uncertainty": (0.0, 0.25), "within": ANY_SIGN, "evaluate.perplexity": ABOVE_ONE, "evaluate.rounding": SHARE,
    **dict.fromkeys(("embed.ids", "embed.tokens"), WHOLE), **dict.fromkeys(("embed.text", "embed.token", "embed.route"), WORDS),
    **dict.fromkeys(("hidden", "pooled", "first_entries", "pooled_1", "embed.vector"), REAL), "row_norms": SIZE,
    # counts of a model, which tests/core/nn holds to every tensor's shape
    **dict.fromkeys(("params.parameters", "params.part", "params.by_part", "params.non_embedding", "params.active", "params.flops", "params.flops_training", "params.kv_cache", "params.memory_inference", "params.memory_training", "params.context", "params.batch", "params.dtype", "params.cache_dtype", "params.architecture", "params.store", "params.by_store", "params.training_each", "params.training_bytes", "params.weights", "params.weight_bytes", "params.cache_bytes", "params.cached", "params.seen", "params.narrow", "params.attention_flops", "params.multiplied", "params.head_again", "params.attention_weights", "params.attention_biases", "params.latent_queries", "params.latent_down", "params.latent_up", "params.latent_output", "params.mlp_layer", "params.mlp_biases", "params.mlp_matrices", "params.norm_layer", "params.norm_outside", "params.expert", "params.router", "params.shared", "params.expert_layer", "params.expert_layers", "params.dense_layers", "params.value_dim", "params.kv_cache_gib", "params.memory_inference_gib", "params.memory_training_gib", "params.tensors", "params.layers", "params.d_model", "params.heads", "params.kv_heads", "params.head_dim", "params.d_ff", "params.vocab", "params.positions", "params.experts", "params.experts_per_token", "params.window", "params.tensor_sum", "params.like", "params.config", "params.model_type"), WHOLE),
    "entropy": (0.0, log_entries), "probs": SHARE, "policy": SHARE, "perplexity": (1.0, entries), "surprise": SIZE,
    "kl": SIZE, "distillation": SIZE, "norm": SIZE, "norms": SIZE, "condition": ABOVE_ONE, "cosine": ANY_SIGN, "cross_entropy": SIZE,
    # of one command
    "eig.vectors": ANY_SIGN, "eig.vectors_im": ANY_SIGN, "eig.magnitude": SIZE, "eig.spectral_radius": SIZE,
    "det.sign": ANY_SIGN, "det.log_abs_det": REAL, "inverse.rank": SIZE,
    "cosine.norm_a": SIZE, "cosine.norm_b": SIZE, "cosine.angle": (0.0, 180.0),
    "analogy.similarity": ANY_SIGN, "analogy.similarities": ANY_SIGN, "analogy.found": REAL,
    "attention.weights": SHARE, "Attention.output": (over_keys(np.min), over_keys(np.max)),
    "attention.window": WHOLE, "attention.kv_heads": WHOLE,
    "HeadsAttention.mixed": (shared_keys(np.min), shared_keys(np.max)), "HeadsAttention.output": REAL,
    "MultiHead.mixed": (over_keys(np.min), over_keys(np.max)), "attention.attention": "an answer within the answer",
    "pca.mean": (lambda r: np.min(r.X, axis=-2), lambda r: np.max(r.X, axis=-2)), "pca.mean_rest": REAL, "pca.components": ANY_SIGN,
    "pca.variance": SIZE, "pca.ratio": SHARE, "pca.cumulative": SHARE, "pca.total_variance": SIZE, "pca.spectrum": SIZE,
    "pca.singular_values": SIZE, "pca.projected": REAL, "pca.centred": REAL, "pca.covariance": REAL,
    "svd-approx.singular_values": SIZE, "svd-approx.left": REAL, "svd-approx.right": ANY_SIGN, "svd-approx.energy": SHARE,
    "svd-approx.error": (0.0, "norm"), "svd-approx.relative_error": SHARE, "svd-approx.spectral_error": (0.0, "norm"), "svd-approx.errors": (0.0, "norm"),
    "svd-approx.error_bound": SIZE, "svd-approx.parameters": SIZE, "svd-approx.full_parameters": SIZE, "svd-approx.ratio": SIZE,
    "svd-approx.stable_rank": (1.0, least_side), "svd-approx.effective_rank": (1.0, least_side), "svd-approx.numerical_rank": (0.0, least_side),
    "svd-approx.approximation": REAL, "svd-approx.every_value": (0.0, "norm"), "svd-approx.rank": (0.0, least_side),
    "lora.parameters": SIZE, "lora.full": SIZE, "lora.percent_of_full": SIZE, "lora.percent_of_total": (0.0, 100.0),
    "lora.break_even_rank": SIZE, "lora.saved": REAL, "lora.times_smaller": SIZE,
    "backprop.loss": REAL, "LayerGradients.loss": SIZE, "LayerGradients.dz": ANY_SIGN, "LayerGradients.db": ANY_SIGN,
    **{f"backprop.{name}": REAL for name in ("y", "h", "dh", "db", "dW", "dx")}, "SumGradients.loss": REAL,
    **{f"Trajectory.{name}": end for name, end in {"loss": REAL, "rate": SIZE, "m": REAL, "v": SIZE, "v_max": ("v", INF), "v_hat": SIZE, "square_avg": SIZE, "point": REAL, "norm": SIZE}.items()},
    "race.loss": REAL, "race.point": REAL,
    "learning-rate.factors": (-INF, 1.0), "learning-rate.rate": SIZE, "learning-rate.smallest": (0.0, "largest"), "learning-rate.largest": SIZE,
    "learning-rate.max_lr": ("best_lr", INF), "learning-rate.best_lr": SIZE, "learning-rate.best_rate": SHARE, "learning-rate.steps": SIZE,
    "schedule.lr": SIZE, "schedule.share": SIZE,
    "Softmax.entropy": (0.0, log_entries), "Softmax.total": (1.0, entries), "Softmax.maximum": GIVEN, "Softmax.shifted": (-INF, 0.0), "Softmax.weights": SHARE,
    "Softmax.log_probs": (-INF, 0.0), "LogSoftmax.log_probs": (-INF, 0.0), "LogSoftmax.logsumexp": ("maximum", INF), "LogSoftmax.maximum": GIVEN,
    "logsumexp.logsumexp": ("maximum", INF), "logsumexp.maximum": GIVEN, "logsumexp.shifted": (-INF, 0.0), "logsumexp.weights": SHARE,
    "WeightedLogSumExp.total": SIZE, "WeightedLogSumExp.weights": REAL, "WeightedLogSumExp.excess": REAL,
    "WeightedLogSumExp.logsumexp": REAL, "WeightedLogSumExp.shifted": REAL, "logsumexp.total": (1.0, entries), "logsumexp.excess": (0.0, nats_entries),
    "CrossEntropy.cross_entropy": SIZE, "CrossEntropy.target": SHARE, "cross-entropy.terms": SIZE, "cross-entropy.perplexity": ABOVE_ONE,
    "cross-entropy.target_probs": SHARE,
    "bayes.evidence": SHARE, "bayes.joint": (0.0, "prior"), "bayes.implied": SHARE, "bayes.posterior": SHARE, "bayes.posteriors": SHARE,
    **{f"bayes.{name}": SIZE for name in ("odds", "prior_odds", "bayes_factor", "population", "cases", "others", "hits", "misses", "false_alarms", "correct_rejections")},
    "Arms.arm": WHOLE, "Arms.a": SIZE, "Arms.b": SIZE, "Arms.successes": SIZE, "Arms.trials": SIZE, "Arms.failures": SIZE,
    "Arms.pseudo_counts": SIZE, "Arms.posterior_mean": SHARE, "Arms.interval": SHARE, "Arms.p_best": SHARE,
    "Arms.difference": ANY_SIGN, "Arms.std": SHARE,
    "bayes.bits": REAL, "bayes.log_odds": REAL,
    "gaussian.density": SIZE, "gaussian.cdf": SHARE, "gaussian.survival": SHARE, "gaussian.probability": SHARE,
    "gaussian.z_low": REAL, "gaussian.z_high": ("z_low", INF),
    "describe.mean": ("min", "max"), "describe.min": GIVEN, "describe.max": ("min", INF), "describe.variance": SIZE, "describe.std": SIZE,
    "describe.deviations": REAL, "describe.squares": SIZE,
    "diffuse.alpha_bar": SHARE, "diffuse.one_minus_alpha_bar": SHARE, "diffuse.snr": SIZE, "diffuse.signal_scale": SHARE, "diffuse.noise_scale": SHARE,
    "entropy.terms": SIZE, "entropy.nats": (0.0, nats_entries), "entropy.maximum": SIZE,
    "Perplexity.nats": (0.0, nats_entries), "Perplexity.terms": SIZE, "TokenPerplexity.nats": (of_rows("surprise", np.min), of_rows("surprise", np.max)), "TokenPerplexity.perplexity": ABOVE_ONE,
    "LogProbPerplexity.nats": (lambda r: -np.max(r.log_probs, axis=-1), lambda r: -np.min(r.log_probs, axis=-1)), "LogProbPerplexity.perplexity": ABOVE_ONE, "LogProbPerplexity.token_probs": SHARE,
    "kl.cross_entropy": SIZE, "kl.reverse": SIZE, "kl.reverse_terms": REAL, "kl.mass_difference": ANY_SIGN,
    "js.js": (0.0, log_two), "js.distance": (0.0, lambda r: float(mp.sqrt(mp.log(2) / mp.log(r.base)))), "js.mixture": SHARE, "js.terms": (0.0, log_two), "js.kl_p": (0.0, log_two), "js.kl_q": (0.0, log_two),
    "mutual-information.mutual_information": (0.0, lambda r: np.minimum(r.row_entropy, r.column_entropy)),
    "mutual-information.joint": SHARE, "mutual-information.expected": SHARE, "mutual-information.row_marginal": SHARE, "mutual-information.column_marginal": SHARE,
    "mutual-information.joint_entropy": SIZE, "mutual-information.row_entropy": (0.0, "joint_entropy"), "mutual-information.column_entropy": (0.0, "joint_entropy"),
    "gaussian-kl.terms": SIZE, "gaussian-kl.sigma": SIZE,
    "rlhf.expected_reward": (of_support(np.nanmin), of_support(np.nanmax)), "rlhf.objective": (of_support(np.nanmin), of_support(np.nanmax)), "rlhf.log_partition": REAL,
}  # fmt: skip
"""By the quantity, by COMMAND.quantity, or by the TYPE of the result: what is most particular holds."""


def bound_of(command: str, result: Any, quantity: str) -> tuple[End, End] | str | None:
    """Give the bound of a quantity, or why there is none; None where nobody has said."""
    for key in (f"{type(result).__name__}.{quantity}", f"{command}.{quantity}", quantity):
        if key in BOUNDS:
            return BOUNDS[key]
    return None


def is_within(result: Any, values: Any, bound: tuple[End, End]) -> bool:
    """Say whether each value is between the ends."""
    low, high = (_end(result, end, np.ndim(values)) for end in bound)
    return bool(np.all((low <= values) & (values <= high)))


def _end(result: Any, end: End, axes: int) -> Any:
    value = np.asarray(
        end(result) if callable(end) else getattr(result, end) if isinstance(end, str) else end
    )
    return value.reshape(value.shape + (1,) * max(axes - value.ndim, 0))


POLE, PAST = (
    "infinite in truth: a pole, a zero over a probability, a certainty",
    "past float64, as documented, infinite",
)
INFINITE = {
    **dict.fromkeys(("logits", "values", "temperature", "mask", "x", "low", "high", "log_probs", "surprise", "cross_entropy", "kl", "distillation", "terms", "perplexity", "condition", "shifted"), POLE),
    "attention.masked": "-inf hides a key", "Backprop.slopes": PAST, "Backprop.values": PAST,
    **dict.fromkeys(("bayes.bayes_factor", "bayes.bits", "bayes.odds", "bayes.prior_odds", "bayes.log_odds", "det.log_abs_det", "diffuse.snr", "difference.snr_db", "weights.snr_db", "weights.relative_error", "relative_change", "kl.reverse", "kl.reverse_terms", "perplexity.nats", "learning-rate.steps", "logsumexp.logsumexp", "logsumexp.maximum", "gaussian.quantile", "lora.times_smaller"), POLE),
    **dict.fromkeys(("gaussian.density", "gaussian.log_density", "gaussian.log_cdf", "info-nce.losses", "info-nce.back_losses", "info-nce.loss", "focal.loss", "focal.nats", "dpo.losses", "compare.kl", "kl_stderr", "nll_difference", "nll_difference_stderr", "perplexity_difference", "perplexity_difference_stderr", "perplexity_a_stderr", "perplexity_b_stderr", "compare.ratio", "ratio_stderr", "kl_p0.1", "kl_p1", "kl_p5", "kl_p10", "kl_median", "kl_p90", "kl_p95", "kl_p99", "kl_p99.9", "compare.stderr", "compare.difference", "differences", "interval", "mean_a", "mean_b", "describe.stderr", "DescribeColumns.variance", "DescribeColumns.std", "log_ratio", "kl_max", "kl_min", "kl_quantiles", "nll_a", "nll_b", "perplexity_a", "perplexity_b", "difference.norm", "difference.norm_b", "dpo.reward_chosen", "dpo.reward_rejected", "gaussian.z", "gaussian.z_low", "gaussian.z_high", "gaussian-kl.sigma", "cosine.dot", "cosine.norm_a", "cosine.norm_b", "cosine.norms", "learning-rate.best_lr", "learning-rate.max_lr", "rlhf.log_partition"), PAST),
    **dict.fromkeys(("Trajectory.v", "Trajectory.v_hat", "Trajectory.v_max", "Trajectory.square_avg"), "past float64, where their roots are kept"),
    "Trajectory.norm": PAST, **dict.fromkeys(("spectral_norm", "noise_edge", "max_change"), PAST),
}  # fmt: skip
"""Quantities that may be infinite, and why; all others are finite, or refused by their name."""


def may_be_infinite(command: str, result: Any, quantity: str) -> bool:
    """Say whether an infinity is an answer."""
    return bool({f"{type(result).__name__}.{quantity}", f"{command}.{quantity}", quantity} & INFINITE.keys())
