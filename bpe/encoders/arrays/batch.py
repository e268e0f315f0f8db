r"""How are many short texts cut into pieces at once? As one text, with something between them.

A text must be cut as if it stood alone, where it begins and where it ends. Between two texts stand a tab and
three zeros, and with any of the patterns that the arrays know

- the text before is cut as at its end. The tab is white space, so that none of the white space at the end is
  left over for what follows (`\s+(?!\S)`): the tab itself is. No piece goes on into the tab: by the word rule
  (see `patterns`) a piece ends before white space other than a line break, and white space at the end of the
  text is one run with the tab, of which the tab, as the last of its run, is a piece by itself;
- the text after is cut as at its beginning. No piece begins with a number and goes on with anything else, and
  those that count numbers by threes begin again after three. GPT-2's pattern does not count: there a text
  that begins with a number would go on with the zeros, and a cut is put where it begins.

There is one exception. cl100k's pattern cuts a run of white space after its last line break where something
follows the run, and leaves it whole at the end of a text: there such a cut is taken away again.
"""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from bpelab.bpe.encoders.arrays.blocks import BlockSplitter
from bpelab.bpe.splitting.patterns import CL100K_PATTERN
from bpelab.bpe.splitting.places import Ints, places_where
from bpelab.bpe.splitting.unicode16 import is_white

BETWEEN = "\t000"


class TextPieces(NamedTuple):
    """The pieces of several texts, one text after the other."""

    data: bytes
    starts: Ints  # (n_pieces,) byte offsets into the data
    lengths: Ints  # (n_pieces,) in bytes
    text_ends: Ints  # (n_texts,) where in the list of pieces those of each text end


def split_texts(texts: Sequence[str], splitter: BlockSplitter) -> TextPieces:
    """Cut texts into pieces, each as if it stood alone.

    >>> from bpelab.bpe.splitting.patterns import GPT2_PATTERN
    >>> split_texts(["one two", "3  "], BlockSplitter(GPT2_PATTERN)).text_ends
    array([2, 4])
    """
    if not splitter.is_known:
        blocks = [splitter.whole(text) for text in texts]
        lengths = np.concatenate([np.diff(block.piece_starts) for block in blocks])
        text_ends = np.cumsum([len(block.piece_starts) - 1 for block in blocks])
        data = b"".join(block.data for block in blocks)
        return TextPieces(data, np.cumsum(lengths) - lengths, lengths, text_ends)
    joined = BETWEEN.join(texts)
    data, piece_starts, _ = splitter.whole(joined)
    n_bytes = list(map(len, texts if len(data) == len(joined) else [text.encode("utf-8") for text in texts]))
    ends = np.fromiter(accumulate(n_bytes, lambda end, n: end + len(BETWEEN) + n), np.int64, len(texts))
    # A text that begins with a number after zeros: its beginning is where no piece starts yet.
    starts = ends[:-1] + len(BETWEEN)
    places = np.searchsorted(piece_starts, starts)
    missing = places_where(piece_starts.take(places) != starts)
    if len(missing):
        piece_starts = np.insert(piece_starts, places.take(missing), starts.take(missing))
    if splitter.pattern == CL100K_PATTERN:
        piece_starts = np.delete(piece_starts, _cuts_after_last_breaks(texts, data, piece_starts, ends))
    # Leave out the two pieces between every two texts.
    between = np.searchsorted(piece_starts, ends[:-1])
    is_kept = np.ones(len(piece_starts) - 1, dtype=np.bool_)
    is_kept[between] = is_kept[between + 1] = False
    text_ends = np.append(between, len(piece_starts) - 1) - 2 * np.arange(len(texts))
    return TextPieces(data, piece_starts[:-1][is_kept], np.diff(piece_starts)[is_kept], text_ends)


def _cuts_after_last_breaks(texts: Sequence[str], data: bytes, piece_starts: Ints, ends: Ints) -> list[int]:
    """List the pieces that begin after the last line break of the white space at the end of a text.

    Not those that follow punctuation with its line breaks, which ends there in any case.
    """
    cuts = []
    for text, end in zip(texts[:-1], ends.tolist(), strict=False):
        if not text[-1:].isspace() or text[-1] in "\r\n":
            continue
        after_break = text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]
        if len(after_break) < len(text) and all(map(is_white, after_break)):
            place = end - len(after_break.encode("utf-8"))
            piece = int(np.searchsorted(piece_starts, place))
            if all(map(is_white, data[piece_starts[piece - 1] : place].decode("utf-8"))):
                cuts.append(piece)
    return cuts


def groups_of_texts(texts: Sequence[str], n_chars: int) -> Iterator[list[int]]:
    """Yield the numbers of texts that are cut together: up to so many characters, or one text.

    Texts of ASCII alone are cut faster, and are kept apart.

    >>> list(groups_of_texts(["abc", "é", "defg", "h"], 5))
    [[0], [2, 3], [1]]
    """
    groups: dict[bool, list[int]] = {True: [], False: []}
    lengths = {True: 0, False: 0}
    for number, text in enumerate(texts):
        kind = text.isascii()
        if lengths[kind] + len(text) > n_chars and groups[kind]:
            yield groups[kind]
            groups[kind], lengths[kind] = [], 0
        groups[kind].append(number)
        lengths[kind] += len(text)
    yield from filter(None, groups.values())
