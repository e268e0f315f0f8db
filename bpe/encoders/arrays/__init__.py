"""The array way to encode: whole texts at once, as NumPy array programs."""
