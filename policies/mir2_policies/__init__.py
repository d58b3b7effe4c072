"""Learning robust team policies: algorithms, training, evaluation and export."""
