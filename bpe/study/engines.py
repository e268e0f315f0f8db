"""How does one text go through the engines? Shown with the very arrays that they make of it.

Nothing here is drawn by hand: each picture runs its engine on the text, and writes down what is in the
engine's dictionaries and arrays. It is plain text of 80 columns.
"""

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from bpelab.bpe.encoders.arrays.blocks import BlockSplitter
from bpelab.bpe.encoders.arrays.encoder import ArrayEncoder
from bpelab.bpe.encoders.arrays.keys import KEY_WORDS, Pieces, as_words, by_tier, keys_of_words
from bpelab.bpe.encoders.arrays.store import RUN_BITS, START_MASK, PieceStore
from bpelab.bpe.encoders.cached import CachedEncoder
from bpelab.bpe.encoders.choice import CACHE_PIECES
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, KNOWN_PATTERNS, O200K_PATTERN
from bpelab.bpe.splitting.rules_cl100k import cl100k_classes, starts_cl100k
from bpelab.bpe.splitting.rules_gpt2 import gpt2_classes, starts_gpt2
from bpelab.bpe.splitting.rules_o200k import o200k_classes, starts_o200k
from bpelab.bpe.splitting.rules_shared import Classes, Points, Starts
from bpelab.bpe.study.columns import (
    Show,
    array,
    cells,
    characters,
    folded,
    in_bands,
    name,
    numbers,
    step,
    table,
)
from bpelab.bpe.study.visible import visible

PicturedEngine = Literal["cached", "arrays", "compiled"]

# What a reader can follow, and what is one block for every engine.
MAX_CHARS = 1_000

_SHARED_NAMES = ("other", "letter", "number", "taken", "space", "other white space", "line break")
_O200K_NAMES = ("other", "mark", "upper", "lower", "both", "number", *_SHARED_NAMES[4:])
_Rules = tuple[Callable[[], Classes], Callable[[Classes, Points], Starts], tuple[str, ...]]
# Of each pattern: its classes, its rule, and what the classes are called there.
_RULES: dict[str, _Rules] = {
    GPT2_PATTERN: (gpt2_classes, starts_gpt2, _SHARED_NAMES),
    CL100K_PATTERN: (cl100k_classes, starts_cl100k, _SHARED_NAMES),
    O200K_PATTERN: (o200k_classes, starts_o200k, _O200K_NAMES),
}


def engine_picture(text: str, encoding: Encoding, engine: PicturedEngine, *, show: Show = visible) -> str:
    """Show how an engine, with nothing met before, makes ids of a text.

    Every character has a column and every piece a row. The ids are those of `encoding.encode_ordinary`.
    `show` is how tokens are written. Raises `ValueError` for a text of more than `MAX_CHARS`, and for the
    arrays and the loops of a pattern that is not one of OpenAI's; `ImportError` for "compiled" where Numba is
    not installed; `KeyError` for a byte that is not a token.

    >>> from bpelab.bpe import get_encoding
    >>> print(engine_picture("it it", get_encoding("gpt2"), "cached"))
    cached: what was met before is in two dictionaries
    <BLANKLINE>
      word  words  piece  pieces  ids
      it    new    it     new     270
      ␣it   new    ␣it    new     340
    """
    if len(text) > MAX_CHARS:
        raise ValueError(f"the text has {len(text):,} characters: a picture is drawn of up to {MAX_CHARS:,}")
    text = repair_surrogates(text)
    if engine == "cached":
        return "\n".join(_cached(text, encoding, show))
    if encoding.pattern not in KNOWN_PATTERNS:
        raise ValueError(
            f"the pattern of {encoding.name} is not one of OpenAI's, which are those that the {engine} engine"
            " has rules for: choose another encoding, or the cached engine"
        )
    if engine == "arrays":
        return "\n".join(_arrays(text, encoding, show))
    from bpelab.bpe.study.engine_loops import loops_lines

    return "\n".join(loops_lines(text, encoding, show))


