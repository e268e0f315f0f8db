"""How does text become ids? The cached way, the heap for one piece, and whole texts as arrays."""
