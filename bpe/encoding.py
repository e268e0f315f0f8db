"""What is a tokenizer, once it is trained? A pattern, a table of ranks, and the special tokens.

`Encoding` has tiktoken's names, arguments, results and error types, so that it can be swapped in:
https://github.com/openai/tiktoken/blob/0.14.0/tiktoken/core.py

Here is the interface and nothing else. An engine turns text into ids (`bpelab.bpe.encoders`), the vocabulary
turns ids into bytes (`bpelab.bpe.vocabulary`), and `bpelab.bpe.parts` puts them together.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import NoReturn, overload

from bpelab.bpe.encoders.batches import map_in_threads, require_threads
from bpelab.bpe.encoders.choice import AUTO, CACHE_PIECES
from bpelab.bpe.encoders.engine import Engine, Ids
from bpelab.bpe.encoders.offsets import TokenOffsets, text_and_offsets, token_offsets
from bpelab.bpe.encoders.stream import (
    decode_chunks,
    encode_chunks,
    read_chunks,
    refuse_surrogates,
    repair_surrogates,
)
from bpelab.bpe.encoders.truncate import beginning_within
from bpelab.bpe.foundation.arguments import as_bytes, require_whole
from bpelab.bpe.parts import Parts, build_parts
from bpelab.bpe.splitting.regex_splitter import splitter
from bpelab.bpe.splitting.specials import END_OF_TEXT, Allowed, Disallowed, refuse_hidden
from bpelab.bpe.tiktoken_core_bpe import CoreBPE


class Encoding:
    """Text to token ids and back, immutable and safe to share between threads.

    `pat_str`, `mergeable_ranks`, `special_tokens` and `explicit_n_vocab` are tiktoken's. `engine` chooses how
    texts are encoded: by "textbook", "cached", "arrays" or "compiled"; or by "auto", which takes the fastest
    for the length of each text, or what the environment variable `BPELAB_ENGINE` names. All give the same
    ids. `max_cached_pieces` limits how many pieces beyond the vocabulary a call may remember the ids of. When
    there are more, all of them are forgotten. That changes the speed and the memory (usually 200 bytes a
    piece, at most 1,000, for each of the calls under way at once), never the ids.

    Raises `ValueError` where the parts contradict each other, `TypeError` for parts of the wrong kind, and
    `ImportError` for an engine that is not installed.

    >>> from bpelab.bpe import get_encoding
    >>> enc = get_encoding("gpt2")
    >>> enc.encode("Hello, world")
    [15496, 11, 995]
    >>> enc.decode([15496, 11, 995])
    'Hello, world'
    >>> enc.name = "other"
    Traceback (most recent call last):
    AttributeError: an Encoding cannot change: build another one to set 'name'
    """

    __slots__ = ("__weakref__", "_parts")
    _parts: Parts

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
        explicit_n_vocab: int | None = None,
        engine: str = AUTO,
        max_cached_pieces: int = CACHE_PIECES,
    ) -> None:
        self._parts = build_parts(
            name,
            pat_str,
            mergeable_ranks,
            special_tokens,
            n_expected=explicit_n_vocab,
            engine=engine,
            max_cached_pieces=max_cached_pieces,
        )

    def with_engine(self, engine: str) -> "Encoding":
        """Return the same encoding with another engine, which shares all tables and engines built so far.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").with_engine("textbook").encode("hello world")
        [31373, 995]
        """
        other = Encoding.__new__(Encoding)
        other._parts = self._parts.with_engine(engine)
        return other

    def __setattr__(self, attribute: str, value: object) -> None:
        if attribute != "_parts" or hasattr(self, "_parts"):
            raise AttributeError(f"an Encoding cannot change: build another one to set {attribute!r}")
        super().__setattr__(attribute, value)

    def __delattr__(self, attribute: str) -> NoReturn:
        raise AttributeError(f"an Encoding cannot change: {attribute!r} stays")

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    def __reduce__(self) -> tuple[Callable[[], "Encoding"], tuple[()]]:
        build = partial(
            Encoding,
            self.name,
            pat_str=self.pattern,
            mergeable_ranks=self._parts.ranks,
            special_tokens=self._parts.special_tokens,
            engine=self.engine,
            max_cached_pieces=self._parts.max_cached_pieces,
        )
        return build, ()

    # ---- text to ids ----

    def encode_ordinary(self, text: str) -> list[int]:
        """Encode text, treating special tokens in it as plain text; O(n log n) at worst.

        A lone surrogate is encoded as U+FFFD, and a surrogate pair as the character it stands for.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_ordinary("hello world")
        [31373, 995]
        """
        return self._parts.engine.encode_to_list(repair_surrogates(text))

    def encode(
        self, text: str, *, allowed_special: Allowed = frozenset(), disallowed_special: Disallowed = "all"
    ) -> list[int]:
        """Encode text; special tokens in it must be allowed by name, or be declared plain text.

        Raises `ValueError` for a special token in the text that `disallowed_special` names, which
        by default are all that are not in `allowed_special`.

        >>> from bpelab.bpe import get_encoding
        >>> enc = get_encoding("gpt2")
        >>> enc.encode("<|endoftext|>", allowed_special={"<|endoftext|>"})
        [50256]
        >>> enc.encode("<|endoftext|>", disallowed_special=())
        [27, 91, 437, 1659, 5239, 91, 29]
        """
        allowed = self._parts.mixed.allowed_in([text], allowed_special, disallowed_special)
        return self._parts.mixed.to_list(repair_surrogates(text), allowed)

    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
        num_threads: int = 1,
    ) -> Ids:
        """Encode text as `encode` does, to an array of (n_tokens,) uint32; a long one in several threads.

        Raises `UnicodeEncodeError` for a surrogate in the text, as tiktoken's does.
        """
        allowed = self._parts.mixed.allowed_in([text], allowed_special, disallowed_special)
        refuse_surrogates(text)
        require_threads(num_threads)
        return self._parts.mixed.to_array(text, allowed, num_threads)

    def encode_ordinary_batch(self, text: Sequence[str], *, num_threads: int = 8) -> list[list[int]]:
        """Encode each text as `encode_ordinary` does, in order; many short texts are encoded together."""
        require_threads(num_threads)
        return self._parts.engine.encode_batch(list(map(repair_surrogates, text)), num_threads)

    def encode_batch(
        self,
        text: Sequence[str],
        *,
        num_threads: int = 8,
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
    ) -> list[list[int]]:
        """Encode each text as `encode` does, in order; many short texts are encoded together.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_batch(["hello world", "hello"])
        [[31373, 995], [31373]]
        """
        require_threads(num_threads)
        texts = list(text)
        allowed = self._parts.mixed.allowed_in(texts, allowed_special, disallowed_special)
        return self._parts.mixed.to_lists(list(map(repair_surrogates, texts)), allowed, num_threads)

    def encode_with_unstable(
        self, text: str, *, allowed_special: Allowed = frozenset(), disallowed_special: Disallowed = "all"
    ) -> tuple[list[int], list[list[int]]]:
        """Return the tokens that stay whatever follows the text, and the ways in which its end may go on.

        The completions are tiktoken's, sorted. Time grows with the bytes of the last piece times the
        tokens that begin with its end: milliseconds for a word, seconds for a hundred spaces.
        Raises `UnicodeEncodeError` for a surrogate in the text, as tiktoken's does, and `ValueError` where
        the completions have more than 67 million ids together.

        >>> from bpelab.bpe import get_encoding
        >>> stable, completions = get_encoding("gpt2").encode_with_unstable("hello fanta")
        >>> stable, completions[:2], [8842] in completions
        ([31373], [[277, 4910], [5113, 265]], True)
        """
        allowed = self._parts.mixed.allowed_in([text], allowed_special, disallowed_special)
        refuse_surrogates(text)
        return self._parts.encode_with_unstable(text, allowed)

    def encode_single_piece(self, text_or_bytes: str | bytes) -> list[int]:
        """Encode a text or bytes as one piece, which the pattern does not cut; shows what merging alone does.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_single_piece("helloqqqq")
        [31373, 38227, 38227]
        """
        return self._parts.engine.merge_piece(as_bytes(text_or_bytes))

    def encode_bytes(self, data: bytes) -> list[int]:
        r"""Encode bytes that need not be UTF-8, such as a text that was cut within a character.

        What is UTF-8 at their beginning is encoded as text. Its last piece and all the bytes after it are
        merged as one piece.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_bytes(b"hello \xf0\x9f")
        [31373, 12520]
        """
        return self._parts.encode_bytes(as_bytes(data))

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """Return the id of one token, special tokens included; `KeyError` where there is none.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_single_token("hello")
        31373
        """
        return self._parts.vocabulary.id_of(as_bytes(text_or_bytes))

    # ---- beyond tiktoken ----

    @overload
    def count(self, text: str) -> int: ...
    @overload
    def count(self, text: str, *, limit: int) -> int | None: ...
    def count(self, text: str, *, limit: int | None = None) -> int | None:
        """Count the tokens of a text, special tokens in it taken as plain text, without keeping them.

        With a limit, return None as soon as there are more tokens than that, without counting the rest.

        >>> from bpelab.bpe import get_encoding
        >>> enc = get_encoding("gpt2")
        >>> enc.count("hello <|endoftext|>"), enc.count("hello world", limit=1)
        (8, None)
        """
        if limit is not None:
            limit = require_whole("limit", limit)
        n_tokens = self._parts.engine.count(repair_surrogates(text), limit)
        return n_tokens if limit is None or n_tokens <= limit else None

    def encode_with_offsets(
        self, text: str, *, allowed_special: Allowed = frozenset(), disallowed_special: Disallowed = "all"
    ) -> TokenOffsets:
        """Encode text and locate each token in it, in bytes and in characters.

        A surrogate pair counts as the one character that it stands for. Raises `ValueError` where the
        pattern leaves some of the text out, so that the tokens do not lie side by side, and for a special
        token whose id another token has, too.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_with_offsets("né🙂").byte_starts
        array([0, 1, 3, 5, 7])
        >>> get_encoding("gpt2").encode_with_offsets("né🙂").char_starts
        array([0, 1, 2, 2, 3])
        """
        text = repair_surrogates(text)
        allowed = self._parts.mixed.allowed_in([text], allowed_special, disallowed_special)
        if hidden := allowed & self._parts.vocabulary.hidden_specials:
            refuse_hidden(text, hidden)
        ids = self._parts.mixed.to_array(text, allowed)
        return token_offsets(text.encode("utf-8"), ids, self._parts.vocabulary.lengths_of(ids))

    def truncate(self, text: str, max_tokens: int) -> str:
        """Return a beginning of the text with at most `max_tokens` tokens, which ends with a whole character.

        It ends where token `max_tokens` does, or before the character that this token would split.
        Special tokens count as plain text. Raises `ValueError` for a negative number, and where the
        pattern leaves out some of the text up to there. With the patterns of `bpelab.bpe.splitting.patterns`,
        what follows the block of text with the last token (256 Ki characters, or its longest piece) is not
        encoded.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").truncate("hello 한", 3)  # the last character is tokens 3 and 4
        'hello '
        """
        return beginning_within(
            repair_surrogates(text),
            require_whole("max_tokens", max_tokens, 0),
            engine=self._parts.engine,
            decode=partial(self.decode, errors="ignore"),
        )

    def encode_iter(
        self,
        chunks: Iterable[str],
        *,
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
    ) -> Iterator[Ids]:
        """Yield exactly the ids of the text that the chunks make together, as arrays (n,) of uint32.

        Memory is O(block + longest piece) for the patterns of `bpelab.bpe.splitting.patterns`, wherever the
        chunks end; with another pattern the whole text is held. A disallowed special token raises
        `ValueError` when it is met, which may be after other ids were given.

        >>> from bpelab.bpe import get_encoding
        >>> [ids.tolist() for ids in get_encoding("gpt2").encode_iter(["hel", "lo wor", "ld"])]
        [[31373, 995]]
        """
        allowed, disallowed = self._parts.mixed.resolve(allowed_special, disallowed_special)
        return encode_chunks(
            chunks,
            encode=self._parts.mixed.to_blocks,
            encode_beginning=self._parts.engine.encode_beginning,
            allowed=allowed,
            disallowed=disallowed,
        )

    def with_engine_for(self, n_chars: int) -> "Encoding":
        """Return the same encoding, ready for so many characters in all.

        Where the engine is "auto", and so much text pays for loading the compiled engine, that is the engine
        of the encoding returned; elsewhere it is this one. Of texts that come one after the other, "auto"
        alone would see only how long each is.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2", engine="arrays").with_engine_for(10**9).engine
        'arrays'
        """
        n_chars = require_whole("n_chars", n_chars, 0)
        return self.with_engine("compiled") if self._parts.pays_to_compile(n_chars) else self

    def encode_file(
        self,
        path: str | os.PathLike[str],
        *,
        errors: str = "strict",
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
    ) -> Iterator[Ids]:
        """Yield exactly the ids of a UTF-8 file of any size, as `encode_iter` does.

        Line ends and a byte order mark stay as they are. Raises `ValueError` that names the byte where
        the file is not UTF-8, unless `errors` (as in `bytes.decode`) says what else to do.
        """
        size = os.path.getsize(path) if os.path.isfile(path) else 0
        return self.with_engine_for(size).encode_iter(
            read_chunks(path, errors), allowed_special=allowed_special, disallowed_special=disallowed_special
        )

    # ---- ids to text ----

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of the tokens; `KeyError` for an id that is not a token.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").decode_bytes([31373, 995])
        b'hello world'
        """
        return self._parts.decode_bytes(tokens)

    def decode(self, tokens: Iterable[int], errors: str = "replace") -> str:
        """Return the text of the tokens; bytes that are not UTF-8 are treated as `errors` says."""
        return self.decode_bytes(tokens).decode("utf-8", errors)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """Return the bytes of one token; `KeyError` for an id that is not a token."""
        return self.decode_tokens_bytes([token])[0]

    def decode_tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """Return the bytes of each token; `KeyError` for an id that is not a token.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").decode_tokens_bytes([31373, 995])
        [b'hello', b' world']
        """
        return self._parts.vocabulary.tokens_bytes(tokens)

    def decode_with_offsets(self, tokens: Iterable[int]) -> tuple[str, list[int]]:
        """Return the text and, for each token, the index of the first character that has bytes of it.

        Raises `UnicodeDecodeError` where the tokens are not valid UTF-8 together.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").decode_with_offsets([31373, 995])
        ('hello world', [0, 5])
        """
        return text_and_offsets(self.decode_tokens_bytes(tokens))

    def decode_stream(self, tokens: Iterable[int], errors: str = "replace") -> Iterator[str]:
        """Yield the text of tokens as they come, each time as much as has only whole characters.

        >>> from bpelab.bpe import get_encoding
        >>> list(get_encoding("gpt2").decode_stream([31373, 8582, 25081]))  # the last two make "🙂"
        ['hello', '🙂']
        """
        return decode_chunks(map(self.decode_single_token_bytes, tokens), errors)

    def decode_batch(
        self, batch: Sequence[Sequence[int]], *, errors: str = "replace", num_threads: int = 8
    ) -> list[str]:
        """Decode each sequence of ids to text, in order."""
        return map_in_threads(partial(self.decode, errors=errors), batch, num_threads)

    def decode_bytes_batch(self, batch: Sequence[Sequence[int]], *, num_threads: int = 8) -> list[bytes]:
        """Decode each sequence of ids to bytes, in order."""
        return map_in_threads(self.decode_bytes, batch, num_threads)

    # ---- the vocabulary ----

    def token_byte_values(self) -> list[bytes]:
        """List the bytes of every mergeable token, sorted."""
        return list(self._parts.vocabulary.sorted_tokens)

    @property
    def name(self) -> str:
        """What the encoding is called."""
        return self._parts.name

    @property
    def engine(self) -> str:
        """The name of the engine that was chosen; "auto" where the length of each text chooses."""
        return self._parts.engine_name

    @property
    def pattern(self) -> str:
        """The regular expression that cuts a text into pieces."""
        return self._parts.pattern

    @property
    def ranks(self) -> Mapping[bytes, int]:
        """The mergeable tokens with their ranks, which are their ids: a view that cannot be written to."""
        return MappingProxyType(self._parts.ranks)

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """The special tokens with their ids: a view that cannot be written to."""
        return MappingProxyType(self._parts.special_tokens)

    @property
    def eot_token(self) -> int:
        """The id of `<|endoftext|>`; `KeyError` where the encoding has none."""
        return self._parts.special_tokens[END_OF_TEXT]

    @property
    def special_tokens_set(self) -> set[str]:
        """The texts of the special tokens."""
        return set(self._parts.special_tokens)

    def is_special_token(self, token: int) -> bool:
        """Tell whether an id is a special token's."""
        return token in self._parts.vocabulary.special_ids

    @property
    def max_token_value(self) -> int:
        """The highest id."""
        return self._parts.vocabulary.max_id

    @property
    def n_vocab(self) -> int:
        """The highest id plus one."""
        return self._parts.vocabulary.max_id + 1

    # ---- tiktoken's private names, for code that was written for tiktoken ----

    _pat_str = pattern
    _encode_single_piece = encode_single_piece

    @property
    def _mergeable_ranks(self) -> dict[bytes, int]:
        return self._parts.ranks

    @property
    def _special_tokens(self) -> dict[str, int]:
        return self._parts.special_tokens

    @property
    def _core_bpe(self) -> CoreBPE:
        return CoreBPE(self)

    def _encode_bytes(self, text: bytes) -> list[int]:
        return self.encode_bytes(text)

    def _encode_only_native_bpe(self, text: str) -> list[int]:
        refuse_surrogates(text)
        return list(chain.from_iterable(map(self.encode_single_piece, splitter(self.pattern)(text))))


def engine_of(encoding: Encoding) -> Engine:
    """Return what encodes the ordinary text of an encoding, for callers that have UTF-8 of many texts.

    >>> import numpy as np
    >>> from bpelab.bpe import get_encoding
    >>> engine_of(get_encoding("gpt2")).encode_utf8(b"hello world", np.array([5, 11]))
    (array([31373,   995], dtype=uint32), array([1, 2]))
    """
    return encoding._parts.engine
