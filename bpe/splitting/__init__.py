"""Where may merges not cross? Patterns, and what cuts a text by them."""
