"""How is the definition an engine? Piece by piece, with nothing remembered (see `bpelab.bpe.textbook`)."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from bpelab.bpe import textbook
from bpelab.bpe.encoders.engine import Engine, Ids, missing_byte_error
from bpelab.bpe.encoders.stream import finished_pieces


class TextbookEncoder(Engine):
    """The textbook's ids by the textbook's own functions: slow, and what the other engines must equal.

    >>> TextbookEncoder({b" ": 0, b"a": 1, b"b": 2, b"ab": 3}, " ?[a-z]+").encode_to_list("ab ab")
    [3, 0, 3]
    """

    def __init__(self, ranks: Mapping[bytes, int], pattern: str) -> None:
        self._ranks = ranks
        self._pattern = pattern

    def encode_to_list(self, text: str) -> list[int]:
        """Return the ids of a text."""
        try:
            return textbook.encode_ordinary(text, self._pattern, self._ranks)
        except KeyError as error:
            raise missing_byte_error(error.args[0]) from None

    def encode_blocks(self, text: str, num_threads: int = 1) -> Iterator[Ids]:
        """Yield the ids of the whole text at once, (n_tokens,) uint32; threads would change nothing."""
        yield np.array(self.encode_to_list(text), dtype=np.uint32)

    def encode_batch(self, texts: Sequence[str], num_threads: int = 1) -> list[list[int]]:
        """Return the ids of each text, one after the other."""
        return list(map(self.encode_to_list, texts))

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Return the ids that stay the same however the text goes on, and how many characters they cover."""
        pieces = finished_pieces(textbook.split(text, self._pattern), self._pattern)
        ids = [token for piece in pieces for token in self.merge_piece(piece.encode("utf-8"))]
        return [np.array(ids, dtype=np.uint32)], sum(map(len, pieces))

    def count(self, text: str, limit: int | None = None) -> int:
        """Count the tokens of a text."""
        return len(self.encode_to_list(text))

    def merge_piece(self, piece: bytes) -> list[int]:
        """Return the ids of one piece; quadratic in its length."""
        if piece in self._ranks:
            return [self._ranks[piece]]
        try:
            return textbook.merge_piece(piece, self._ranks)
        except KeyError as error:
            raise missing_byte_error(error.args[0]) from None
