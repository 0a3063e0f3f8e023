"""Small models as people have them on disk: config.json, .safetensors, tokenizer.json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save_file
from tests.oracles import decoder as room

if TYPE_CHECKING:
    from pathlib import Path

TYPES = {
    "GPT2": "gpt2",
    "OpenAIGPT": "openai-gpt",
    "Llama": "llama",
    "Qwen2": "qwen2",
    "Qwen3": "qwen3",
    "Olmo2": "olmo2",
}


def stored(case: room.Case) -> dict[str, np.ndarray]:
    """Give a case's weights by the names that transformers stores them under."""
    weights = room.drawn(room.shapes_of(case))
    if case.kind == "OpenAIGPT":
        renamed = {"wte.weight": "tokens_embed.weight", "wpe.weight": "positions_embed.weight"}
        return {renamed.get(name, name): w for name, w in weights.items()}
    return weights


def write_model(folder: Path, case: room.Case, dtype: Any = np.float64, **changes: Any) -> Path:
    """Write a case of tests/oracles/decoder.py as a folder."""
    folder.mkdir(exist_ok=True)
    config = {"model_type": TYPES[case.kind], **case.settings, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(
        {name: np.ascontiguousarray(w, dtype) for name, w in stored(case).items()},
        folder / "model.safetensors",
    )
    return folder


def write_tokenizer(folder: Path, words: str = "the cat sat on a mat and dog ran") -> None:
    """Write a tokenizer.json of a word a token, <unk> first and <end> last."""
    import tokenizers

    vocabulary = {word: k for k, word in enumerate(["<unk>", *words.split(), "<end>"])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106
    made.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    made.save(str(folder / "tokenizer.json"))
