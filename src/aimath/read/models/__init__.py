"""Files of models: configurations, weights, word vectors."""
