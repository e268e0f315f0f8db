"""Training as loops over flat arrays, which Numba compiles: counting pieces, and learning merges."""
