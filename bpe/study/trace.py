"""How does a text become ids, step by step?

The trace is a plain value. It follows `textbook.merge_piece` and ends in the ids of
`Encoding.encode_ordinary`. In a notebook it draws itself.
"""

from dataclasses import dataclass, replace
from html import escape
from itertools import islice

from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.splitting.regex_splitter import splitter_of
from bpelab.bpe.study.drawing import (
    N_PIECES,
    and_more,
    code,
    folded,
    shortened,
    split_lines,
    steps_html,
    tokens_html,
)
from bpelab.bpe.study.tree import MAX_TRACED_BYTES, MergeStep, merge_steps
from bpelab.bpe.study.visible import visible

# For all the distinct pieces of a text together: some 200 MB.
MAX_TRACED_PARTS = 1 << 21


@dataclass(frozen=True)
class PieceTrace:
    """How one piece of text became ids."""

    text: str
    start: int  # in characters of the whole text
    ids: tuple[int, ...]
    tokens: tuple[bytes, ...]
    is_token: bool  # the piece is a token as it stands, which is taken without merging
    steps: tuple[MergeStep, ...]  # empty beyond MAX_TRACED_BYTES and MAX_TRACED_PARTS

    @property
    def note(self) -> str:
        """What the steps alone do not show; empty if there is nothing to add."""
        if self.is_token and self.steps and self.steps[-1].parts != self.tokens:
            return "the piece is a token and is taken whole: its merges would end in other tokens"
        if self.is_token and len(self.steps) != 1:
            return "the piece is a token and is taken whole; merging gives the same"
        if self.steps:
            return ""
        if len(self.text.encode("utf-8")) > MAX_TRACED_BYTES:
            return f"the steps of a piece of more than {MAX_TRACED_BYTES} bytes are not kept"
        return "the steps of this piece are not kept: those before it are as many as a trace holds"

    def _repr_html_(self) -> str:
        note = f"<div>{escape(self.note)}</div>" if self.note else ""
        return note + steps_html(self.steps)

    def folded_html(self) -> str:
        """Return the piece and its ids as a line of HTML that unfolds to its steps."""
        label = f"{code(visible(self.text.encode('utf-8')))} → {shortened(' '.join(map(str, self.ids)))}"
        return f"<div>{label}</div>" if len(self.steps) == 1 else folded(label, self._repr_html_())


@dataclass(frozen=True)
class EncodeTrace:
    """How a text became ids."""

    text: str
    encoding_name: str
    pieces: tuple[PieceTrace, ...]

    @property
    def ids(self) -> list[int]:
        """The ids of the whole text."""
        return [token for piece in self.pieces for token in piece.ids]

    @property
    def tokens(self) -> list[bytes]:
        """The bytes of each token of the whole text."""
        return [token for piece in self.pieces for token in piece.tokens]

    def _repr_html_(self) -> str:
        distinct = list({piece.text: piece for piece in self.pieces}.values())
        ids, tokens = self.ids, self.tokens
        lines = [
            f"<div><b>{escape(self.encoding_name)}</b>: {len(ids):,} tokens,"
            f" {len(self.text):,} characters, {sum(map(len, tokens)):,} bytes</div>",
            tokens_html(ids, tokens),
            *(f"<div>{escape(line)}</div>" for line in split_lines(tokens)),
            *(piece.folded_html() for piece in distinct[:N_PIECES]),
            and_more(len(distinct) - N_PIECES, "pieces"),
        ]
        return f"<div>{''.join(lines)}</div>"


def trace_encode(text: str, encoding: Encoding, n_pieces: int | None = None) -> EncodeTrace:
    """Follow `encoding.encode_ordinary(text)`: the pieces, and every step of merging each of them.

    Of a long text, `n_pieces` follows only so many from its beginning; the trace then ends with the last.

    A surrogate is repaired as by `encode_ordinary`. Up to `MAX_TRACED_BYTES`, time is cubic and memory
    quadratic in the length of a piece. A longer piece has no steps, and its ids take O(n log n); the same
    holds for a piece after `MAX_TRACED_PARTS`. Equal pieces share their steps. Raises `KeyError` for a byte
    that is not a token.

    >>> from bpelab.bpe import get_encoding
    >>> trace = trace_encode("low lower", get_encoding("gpt2"))
    >>> trace.ids, [piece.text for piece in trace.pieces]
    ([9319, 2793], ['low', ' lower'])
    >>> [step.chosen.rank for step in trace.pieces[0].steps if step.chosen]
    [322, 9319]
    """
    text = repair_surrogates(text)
    spans = islice(splitter_of(encoding.pattern).spans(text), n_pieces)
    traced: dict[str, PieceTrace] = {}
    n_left = MAX_TRACED_PARTS
    pieces = []
    for start, end in spans:
        piece = text[start:end]
        if piece not in traced:
            n_bytes = len(piece.encode("utf-8"))
            n_parts = n_bytes * (n_bytes + 1) // 2
            with_steps = n_bytes <= MAX_TRACED_BYTES and n_parts <= n_left
            n_left -= n_parts if with_steps else 0
            traced[piece] = _trace_piece(piece, start, encoding, with_steps)
        pieces.append(replace(traced[piece], start=start))
    if n_pieces is not None and len(pieces) == n_pieces:
        text = text[:end] if pieces else ""
    return EncodeTrace(text, encoding.name, tuple(pieces))


def _trace_piece(piece: str, start: int, encoding: Encoding, with_steps: bool) -> PieceTrace:
    ranks = encoding.ranks
    data = piece.encode("utf-8")
    steps = tuple(merge_steps(data, ranks)) if with_steps else ()
    is_token = data in ranks
    if is_token:
        tokens: tuple[bytes, ...] = (data,)
    elif steps:
        tokens = steps[-1].parts
    else:
        tokens = tuple(encoding.decode_tokens_bytes(merge_with_heap(data, ranks)))
    return PieceTrace(piece, start, tuple(ranks[token] for token in tokens), tokens, is_token, steps)
