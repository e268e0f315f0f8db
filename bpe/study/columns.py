"""How do tokens and arrays stand in columns of plain text, whatever script they are in?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy.typing as npt
from bpelab.bpe.study.visible import padded, visible, width

# How a token is shown: as `visible` does, or in the letters that a console has.
Show = Callable[[bytes], str]

N_COLUMNS = 80
INDENT = "  "
_N_NAME = 12


def name(token: bytes, show: Show = visible) -> str:
    """Show a token in a few columns, cut where it is longer.

    >>> name(b" the"), name(b"internationalization")
    ('␣the', 'internation…')
    """
    shown, cut = show(token), show("…".encode())
    if width(shown) <= _N_NAME:
        return shown
    while width(shown + cut) > _N_NAME:
        shown = shown[:-1]
    return shown + cut


def table(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> Iterator[str]:
    """Yield rows whose columns stand below each other; `right` has the columns of numbers.

    The words of the last column go on below where a line is full.

    >>> list(table([("a", "n", "ids"), ("안", "12", "262")], frozenset({1})))
    ['  a    n  ids', '  안  12  262']
    """
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for *cells, last in rows:
        first = INDENT + "".join(
            padded(cell, widths[i], right=i in right) + INDENT for i, cell in enumerate(cells)
        )
        for number, line in enumerate(folded(last, " " * width(first))):
            yield (line if number else first + line.lstrip()).rstrip()


def in_bands(rows: Mapping[str, Sequence[str]], n_columns: int = N_COLUMNS) -> Iterator[str]:
    """Yield rows of cells below each other, as many to a line as there is room for.

    >>> list(in_bands({"text": "abc", "class": "101"}, 13))
    ['  text   a b', '  class  1 0', '', '  text   c', '  class  1']
    """
    n_label = max(map(width, rows))
    n_cell = max((width(cell) for cells in rows.values() for cell in cells), default=1)
    n_cells = max(1, (n_columns - 2 * len(INDENT) - n_label + 1) // (n_cell + 1))
    for first in range(0, max(map(len, rows.values())), n_cells):
        if first:
            yield ""
        for label, cells in rows.items():
            line = " ".join(padded(cell, n_cell, right=True) for cell in cells[first : first + n_cells])
            yield f"{INDENT}{padded(label, n_label)}{INDENT}{line}"


def array(label: str, values: npt.NDArray[Any], unit: str = "") -> Iterator[str]:
    """Yield an array: its name, shape and dtype, and its values on as many lines as they need.

    >>> import numpy as np
    >>> list(array("ids", np.array([262, 11], np.uint32)))
    ['  ids, (2,) uint32', '    262 11']
    """
    yield f"{INDENT}{label}, ({len(values)},) {values.dtype}{unit and f', {unit}'}"
    yield from folded(" ".join(map(str, values.tolist())), 2 * INDENT)


def folded(text: str, indent: str = INDENT, n_columns: int = N_COLUMNS) -> Iterator[str]:
    """Yield the words of a text on lines of so many columns.

    >>> list(folded("one two three", n_columns=10))
    ['  one two', '  three']
    """
    line = ""
    for word in text.split():
        if line and width(f"{indent}{line} {word}") > n_columns:
            yield indent + line
            line = word
        else:
            line = f"{line} {word}".lstrip()
    yield indent + line


def step(number: int, text: str) -> Iterator[str]:
    """Yield a numbered sentence, with an empty line before and after it.

    >>> list(step(1, "A piece."))
    ['', '1. A piece.', '']
    """
    yield ""
    for i, line in enumerate(folded(text, "   ")):
        yield line if i else f"{number}. {line.lstrip()}"
    yield ""


def characters(text: str, show: Show = visible) -> list[str]:
    r"""Show each character of a text.

    >>> characters("안 \n")
    ['안', '␣', '\\n']
    """
    return [show(char.encode()) for char in text]


def cells(values: npt.NDArray[Any]) -> list[str]:
    """Show each value of an array; a truth is 1 or a point.

    >>> import numpy as np
    >>> cells(np.array([True, False]))
    ['1', '.']
    """
    return ["1" if value else "." for value in values] if values.dtype == bool else list(map(str, values))


def numbers(values: Iterable[Any]) -> str:
    """Show some numbers in a row."""
    return " ".join(map(str, values))
