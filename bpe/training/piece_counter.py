"""How often does each piece of a block of texts occur?"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.arrays.keys import KEY_WORDS, MAX_KEY_BYTES, as_words, by_tier, keys_of_words
from bpelab.bpe.encoders.arrays.table import distinct
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.splitting.array_splitter import Split, array_splitter
from bpelab.bpe.splitting.cuts import cut_text
from bpelab.bpe.splitting.regex_splitter import splitter

# The arrays of a section of this many characters stay in the processor's cache.
SECTION_CHARS = 1 << 18
# Below this, the array splitter's calls cost more than they save.
SHORT_CHARS = 2048


def count_block(texts: Sequence[str | bytes], pattern: str) -> dict[bytes, int]:
    r"""Count the pieces of each text by their UTF-8 bytes; no piece goes from one text to the next.

    A text may come as UTF-8. A lone surrogate counts as U+FFFD, since it is encoded so. If the array splitter
    knows the pattern, long texts are split and counted as arrays.

    >>> count_block(["a b", "b b"], r" ?\w")
    {b'a': 1, b' b': 2, b'b': 1}
    """
    split_array = array_splitter(pattern)
    split = splitter(pattern)
    short: Counter[str] = Counter()
    long: list[str] = []
    for text in map(_as_str, texts):
        if split_array is None or len(text) < SHORT_CHARS:
            short.update(split(text))
        else:
            long.append(text)
    counts = {piece.encode("utf-8"): count for piece, count in short.items()}
    if split_array is not None and long:
        for piece, count in _count_by_arrays(long, split_array):
            counts[piece] = counts.get(piece, 0) + count
    return counts


def _as_str(text: str | bytes) -> str:
    return text.decode("utf-8") if isinstance(text, bytes) else repair_surrogates(text)


def _count_by_arrays(texts: Sequence[str], split: Split) -> Iterator[tuple[bytes, int]]:
    """Yield each distinct piece and its count: pieces are packed into keys, and equal keys counted."""
    keys_of_tier: list[list[list[npt.NDArray[np.uint64]]]] = [[] for _ in KEY_WORDS]
    longer: Counter[bytes] = Counter()
    for text in texts:
        for section in cut_text(text, SECTION_CHARS):
            data, piece_starts = split(section)
            words, starts, lengths = as_words(data), piece_starts[:-1], np.diff(piece_starts)
            for tier, own in by_tier(lengths):
                keys_of_tier[tier].append(keys_of_words(words, starts[own], lengths[own], KEY_WORDS[tier]))
            for i in (lengths > MAX_KEY_BYTES).nonzero()[0].tolist():
                longer[data[piece_starts[i] : piece_starts[i + 1]]] += 1
    yield from longer.items()
    for parts in filter(None, keys_of_tier):
        keys = [np.concatenate(word) for word in zip(*parts, strict=True)]
        yield from zip(*_count_keys(keys), strict=True)


def _count_keys(keys: list[npt.NDArray[np.uint64]]) -> tuple[list[bytes], list[int]]:
    """Return the distinct pieces that keys stand for, and how often each occurs."""
    if len(keys) == 1:
        unique, counts = np.unique(keys[0], return_counts=True)  # sorts without an index, which is fast
        return [row[8 - row[0] :] for row in _rows([unique])], counts.tolist()
    firsts, inverse = distinct(keys)
    return [_unpacked(row) for row in _rows([word[firsts] for word in keys])], np.bincount(inverse).tolist()


def _rows(keys: list[npt.NDArray[np.uint64]]) -> list[bytes]:
    n_bytes = 8 * len(keys)
    data = np.stack(keys, axis=1).astype("<u8").tobytes()
    return [data[at : at + n_bytes] for at in range(0, len(data), n_bytes)]


def _unpacked(row: bytes) -> bytes:
    """Undo `keys_of_words`: each word is full, or holds the piece's end in its last bytes."""
    length = row[-8]
    ends = range(8, len(row) + 1, 8)
    return b"".join(row[end - min(max(length - end + 8, 0), 8) : end] for end in ends)
