"""What does an encoding consist of, and which questions take several of its parts to answer?"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from bpelab.bpe.encoders.choice import AUTO, Engines, resolve_engine
from bpelab.bpe.encoders.engine import Engine
from bpelab.bpe.encoders.unstable import completions, encode_any_bytes
from bpelab.bpe.encoders.with_specials import MixedEncoder
from bpelab.bpe.foundation.arguments import require_whole
from bpelab.bpe.splitting.regex_splitter import splitter
from bpelab.bpe.splitting.specials import special_finder
from bpelab.bpe.vocabulary import FEW_TOKENS, Vocabulary


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an encoding, which fit together.

    `engine` encodes what is ordinary, and `mixed` texts with special tokens. `engines` holds all that were
    built so far, and what the one that is named `engine_name` may choose from.
    """

    name: str
    pattern: str
    ranks: dict[bytes, int]
    special_tokens: dict[str, int]
    max_cached_pieces: int
    vocabulary: Vocabulary
    engines: Engines
    engine_name: str
    engine: Engine
    mixed: MixedEncoder

    def with_engine(self, engine: str) -> "Parts":
        """Return the same parts with another engine, which shares all tables and engines built so far."""
        name = resolve_engine(engine)
        chosen = self.engines.named(name)
        mixed = MixedEncoder(chosen, self.special_tokens)
        return replace(self, engine_name=name, engine=chosen, mixed=mixed)

    def pays_to_compile(self, n_chars: int) -> bool:
        """Tell whether so many characters pay for the compiled engine, where the engine may be chosen."""
        return self.engine_name == AUTO and self.engines.compiled_if_it_pays(n_chars) is not None

    def n_last_piece(self, text: str) -> int:
        """Count the tokens of a text's last piece."""
        last_pieces = splitter(self.pattern)(text)[-1:]
        return sum(len(self.engine.merge_piece(piece.encode("utf-8"))) for piece in last_pieces)

    def encode_bytes(self, data: bytes) -> list[int]:
        """Return the ids of bytes that need not be UTF-8."""
        return encode_any_bytes(
            data,
            encode=lambda text: (self.engine.encode_to_list(text), self.n_last_piece(text)),
            merge_piece=self.engine.merge_piece,
            bytes_of_rank=self.vocabulary.bytes_of_rank,
        )

    def encode_with_unstable(self, text: str, allowed: frozenset[str]) -> tuple[list[int], list[list[int]]]:
        """Return the stable ids of a text, with these special tokens in it, and how the others may go on."""
        specials = list(special_finder(allowed).all(text)) if allowed else []
        return completions(
            self.mixed.to_list(text, allowed),
            self.n_last_piece(text[specials[-1].end :] if specials else text),
            bytes_of_rank=self.vocabulary.bytes_of_rank,
            ranks=self.ranks,
            sorted_tokens=self.vocabulary.sorted_tokens,
            encode_ordinary=self.engine.encode_to_list,
        )

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of tokens, of many by the compiled loop where it is loaded and may be chosen."""
        given = tokens if isinstance(tokens, list | tuple | np.ndarray) else list(tokens)
        if len(given) >= FEW_TOKENS and self.engine_name in (AUTO, "compiled"):
            compiled = self.engines.compiled_if_loaded
            # The vocabulary has tiktoken's words for ids that are not tokens.
            with suppress(KeyError, OverflowError, TypeError):
                if compiled is not None:
                    return compiled.decode_bytes(given)
        return self.vocabulary.joined_bytes(given)


def build_parts(
    name: str,
    pattern: str,
    ranks: Mapping[bytes, int],
    special_tokens: Mapping[str, int],
    *,
    n_expected: int | None,
    engine: str,
    max_cached_pieces: int,
) -> Parts:
    """Check the arguments of `Encoding` and build its parts, which hold copies of both tables."""
    if n_expected is not None:
        n_expected = require_whole("explicit_n_vocab", n_expected)
    max_cached_pieces = require_whole("max_cached_pieces", max_cached_pieces, 0)
    ranks, specials = dict(ranks), dict(special_tokens)
    vocabulary = Vocabulary(ranks, specials, n_expected)
    splitter(pattern)  # raises `ValueError` for a pattern that is not a regular expression
    engines = Engines(ranks, pattern, bytes_of_id=vocabulary.bytes_of_id, max_cached_pieces=max_cached_pieces)
    engine_name = resolve_engine(engine)
    chosen = engines.named(engine_name)
    mixed = MixedEncoder(chosen, specials)
    return Parts(
        name, pattern, ranks, specials, max_cached_pieces, vocabulary, engines, engine_name, chosen, mixed
    )
