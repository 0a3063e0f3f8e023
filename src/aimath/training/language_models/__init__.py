"""Models of spelling: counts of letters, a network of a context, a GPT; and what they learn from."""
