"""Where may merges not cross? At the edges of pieces: the patterns, and what splits a text by them."""
