"""How fast can plain loops be? The arrays' way of encoding with its loops written out, compiled by Numba.

Begin with `encode` and `split_gpt2`. `when_it_pays` says when the engine pays.
"""
