"""How fast can plain loops be? The arrays' way of encoding with its loops written out, compiled by Numba."""
