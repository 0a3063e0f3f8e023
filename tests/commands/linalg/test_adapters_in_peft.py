"""An adapter that `lora --save` writes, as peft loads it: where peft, torch and transformers are installed."""

import copy

import pytest
from tests.digits import near

pytestmark = pytest.mark.slow


def llama(transformers):
    """Eleven layers: model.layers.1 is no beginning of model.layers.10."""
    sizes = {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 11}
    config = transformers.LlamaConfig(**sizes, num_attention_heads=4, num_key_value_heads=2)
    return transformers.LlamaForCausalLM(config)


def gpt2(transformers):
    """Weights are (in, out)."""
    config = transformers.GPT2Config(vocab_size=50, n_embd=32, n_layer=2, n_head=4, n_positions=16)
    return transformers.GPT2LMHeadModel(config)


def embedding(transformers):
    """An encoder whose tables of embeddings change too."""
    config = transformers.GPT2Config(vocab_size=50, n_embd=32, n_layer=1, n_head=4, n_positions=16)
    return transformers.GPT2Model(config)


@pytest.mark.parametrize("make", [llama, gpt2, embedding])
def test_peft_merges_it_to_the_tuned_model(aimath, tmp_path, make):
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    peft = pytest.importorskip("peft")
    torch.manual_seed(0)
    base = make(transformers).eval()
    tuned = copy.deepcopy(base)
    with torch.no_grad():
        for k, (name, weights) in enumerate(tuned.named_parameters()):
            if weights.ndim == 2 and k % 5 and (make is embedding or not ("wte" in name or "embed" in name)):
                rank = 1 + k % 3  # each layer has its own
                weights.add_(
                    torch.randn(len(weights), rank) @ torch.randn(rank, weights.shape[1]), alpha=0.02
                )
    for name, model in (("base", base), ("tuned", tuned)):
        model.save_pretrained(tmp_path / name)
    folders = (str(tmp_path / "base"), str(tmp_path / "tuned"))
    ran = aimath("lora", *folders, "--energy", ".99999999", "--save", str(tmp_path / "adapter"))
    assert ran.code == 0
    loaded = peft.PeftModel.from_pretrained(
        type(base).from_pretrained(folders[0]), tmp_path / "adapter"
    ).eval()
    tokens = torch.tensor([[1, 2, 3, 4]])
    with torch.no_grad():
        wanted, plain, found = (model(tokens)[0].numpy() for model in (tuned, base, loaded))
        merged = loaded.merge_and_unload()(tokens)[0].numpy()
    size = abs(wanted).max()
    assert abs(plain - wanted).max() > 0.01 * size
    assert abs(found - wanted).max() / size + 1 == near(1, 1e-4)
    assert abs(merged - wanted).max() / size + 1 == near(1, 1e-4)
