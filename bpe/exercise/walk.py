"""What should have happened, step by step? The lines that are shown below a wrong answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import Any

from bpelab.bpe.exercise.answers import Pair, count_pairs, encoded_pieces, merge, split
from bpelab.bpe.exercise.words import Language, say
from bpelab.bpe.study.drawing import candidates_text, parts_text, shortened
from bpelab.bpe.study.tree import merge_steps
from bpelab.bpe.study.visible import padded, width

N_LINES = 12
# Parts of a step that is longer are cut off, so that the pairs still stand next to them.
_N_CHARS = 60


def walk(function: str, arguments: Sequence[Any], value: Any, language: Language) -> list[str]:
    """Return the right way through a call, of which `value` is the wrong result.

    >>> walk("merge", ([7, 7, 7], (7, 7), 9), [7, 9], "en")
    ['at 0: (7, 7) → 9', 'at 2: 7 stays']
    """
    if function not in _WALKS:
        return []
    lines = list(islice(_WALKS[function](*arguments, value, language), N_LINES + 1))
    return lines if len(lines) <= N_LINES else [*lines[:N_LINES], "…"]


def _count_pairs(pieces: Sequence[Sequence[int]], value: Any, language: Language) -> Iterator[str]:
    for piece in pieces:
        pairs = "  ".join(str(pair) for pair in pairwise(piece)) or say("failed.nothing", language)
        yield f"{piece}: {shortened(pairs, 4 * _N_CHARS)}"


def _merge(symbols: Sequence[int], pair: Pair, new: int, value: Any, language: Language) -> Iterator[str]:
    i = 0
    while i < len(symbols):
        if tuple(symbols[i : i + 2]) == pair:
            yield say("trace.pair_at", language, place=i, pair=pair, new=new)
            i += 2
        else:
            yield say("trace.stays_at", language, place=i, symbol=symbols[i])
            i += 1


def _train(texts: Sequence[str], n_tokens: int, value: Any, language: Language) -> Iterator[str]:
    tokens = [bytes([byte]) for byte in range(256)]
    pieces: list[list[int]] = [list(piece.encode()) for text in texts for piece in split(text)]
    while len(tokens) < n_tokens and (counts := count_pairs(pieces)):
        best, *others = sorted(counts, key=lambda pair: (-counts[pair], pair))[:3]
        token = tokens[best[0]] + tokens[best[1]]
        yield say(
            "trace.round" if others else "trace.last_round",
            language,
            rank=len(tokens),
            token=token,
            pair=best,
            count=counts[best],
            others=", ".join(f"{pair} {counts[pair]}" for pair in others),
        )
        pieces = [merge(piece, best, len(tokens)) for piece in pieces]
        tokens.append(token)


def _encode_piece(piece: bytes, ranks: Mapping[bytes, int], value: Any, language: Language) -> Iterator[str]:
    rows = [
        (shortened(parts_text(step), _N_CHARS), candidates_text(step)) for step in merge_steps(piece, ranks)
    ]
    n_columns = max(width(parts) for parts, _ in rows)
    for number, (parts, candidates) in enumerate(rows, 1):
        yield f"{number:>2}  {padded(parts, n_columns)}  {candidates}".rstrip()


def _decode(ids: Sequence[int], tokens: Mapping[int, bytes], value: Any, language: Language) -> Iterator[str]:
    yield shortened(" + ".join(repr(tokens[token_id]) for token_id in ids) or "b''", 4 * _N_CHARS)
    yield shortened(f"= {b''.join(tokens[token_id] for token_id in ids)!r}", 4 * _N_CHARS)


def _encode(
    text: str, ranks: Mapping[bytes, int], specials: Mapping[str, int], value: Any, language: Language
) -> Iterator[str]:
    given = value if isinstance(value, list) else []
    at = 0
    for piece, ids in encoded_pieces(text, ranks, specials):
        if given[at : at + len(ids)] != ids:
            yield say("trace.this_piece", language, piece=repr(piece), ids=ids)
            if piece not in specials and len(piece.encode()) > 1:
                yield from _encode_piece(piece.encode(), ranks, value, language)
            return
        yield say("trace.piece", language, piece=repr(piece), ids=ids)
        at += len(ids)


_WALKS: dict[str, Callable[..., Iterator[str]]] = {
    "count_pairs": _count_pairs,
    "merge": _merge,
    "train": _train,
    "encode_piece": _encode_piece,
    "decode": _decode,
    "encode": _encode,
}
