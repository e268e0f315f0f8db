"""Which places between two characters can a pattern ask for, and how does `regex` say them?"""

from bpelab.bpe.splitting.dialect.tree import Place

TEXT_START = Place(r"\A")
TEXT_END = Place(r"\Z")


def line_start(crlf: bool) -> Place:
    """Return the place where a line starts: after a line feed, or after a line end of either kind."""
    return Place(r"(?:\A|(?<=\n)|(?<=\r)(?!\n))" if crlf else r"(?<![^\n])")


def line_end(crlf: bool) -> Place:
    """Return the place where a line ends: before a line feed, or before a line end of either kind."""
    return Place(r"(?:\Z|(?=\r)|(?<!\r)(?=\n))" if crlf else r"(?![^\n])")


BOUNDARIES = {
    "start": Place("(?<!w)(?=w)"),
    "end": Place("(?<=w)(?!w)"),
    "start-half": Place("(?<!w)"),
    "end-half": Place("(?!w)"),
}
PLACES = {
    "A": TEXT_START,
    "z": TEXT_END,
    "b": Place("(?:(?<=w)(?!w)|(?<!w)(?=w))"),
    "B": Place("(?:(?<=w)(?=w)|(?<!w)(?!w))"),
    "<": BOUNDARIES["start"],
    ">": BOUNDARIES["end"],
}
