"""Which colour and mark does a contender have? The same ones everywhere on the page."""

from collections.abc import Sequence
from html import escape
from itertools import product
from typing import NamedTuple

from bpelab.benchmarks.harness.record import Record

N_COLOURS = 8  # `--series-0` to `--series-7` in page.css
# Drawn around (0, 0), about as large as each other.
SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",  # circle
    "M-4.5-4.5h9v9h-9z",  # square
    "M0-6l5.5 9.5h-11z",  # triangle
    "M0-6.3l6.3 6.3l-6.3 6.3l-6.3-6.3z",  # diamond
    "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",  # cross
    "M0 6l5.5-9.5h-11z",  # triangle that points down
    "M6 0l-9.5 5.5v-11z",  # triangle that points right
    "M-6 0l9.5 5.5v-11z",  # triangle that points left
)


class Mark(NamedTuple):
    """The numbers of a colour and of a shape."""

    colour: int
    shape: int

    def svg(self) -> str:
        """Return the mark as a small picture that stands in a line of text."""
        return (
            f"<svg class='mark c{self.colour}' viewBox='-7 -7 14 14' aria-hidden='true'>"
            f"<use href='#m{self.shape}'/></svg>"
        )


# All of bpelab is blue, tiktoken orange; whatever else belongs together has one colour, too.
KNOWN = {
    "bpelab": Mark(0, 0),
    "bpelab's compiled loops": Mark(0, 2),
    "bpelab's arrays": Mark(0, 1),
    "bpelab's cache": Mark(0, 3),
    "bpelab's textbook": Mark(0, 4),
    "look-up": Mark(0, 0),
    "tiktoken": Mark(1, 3),
    "tiktoken._educational": Mark(1, 5),
    "the book": Mark(1, 1),
    "one-hot @ Linear": Mark(1, 3),
    "one-hot @ Linear, one-hot made before": Mark(1, 5),
    "tokenizers": Mark(2, 1),
    "gigatoken": Mark(3, 2),
    "fastokens": Mark(4, 6),
    "tokie": Mark(5, 4),
    "rustbpe": Mark(6, 5),
    "ffbpe": Mark(7, 7),
    "bpe-openai": Mark(6, 0),
    "rs-bpe": Mark(7, 0),
    "nanoGPT, memory map": Mark(2, 3),
}

Marks = dict[str, Mark]


def marks_of(records: Sequence[Record]) -> Marks:
    """Return a mark for each contender of some records; those we do not know get what is left, by name."""
    names = sorted({str(cell["contender"]) for record in records for cell in record["cells"]})
    left = [
        Mark(colour, shape) for shape, colour in product(range(len(SHAPES)), range(N_COLOURS)) if colour > 1
    ]
    left = [mark for mark in left if mark not in KNOWN.values()]
    unknown = [name for name in names if name not in KNOWN]
    return {name: KNOWN[name] for name in names if name in KNOWN} | {
        name: left[place % len(left)] for place, name in enumerate(unknown)
    }


def sprite() -> str:
    """Return the shapes, to which every mark of the page refers."""
    shapes = "".join(f"<path id='m{number}' d='{path}'/>" for number, path in enumerate(SHAPES))
    return f"<svg class='sprite' width='0' height='0' aria-hidden='true'><defs>{shapes}</defs></svg>"


def legend(names: Sequence[str], marks: Marks) -> str:
    """Return buttons that hide and show a contender on the whole page."""
    numbers = list(marks)
    buttons = "".join(
        f"<li><button type='button' aria-pressed='true' data-toggle='{numbers.index(name)}'>"
        f"{marks[name].svg()} {escape(name)}</button></li>"
        for name in sorted(names, key=numbers.index)
    )
    return f"<ul class='legend' aria-label='Hide or show'>{buttons}</ul>"
