"""`python -m bpelab` is the command `bpelab`."""

from bpelab.cli import main

main()
