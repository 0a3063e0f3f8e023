"""perplexity on the command line."""

from __future__ import annotations


def test_two_ways_to_read_tokens_exclude_each_other(aimath):
    ran = aimath("perplexity", ".5", "--tokens", "--log-probs")
    assert ran.code == 2
    assert "--tokens and --log-probs exclude each other" in ran.err
