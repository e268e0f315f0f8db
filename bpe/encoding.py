"""What is a tokenizer, once it is trained? A pattern, a table of ranks, and the special tokens.

`Encoding` has tiktoken's names, arguments, results and error types, so that it can be swapped in:
https://github.com/openai/tiktoken/blob/0.14.0/tiktoken/core.py
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import NoReturn, overload

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.arrays.encoder import CACHE_PIECES, ArrayEncoder, joined
from bpelab.bpe.encoders.arrays.store import Ids
from bpelab.bpe.encoders.batches import map_in_threads, require_threads
from bpelab.bpe.encoders.cached import CachedEncoder
from bpelab.bpe.encoders.offsets import LEFT_OUT, TokenOffsets, text_and_offsets, token_offsets
from bpelab.bpe.encoders.stream import (
    decode_chunks,
    encode_chunks,
    read_chunks,
    refuse_surrogates,
    repair_surrogates,
)
from bpelab.bpe.encoders.unstable import completions
from bpelab.bpe.foundation.arguments import require_text, require_whole
from bpelab.bpe.foundation.once import once
from bpelab.bpe.splitting.array_splitter import array_splitter, regex_splitter
from bpelab.bpe.splitting.patterns import KNOWN_PATTERNS
from bpelab.bpe.splitting.specials import (
    END_OF_TEXT,
    Allowed,
    Disallowed,
    refuse_special,
    resolve_special,
    special_finder,
)
from bpelab.bpe.vocabulary import Vocabulary

# Below so many characters the caches answer sooner than the arrays, in all the texts of the benchmarks.
SHORT_CHARS = 8192


class Encoding:
    """Text to token ids and back, immutable and safe to share between threads.

    Takes what `tiktoken.Encoding` takes, and how many pieces beyond the vocabulary each of the calls that
    are under way at once may remember the ids of; when there are more, all of them are forgotten. That
    changes the speed and the memory (usually 200 bytes a piece, at most 1,000), never the ids.
    Raises `ValueError` where the parts contradict each other, and `TypeError` for parts of the wrong kind.

    >>> from bpelab.bpe import get_encoding
    >>> enc = get_encoding("gpt2")
    >>> enc.encode("Hello, world")
    [15496, 11, 995]
    >>> enc.decode([15496, 11, 995])
    'Hello, world'
    """

    name: str
    _pat_str: str
    _mergeable_ranks: dict[bytes, int]
    _special_tokens: dict[str, int]

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
        explicit_n_vocab: int | None = None,
        max_cached_pieces: int = CACHE_PIECES,
    ) -> None:
        if explicit_n_vocab is not None:
            explicit_n_vocab = require_whole("explicit_n_vocab", explicit_n_vocab)
        max_cached_pieces = require_whole("max_cached_pieces", max_cached_pieces, 0)
        ranks, specials = dict(mergeable_ranks), dict(special_tokens)
        put = partial(object.__setattr__, self)  # past our own, which refuses
        put("name", name)
        put("_pat_str", pat_str)
        put("_mergeable_ranks", ranks)
        put("_special_tokens", specials)
        put("_vocabulary", Vocabulary(ranks, specials, explicit_n_vocab))
        put("_cached", CachedEncoder(pat_str, ranks, lambda piece: self._arrays.merge_piece(piece)))
        put("_max_cached_pieces", max_cached_pieces)

    _vocabulary: Vocabulary
    _cached: CachedEncoder
    _max_cached_pieces: int

    @once
    def _arrays(self) -> ArrayEncoder:
        """The encoder of long texts, built (in some 50 milliseconds) when the first one comes."""
        return ArrayEncoder(
            self._mergeable_ranks,
            array_splitter(self._pat_str) or regex_splitter(self._cached.split),
            can_cut=self._pat_str in KNOWN_PATTERNS,
            max_pieces=self._max_cached_pieces,
        )

    def __setattr__(self, attribute: str, value: object) -> NoReturn:
        raise AttributeError(f"an Encoding cannot change: build another one to set {attribute!r}")

    def __delattr__(self, attribute: str) -> NoReturn:
        raise AttributeError(f"an Encoding cannot change: {attribute!r} stays")

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    def __reduce__(self) -> tuple[Callable[[], "Encoding"], tuple[()]]:
        build = partial(
            Encoding,
            self.name,
            pat_str=self._pat_str,
            mergeable_ranks=self._mergeable_ranks,
            special_tokens=self._special_tokens,
            max_cached_pieces=self._max_cached_pieces,
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
        return self._list_ids(repair_surrogates(text), frozenset())

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
        require_text(text)
        allowed, disallowed = self._resolve(allowed_special, disallowed_special)
        refuse_special(text, disallowed)
        return self._list_ids(repair_surrogates(text), allowed)

    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
        num_threads: int = 1,
    ) -> npt.NDArray[np.uint32]:
        """Encode text as `encode` does, to an array of (n_tokens,) uint32; a long one in several threads.

        Raises `UnicodeEncodeError` for a surrogate in the text, as tiktoken's does.
        """
        require_text(text)
        allowed, disallowed = self._resolve(allowed_special, disallowed_special)
        refuse_special(text, disallowed)
        refuse_surrogates(text)
        require_threads(num_threads)
        if len(text) < SHORT_CHARS:
            return np.array(self._list_ids(text, allowed), dtype=np.uint32)
        return joined(self._parts(text, allowed, num_threads))

    def encode_ordinary_batch(self, text: Sequence[str], *, num_threads: int = 8) -> list[list[int]]:
        """Encode each text as `encode_ordinary` does, in order."""
        return map_in_threads(self.encode_ordinary, text, num_threads)

    def encode_batch(
        self,
        text: Sequence[str],
        *,
        num_threads: int = 8,
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
    ) -> list[list[int]]:
        """Encode each text as `encode` does, in order."""
        encode = partial(self.encode, allowed_special=allowed_special, disallowed_special=disallowed_special)
        return map_in_threads(encode, text, num_threads)

    def encode_with_unstable(
        self, text: str, *, allowed_special: Allowed = frozenset(), disallowed_special: Disallowed = "all"
    ) -> tuple[list[int], list[list[int]]]:
        """Give the tokens that stay whatever follows the text, and the ways in which its end may go on.

        The completions are tiktoken's, sorted. Time grows with the bytes of the last piece times the
        tokens that begin with its end: milliseconds for a word, seconds for a hundred spaces.
        Raises `UnicodeEncodeError` for a surrogate in the text, as tiktoken's does, and `ValueError` where
        the completions have more than 67 million ids together.

        >>> from bpelab.bpe import get_encoding
        >>> stable, completions = get_encoding("gpt2").encode_with_unstable("hello fanta")
        >>> stable, completions[:2], [8842] in completions
        ([31373], [[277, 4910], [5113, 265]], True)
        """
        require_text(text)
        allowed, disallowed = self._resolve(allowed_special, disallowed_special)
        refuse_special(text, disallowed)
        refuse_surrogates(text)
        specials = list(special_finder(allowed).all(text)) if allowed else []
        last_pieces = self._cached.split(text[specials[-1].end :] if specials else text)[-1:]
        return completions(
            self._list_ids(text, allowed),
            sum(len(self._cached.pieces[piece]) for piece in last_pieces),
            bytes_of_id=self._vocabulary.bytes_of_id,
            ranks=self._mergeable_ranks,
            sorted_tokens=self._vocabulary.sorted_tokens,
            encode_ordinary=self.encode_ordinary,
        )

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """Give the id of one token, special tokens included; `KeyError` where there is none.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_single_token("hello")
        31373
        """
        if isinstance(text_or_bytes, str):
            data = text_or_bytes.encode("utf-8")
        else:
            data = bytes(memoryview(text_or_bytes))  # which refuses a number, that `bytes` takes for a length
        if data in self._mergeable_ranks:
            return self._mergeable_ranks[data]
        for special, token in self._special_tokens.items():
            if special.encode("utf-8") == data:
                return token
        raise KeyError(data)

    # ---- beyond tiktoken ----

    @overload
    def count(self, text: str) -> int: ...
    @overload
    def count(self, text: str, *, limit: int) -> int | None: ...
    def count(self, text: str, *, limit: int | None = None) -> int | None:
        """Count the tokens of a text, special tokens in it taken as plain text, without keeping them.

        With a limit, give None as soon as there are more tokens than that.

        >>> from bpelab.bpe import get_encoding
        >>> enc = get_encoding("gpt2")
        >>> enc.count("hello <|endoftext|>"), enc.count("hello world", limit=1)
        (8, None)
        """
        if limit is not None:
            limit = require_whole("limit", limit)
        text = repair_surrogates(text)
        if len(text) < SHORT_CHARS:
            n_tokens = sum(map(len, self._cached.runs(text)))
        else:
            n_tokens = self._arrays.count(text, limit)
        return n_tokens if limit is None or n_tokens <= limit else None

    def encode_with_offsets(
        self, text: str, *, allowed_special: Allowed = frozenset(), disallowed_special: Disallowed = "all"
    ) -> TokenOffsets:
        """Encode text and tell where in it each token is, in bytes and in characters.

        A surrogate pair counts as the one character that it stands for. Raises `ValueError` where the
        pattern leaves some of the text out, so that the tokens do not lie side by side.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_with_offsets("né🙂").byte_starts
        array([0, 1, 3, 5, 7])
        >>> get_encoding("gpt2").encode_with_offsets("né🙂").char_starts
        array([0, 1, 2, 2, 3])
        """
        text = repair_surrogates(text)
        ids = self.encode_to_numpy(
            text, allowed_special=allowed_special, disallowed_special=disallowed_special
        )
        return token_offsets(text.encode("utf-8"), ids, self._vocabulary.lengths_of(ids))

    def truncate(self, text: str, max_tokens: int) -> str:
        """Give a beginning of the text that has at most `max_tokens` tokens and ends with a whole character.

        It ends where token `max_tokens` does, or before the character that this token would split.
        Special tokens count as plain text. Raises `ValueError` for a negative number, and where the
        pattern leaves out some of the text up to there. With the patterns of `bpelab.bpe.splitting.patterns`,
        what follows the block of text with the last token (256 Ki characters, or its longest piece) is not
        encoded.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").truncate("hello 한", 3)  # the last character is tokens 3 and 4
        'hello '
        """
        max_tokens = require_whole("max_tokens", max_tokens, 0)
        text = repair_surrogates(text)
        ids = self._first_ids(text, max_tokens + 1)
        # By itself a beginning may be cut into other pieces than it was within the text, and more of
        # them; then it must end earlier.
        for n_tokens in range(min(max_tokens, len(ids)), 0, -1):
            beginning = self.decode(ids[:n_tokens], errors="ignore")
            is_all = n_tokens == len(ids)
            if beginning != text if is_all else not text.startswith(beginning):
                raise ValueError(
                    f"the first {n_tokens:,} tokens do not make the text's beginning: {LEFT_OUT}"
                )
            if self.count(beginning, limit=max_tokens) is not None:
                return beginning
        return ""

    def _first_ids(self, text: str, n_tokens: int) -> Ids:
        """(n,) uint32: so many ids of the text's beginning, or all of them where there are fewer."""
        parts: list[Ids] = []
        n_found = 0
        for part in self._ordinary_parts(text, num_threads=1):
            parts.append(part)
            n_found += len(part)
            if n_found >= n_tokens:
                break
        return joined(iter(parts))[:n_tokens]

    def encode_iter(
        self,
        chunks: Iterable[str],
        *,
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
    ) -> Iterator[npt.NDArray[np.uint32]]:
        """Yield exactly the ids of the text that the chunks make together, as arrays (n,) of uint32.

        Memory is O(block + longest piece) for the patterns of `bpelab.bpe.splitting.patterns`, wherever the
        chunks end; with another pattern the whole text is held. A disallowed special token raises
        `ValueError` when it is met, which may be after other ids were given.

        >>> from bpelab.bpe import get_encoding
        >>> [ids.tolist() for ids in get_encoding("gpt2").encode_iter(["hel", "lo wor", "ld"])]
        [[31373, 995]]
        """
        allowed, disallowed = self._resolve(allowed_special, disallowed_special)
        return encode_chunks(
            chunks,
            encode=self._parts,
            encode_beginning=self._arrays.encode_beginning,
            allowed=allowed,
            disallowed=disallowed,
        )

    def encode_file(
        self,
        path: str | os.PathLike[str],
        *,
        errors: str = "strict",
        allowed_special: Allowed = frozenset(),
        disallowed_special: Disallowed = "all",
    ) -> Iterator[npt.NDArray[np.uint32]]:
        """Yield exactly the ids of a UTF-8 file of any size, as `encode_iter` does.

        Line ends and a byte order mark stay as they are. Raises `ValueError` that names the byte where
        the file is not UTF-8, unless `errors` (as in `bytes.decode`) says what else to do.
        """
        return self.encode_iter(
            read_chunks(path, errors), allowed_special=allowed_special, disallowed_special=disallowed_special
        )

    def _resolve(self, allowed: Allowed, disallowed: Disallowed) -> tuple[frozenset[str], frozenset[str]]:
        return resolve_special(self._vocabulary.special_names, allowed, disallowed)

    def _list_ids(self, text: str, allowed: frozenset[str]) -> list[int]:
        if len(text) < SHORT_CHARS and not allowed:
            return list(chain.from_iterable(self._cached.runs(text)))
        ids: list[int] = []
        for part in self._parts(text, allowed):
            # A special token, and the ids of a short text between two, come in small parts.
            ids += part.tolist() if len(part) < 256 else self._arrays.as_list(part)
        return ids

    def _parts(self, text: str, allowed: frozenset[str], num_threads: int = 1) -> Iterator[Ids]:
        """Yield the ids of text and the allowed special tokens in it, some at a time and in order.

        Every encoding goes through here, but for the lists and counts of short texts.
        """
        start = 0
        for special in special_finder(allowed).all(text) if allowed else ():
            yield from self._ordinary_parts(text[start : special.start], num_threads)
            yield np.array([self._special_tokens[special.name]], dtype=np.uint32)
            start = special.end
        yield from self._ordinary_parts(text[start:] if start else text, num_threads)

    def _ordinary_parts(self, text: str, num_threads: int) -> Iterator[Ids]:
        if len(text) < SHORT_CHARS:
            return iter([np.fromiter(chain.from_iterable(self._cached.runs(text)), dtype=np.uint32)])
        return self._arrays.encode_in_threads(text, num_threads)

    # ---- ids to text ----

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of the tokens; `KeyError` for an id that is not a token.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").decode_bytes([31373, 995])
        b'hello world'
        """
        return self._vocabulary.joined_bytes(tokens)

    def decode(self, tokens: Iterable[int], errors: str = "replace") -> str:
        """Give the text of the tokens; bytes that are not UTF-8 are treated as `errors` says."""
        return self.decode_bytes(tokens).decode("utf-8", errors)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """Give the bytes of one token; `KeyError` for an id that is not a token."""
        return self.decode_tokens_bytes([token])[0]

    def decode_tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """Give the bytes of each token; `KeyError` for an id that is not a token.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").decode_tokens_bytes([31373, 995])
        [b'hello', b' world']
        """
        return self._vocabulary.tokens_bytes(tokens)

    def decode_with_offsets(self, tokens: Iterable[int]) -> tuple[str, list[int]]:
        """Give the text and, for each token, the index of the first character that has bytes of it.

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
        return list(self._vocabulary.sorted_tokens)

    @property
    def pattern(self) -> str:
        """The regular expression that cuts a text into pieces."""
        return self._pat_str

    @property
    def ranks(self) -> Mapping[bytes, int]:
        """The mergeable tokens with their ranks, which are their ids: a view that cannot be written to."""
        return MappingProxyType(self._mergeable_ranks)

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """The special tokens with their ids: a view that cannot be written to."""
        return MappingProxyType(self._special_tokens)

    @property
    def eot_token(self) -> int:
        """The id of `<|endoftext|>`; `KeyError` where the encoding has none."""
        return self._special_tokens[END_OF_TEXT]

    @property
    def special_tokens_set(self) -> set[str]:
        """The texts of the special tokens."""
        return set(self._special_tokens)

    def is_special_token(self, token: int) -> bool:
        """Tell whether an id is a special token's."""
        return token in self._vocabulary.special_ids

    @property
    def max_token_value(self) -> int:
        """The highest id."""
        return self._vocabulary.max_id

    @property
    def n_vocab(self) -> int:
        """The highest id plus one."""
        return self._vocabulary.max_id + 1
