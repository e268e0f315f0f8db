"""What does an encoding look like? Traces and vocabularies drawn for a notebook, a terminal, a page."""
