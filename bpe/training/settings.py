"""What may be asked of a training? One value, checked when it is made."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from bpelab.bpe.corpus.reading import Errors
from bpelab.bpe.data.gpt2 import BYTE_ORDER
from bpelab.bpe.encoders.heap import merge_with_heap
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.names import resolve_pattern
from bpelab.bpe.foundation.processes import require_jobs
from bpelab.bpe.training.arguments import as_integer, as_special_tokens, check_errors, check_pattern
from bpelab.bpe.training.engines import Engine, check_engine

ByteOrder = Literal["gpt2", "raw"]
MAX_VOCAB_SIZE = 2**31 - 1  # ids are int32 while training


class SettingsKeywords(TypedDict, total=False):
    """The fields of `TrainSettings` as keywords, for `train(texts, vocab_size=...)`."""

    vocab_size: int
    pattern: str | None
    special_tokens: Sequence[str]
    min_frequency: int
    max_token_length: int | None
    byte_order: ByteOrder
    extend: Encoding | None
    name: str
    errors: Errors
    jobs: int
    engine: Engine


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """What a training is asked for. `train` takes one of these, or its fields as keywords.

    Making one checks everything that can be checked without the corpus. Raises `TypeError` for a field of
    the wrong type and `ValueError` for fields that contradict each other. `dataclasses.replace` returns a
    changed copy.

    >>> settings = TrainSettings(vocab_size=8192, special_tokens=["<|endoftext|>"])
    >>> settings.special_tokens, settings.n_merges
    (('<|endoftext|>',), 7935)
    >>> TrainSettings(vocab_size=100)
    Traceback (most recent call last):
    ValueError: vocab_size is 100: it must be from 256 (256 tokens to begin with and 0 special ones) to \
2,147,483,647
    """

    vocab_size: int  # special tokens included
    pattern: str | None = (
        None  # an encoding's name or a regular expression; None: gpt2's, or that of `extend`
    )
    special_tokens: Sequence[str] = ()  # they get the last ids, in this order
    min_frequency: int = 1  # a pair must occur this often to merge
    max_token_length: int | None = None  # in bytes
    byte_order: ByteOrder = "gpt2"  # how single bytes are numbered: as in GPT-2, or "raw", byte b as id b
    extend: Encoding | None = None  # its tokens and its pattern are kept, and new tokens are added
    name: str = "trained"
    errors: Errors = "strict"  # "replace" puts U+FFFD where a file is not UTF-8; "skip" leaves it out
    jobs: int = 1  # processes that count; threads, with compiled loops
    engine: Engine = "auto"  # what counts and learns: "arrays", "compiled" loops, or whichever is faster

    def __post_init__(self) -> None:
        self._put("vocab_size", as_integer("vocab_size", self.vocab_size))
        self._put("min_frequency", as_integer("min_frequency", self.min_frequency))
        if self.max_token_length is not None:
            self._put("max_token_length", as_integer("max_token_length", self.max_token_length))
        self._put("special_tokens", tuple(as_special_tokens(self.special_tokens)))
        self._put("jobs", require_jobs(self.jobs))
        check_errors(self.errors)
        check_engine(self.engine)
        check_pattern(self.pattern)
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a str, not {self.name!r:.60} ({type(self.name).__name__})")
        if self.byte_order not in ("gpt2", "raw"):
            raise ValueError(f"byte_order is {self.byte_order!r}: it must be 'gpt2' or 'raw'")
        if self.extend is not None:
            self._check_extended(self.extend)
        self._check_numbers()
        repeated = {token for token, n in Counter(self.special_tokens).items() if n > 1}
        repeated |= self.kept_special_tokens.keys() & set(self.special_tokens)
        if repeated or "" in self.special_tokens:
            raise ValueError(
                f"special_tokens must be new, different and not empty: {min(repeated, default='')!r}"
            )
        if self.pattern is not None:
            resolve_pattern(self.pattern)

    @property
    def n_merges(self) -> int:
        """How many merges there are to learn."""
        n_first = 256 if self.extend is None else self.extend.n_vocab
        return self.vocab_size - n_first - len(self.special_tokens)

    @property
    def split_pattern(self) -> str:
        """The regular expression that splits documents into pieces."""
        if self.extend is not None:
            return self.extend.pattern
        return resolve_pattern("gpt2" if self.pattern is None else self.pattern)

    @property
    def kept_special_tokens(self) -> dict[str, int]:
        """The special tokens of the encoding that is extended, with their ids."""
        return {} if self.extend is None else dict(self.extend.special_tokens)

    def first_tokens(self) -> list[bytes]:
        """Return the bytes of every token before training, by id; b"" for an id that no merge can use."""
        if self.extend is None:
            return [bytes([byte]) for byte in (BYTE_ORDER if self.byte_order == "gpt2" else range(256))]
        tokens = [b""] * self.extend.n_vocab
        for token, rank in self.extend.ranks.items():
            tokens[rank] = token
        return tokens

    def record(self) -> dict[str, Any]:
        """Return the settings as `json.dumps` takes them.

        The pattern is the regular expression, and an extended encoding is the SHA-256 of its tokens.

        >>> TrainSettings(vocab_size=300, special_tokens=["<a>"], jobs=2).record()["special_tokens"]
        ['<a>']
        """
        digest = None if self.extend is None else hashlib.sha256(repr(self.first_tokens()).encode())
        return {
            "vocab_size": self.vocab_size,
            "pattern": self.split_pattern,
            "special_tokens": list(self.special_tokens),
            "min_frequency": self.min_frequency,
            "max_token_length": self.max_token_length,
            "byte_order": self.byte_order,
            "extend": None if digest is None else digest.hexdigest(),
            "name": self.name,
            "errors": self.errors,
            "jobs": self.jobs,
            "engine": self.engine,
        }

    def _put(self, field: str, value: object) -> None:
        object.__setattr__(self, field, value)  # the dataclass is frozen once `__post_init__` is over

    def _check_extended(self, extend: Encoding) -> None:
        if not isinstance(extend, Encoding):
            raise TypeError(
                f"extend must be an Encoding, not {extend!r:.60}; get_encoding returns one by its name"
            )
        if self.pattern is not None:
            raise ValueError("an encoding that is extended keeps its pattern: leave out pattern= or extend=")
        if self.n_merges < 0:
            raise ValueError(
                f"vocab_size is {self.vocab_size:,}: {extend.name}, which is extended, has"
                f" {extend.n_vocab:,} tokens, and there are {len(self.special_tokens):,} special ones to add"
            )
        ranks = extend.ranks
        for token, rank in ranks.items():
            # New merges could reach such a token in a way that training has not counted.
            if merge_with_heap(token, ranks) != [rank]:
                raise ValueError(
                    f"{extend.name} cannot be extended: its merges never make its token {token!r}"
                )

    def _check_numbers(self) -> None:
        n_special = len(self.special_tokens)
        if self.n_merges < 0 or self.vocab_size > MAX_VOCAB_SIZE:
            n_first = self.vocab_size - self.n_merges - n_special
            raise ValueError(
                f"vocab_size is {self.vocab_size:,}: it must be from {n_first + n_special:,}"
                f" ({n_first:,} tokens to begin with and {n_special:,} special ones) to {MAX_VOCAB_SIZE:,}"
            )
        if self.min_frequency < 1:
            raise ValueError(
                f"min_frequency is {self.min_frequency}: a pair that never occurs cannot merge; pass 1"
            )
        if self.max_token_length is not None and self.max_token_length < 1:
            raise ValueError(f"max_token_length is {self.max_token_length}: every token has at least 1 byte")