def _cached(text: str, encoding: Encoding, show: Show) -> Iterator[str]:
    yield "cached: what was met before is in two dictionaries"
    yield ""
    encoder = CachedEncoder(encoding.ranks, encoding.pattern)
    rows = [("word", "words", "piece", "pieces", "ids")]
    for word in encoder.split_words(text):
        if word in encoder.words:
            rows.append((name(word.encode(), show), "met", "", "", numbers(encoder.words[word])))
            continue
        label = (name(word.encode(), show), "new")
        for piece in encoder.split(word):
            is_met = "met" if piece in encoder.pieces else "new"
            rows.append((*label, name(piece.encode(), show), is_met, numbers(encoder.pieces[piece])))
            label = ("", "")
        encoder.words[word]  # met from now on
    yield from table(rows)


def _arrays(text: str, encoding: Encoding, show: Show) -> Iterator[str]:
    yield "arrays: the whole text at once, as NumPy programs"
    yield from step(1, "Each character has a class. Its class and its neighbours' say where pieces start.")
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    classes_of, starts_of, names = _RULES[encoding.pattern]
    classes = classes_of().take(points)
    yield from in_bands(
        {
            "text": characters(text, show),
            "classes": cells(classes),
            "starts": cells(starts_of(classes, points)[:-1]),
        }
    )
    yield from folded(", ".join(f"{number} {names[number]}" for number in np.unique(classes)), " " * 11)
    yield ""
    data, piece_starts, _ = BlockSplitter(encoding.pattern).whole(text)
    yield from array("piece_starts", piece_starts, "byte offsets; the last is the end")
    yield from step(
        2,
        "A piece is packed into a key of one, two or four 64-bit integers: its bytes, its length."
        " A hash of the key is its home in a table, which says where the ids are.",
    )
    encoder = ArrayEncoder(encoding.ranks, encoding.pattern, max_pieces=CACHE_PIECES)
    pieces = Pieces(data, as_words(data), piece_starts[:-1], np.diff(piece_starts))
    store = PieceStore(encoder.tokens)
    _, unknown = store.find(pieces)
    values = encoder.look_up(pieces, store).values
    spans = [(int(value & START_MASK), int(value >> RUN_BITS)) for value in values]
    yield from _keys(pieces, store, spans, set(unknown.tolist()), show)
    yield from step(
        3,
        "A span is a stretch of `runs`, as start and length. `runs` begins with every id"
        " itself, and goes on with the ids of the pieces that were merged.",
    )
    yield from table([(f"runs[{i}:{i + n}]", numbers(store.runs[i : i + n])) for i, n in sorted(set(spans))])
    yield ""
    yield from array("ids", np.array(encoder.encode_to_list(text), dtype=np.uint32))


def _keys(
    pieces: Pieces, store: PieceStore, spans: list[tuple[int, int]], unknown: set[int], show: Show
) -> Iterator[str]:
    """Yield a row for each piece: its key, its home, how it was found, and its span."""
    keys = [["(no key: looked up by its bytes)"]] * len(spans)
    homes = [""] * len(spans)
    for tier, places in by_tier(pieces.lengths):
        own = pieces.take(places)
        words = keys_of_words(own.words, own.starts, own.lengths, KEY_WORDS[tier])
        for i, home in enumerate(store.table.tables[tier].home(words)):
            keys[places[i]] = [word[i].tobytes().hex(" ") for word in words]
            homes[places[i]] = str(home)
    rows = [("piece", "key, as it lies in memory", "home", "found", "span")]
    for place, (start, length) in enumerate(spans):
        found = "merged" if place in unknown else "a token"
        rows.append(
            (name(pieces.content(place), show), keys[place][0], homes[place], found, f"{start}, {length}")
        )
        rows += [("", word, "", "", "") for word in keys[place][1:]]
    yield from table(rows, frozenset({2}))
