"""What is a tokenizer, once it is trained? A pattern, a table of ranks, and the special tokens.

`Encoding` has tiktoken's names, arguments, results and error types, so that it can be swapped in:
https://github.com/openai/tiktoken/blob/0.14.0/tiktoken/core.py
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import chain
from operator import index
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt
import regex
from bpelab.bpe.merge import merge_piece

# Distinct pieces whose ids are remembered. Standard-library source has about 90,000 in 12 MB, so that
# this holds a corpus's common words; at 200 bytes a piece the cache stays under 30 MB.
CACHE_PIECES = 1 << 17
# A longer piece is hardly ever met twice, and one alone could fill the memory meant for many.
CACHE_PIECE_CHARS = 64


class _PieceCache(dict[str, Sequence[int]]):
    """The ids of the pieces met so far; a piece that is missing is merged when it is asked for.

    Emptied when full, which keeps each look-up a plain dictionary access. Threads may share it:
    every operation on it is atomic, and two threads that miss the same piece find the same ids.
    """

    def __init__(self, ranks: Mapping[bytes, int]) -> None:
        super().__init__()
        self.ranks = ranks

    def __missing__(self, piece: str) -> Sequence[int]:
        data = piece.encode("utf-8")
        rank = self.ranks.get(data)
        ids = (rank,) if rank is not None else tuple(merge_piece(data, self.ranks))
        if len(piece) <= CACHE_PIECE_CHARS:
            if len(self) >= CACHE_PIECES:
                self.clear()
            self[piece] = ids
        return ids


class Encoding:
    """Text to token ids and back, immutable and safe to share between threads.

    Takes what `tiktoken.Encoding` takes. Raises `ValueError` where the parts contradict each other.

    >>> from bpelab.bpe import get_encoding
    >>> enc = get_encoding("gpt2")
    >>> enc.encode("Hello, world")
    [15496, 11, 995]
    >>> enc.decode([15496, 11, 995])
    'Hello, world'
    """

    name: str
    max_token_value: int
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
    ) -> None:
        ranks, specials = dict(mergeable_ranks), dict(special_tokens)
        if not ranks:
            raise ValueError("mergeable_ranks is empty: an encoding needs at least its single bytes")
        bytes_of_id = {rank: token for token, rank in ranks.items()}
        if len(bytes_of_id) < len(ranks):
            raise ValueError(f"two tokens share a rank: {len(ranks):,} tokens, {len(bytes_of_id):,} ranks")
        special_of_id = {token: text.encode("utf-8") for text, token in specials.items()}
        shared = bytes_of_id.keys() & special_of_id.keys()
        if shared:
            raise ValueError(f"id {min(shared)} is both a mergeable and a special token")
        max_token_value = max(max(bytes_of_id), max(specials.values(), default=0))
        n_tokens = len(ranks) + len(specials)
        if explicit_n_vocab and (n_tokens, max_token_value) != (explicit_n_vocab, explicit_n_vocab - 1):
            raise ValueError(
                f"explicit_n_vocab={explicit_n_vocab}, but there are {n_tokens} tokens"
                f" and the highest id is {max_token_value}"
            )
        self.__dict__.update(
            name=name,
            max_token_value=max_token_value,
            _pat_str=pat_str,
            _mergeable_ranks=ranks,
            _special_tokens=specials,
            _bytes_of_id=bytes_of_id | special_of_id,
            _special_ids=frozenset(special_of_id),
            _pieces=_PieceCache(ranks),
            # Some patterns hold groups, and `findall` would then return those instead of the pieces.
            _findall=regex.compile(f"(?:{pat_str})").findall
            if regex.compile(pat_str).groups == 0
            else partial(_findall_with_groups, regex.compile(pat_str)),
        )

    _bytes_of_id: dict[int, bytes]
    _special_ids: frozenset[int]
    _pieces: _PieceCache
    _findall: Callable[[str], list[str]]

    def __setattr__(self, attribute: str, value: object) -> NoReturn:
        raise AttributeError(f"an Encoding cannot change: build another one to set {attribute!r}")

    def __delattr__(self, attribute: str) -> NoReturn:
        raise AttributeError(f"an Encoding cannot change: {attribute!r} stays")

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    def __reduce__(self) -> tuple[Callable[..., "Encoding"], tuple[Any, ...]]:
        return _rebuild, (self.name, self._pat_str, self._mergeable_ranks, self._special_tokens)

    # ---- text to ids ----

    def encode_ordinary(self, text: str) -> list[int]:
        """Encode text, treating special tokens in it as plain text; O(n log n) at worst.

        A lone surrogate is encoded as U+FFFD, and a surrogate pair as the character it stands for.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_ordinary("hello world")
        [31373, 995]
        """
        return list(chain.from_iterable(self._runs(text, frozenset())))

    def encode(
        self,
        text: str,
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = frozenset(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
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
        allowed = self._check_special(text, allowed_special, disallowed_special)
        return list(chain.from_iterable(self._runs(text, allowed)))

    def encode_to_numpy(
        self,
        text: str,
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = frozenset(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> npt.NDArray[np.uint32]:
        """Encode text as `encode` does, to an array of (n_tokens,) uint32.

        Raises `UnicodeEncodeError` for a surrogate in the text, as tiktoken's does.
        """
        allowed = self._check_special(text, allowed_special, disallowed_special)
        text.encode("utf-8")
        return np.fromiter(chain.from_iterable(self._runs(text, allowed)), dtype=np.uint32)

    def encode_ordinary_batch(self, text: list[str], *, num_threads: int = 8) -> list[list[int]]:
        """Encode each text as `encode_ordinary` does, in order."""
        with ThreadPoolExecutor(num_threads) as pool:
            return list(pool.map(self.encode_ordinary, text))

    def encode_batch(
        self,
        text: list[str],
        *,
        num_threads: int = 8,
        allowed_special: Literal["all"] | AbstractSet[str] = frozenset(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[list[int]]:
        """Encode each text as `encode` does, in order."""
        encode = partial(self.encode, allowed_special=allowed_special, disallowed_special=disallowed_special)
        with ThreadPoolExecutor(num_threads) as pool:
            return list(pool.map(encode, text))

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """Give the id of one token, special tokens included; `KeyError` where there is none.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").encode_single_token("hello")
        31373
        """
        data = text_or_bytes.encode("utf-8") if isinstance(text_or_bytes, str) else bytes(text_or_bytes)
        if data in self._mergeable_ranks:
            return self._mergeable_ranks[data]
        for special, token in self._special_tokens.items():
            if special.encode("utf-8") == data:
                return token
        raise KeyError(data)

    def count(self, text: str) -> int:
        """Count the tokens of a text, special tokens in it taken as plain text, without keeping them.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").count("hello <|endoftext|>")
        8
        """
        return sum(map(len, self._runs(text, frozenset())))

    def _runs(self, text: str, allowed: AbstractSet[str]) -> Iterator[Sequence[int]]:
        """Yield the ids of each piece and each allowed special token, in the order of the text."""
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        names = frozenset(self._special_tokens.keys() & allowed)
        if not names:
            yield from map(self._pieces.__getitem__, self._findall(text))
            return
        start = 0
        for match in _special_regex(names).finditer(text):
            yield from map(self._pieces.__getitem__, self._findall(text[start : match.start()]))
            yield (self._special_tokens[match.group()],)
            start = match.end()
        yield from map(self._pieces.__getitem__, self._findall(text[start:]))

    def _check_special(
        self,
        text: str,
        allowed_special: Literal["all"] | AbstractSet[str],
        disallowed_special: Literal["all"] | Collection[str],
    ) -> AbstractSet[str]:
        """Give the set of allowed special tokens; raise for a disallowed one in the text."""
        allowed = self.special_tokens_set if allowed_special == "all" else set(allowed_special)
        disallowed = (
            self.special_tokens_set - allowed if disallowed_special == "all" else set(disallowed_special)
        )
        if disallowed and (match := _special_regex(frozenset(disallowed)).search(text)):
            found = match.group()
            raise ValueError(
                f"the text holds the special token {found!r} at character {match.start()}."
                f" To encode it as a special token, pass allowed_special={{{found!r}}};"
                " to encode it as plain text, pass disallowed_special=()."
            )
        return allowed

    # ---- ids to text ----

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Join the bytes of the tokens; `KeyError` for an id that is no token.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").decode_bytes([31373, 995])
        b'hello world'
        """
        return b"".join(self.decode_tokens_bytes(tokens))

    def decode(self, tokens: Iterable[int], errors: str = "replace") -> str:
        """Give the text of the tokens; bytes that are not UTF-8 are treated as `errors` says."""
        return self.decode_bytes(tokens).decode("utf-8", errors)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """Give the bytes of one token; `KeyError` for an id that is no token."""
        return self.decode_tokens_bytes([token])[0]

    def decode_tokens_bytes(self, tokens: Iterable[int]) -> list[bytes]:
        """Give the bytes of each token; `KeyError` for an id that is no token.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").decode_tokens_bytes([31373, 995])
        [b'hello', b' world']
        """
        try:
            return list(map(self._bytes_of_id.__getitem__, map(index, tokens)))
        except KeyError as error:
            (token,) = error.args
            if not 0 <= token < 1 << 32:
                raise OverflowError(f"{token} is no token id: ids are from 0 to 2**32 - 1") from None
            raise KeyError(
                f"no token has the id {token}: {self.name} has ids from 0 to {self.max_token_value}"
            ) from None

    def decode_with_offsets(self, tokens: Iterable[int]) -> tuple[str, list[int]]:
        """Give the text and, for each token, the index of the first character that has bytes of it.

        Raises `UnicodeDecodeError` where the tokens are not valid UTF-8 together.

        >>> from bpelab.bpe import get_encoding
        >>> get_encoding("gpt2").decode_with_offsets([31373, 995])
        ('hello world', [0, 5])
        """
        parts = self.decode_tokens_bytes(tokens)
        n_chars, offsets = 0, []
        for part in parts:
            offsets.append(max(0, n_chars - _is_continuation(part[0])))
            n_chars += sum(not _is_continuation(byte) for byte in part)
        return b"".join(parts).decode("utf-8"), offsets

    def decode_batch(
        self, batch: Sequence[Sequence[int]], *, errors: str = "replace", num_threads: int = 8
    ) -> list[str]:
        """Decode each sequence of ids to text, in order."""
        with ThreadPoolExecutor(num_threads) as pool:
            return list(pool.map(partial(self.decode, errors=errors), batch))

    def decode_bytes_batch(self, batch: Sequence[Sequence[int]], *, num_threads: int = 8) -> list[bytes]:
        """Decode each sequence of ids to bytes, in order."""
        with ThreadPoolExecutor(num_threads) as pool:
            return list(pool.map(self.decode_bytes, batch))

    # ---- the vocabulary ----

    def token_byte_values(self) -> list[bytes]:
        """List the bytes of every mergeable token, sorted."""
        return sorted(self._mergeable_ranks)

    @property
    def eot_token(self) -> int:
        """The id of `<|endoftext|>`; `KeyError` where the encoding has none."""
        return self._special_tokens["<|endoftext|>"]

    @property
    def special_tokens_set(self) -> set[str]:
        """The texts of the special tokens."""
        return set(self._special_tokens)

    def is_special_token(self, token: int) -> bool:
        """Tell whether an id is a special token's."""
        return token in self._special_ids

    @property
    def n_vocab(self) -> int:
        """The highest id plus one."""
        return self.max_token_value + 1


def _rebuild(name: str, pat_str: str, ranks: dict[bytes, int], specials: dict[str, int]) -> Encoding:
    return Encoding(name, pat_str=pat_str, mergeable_ranks=ranks, special_tokens=specials)


def _is_continuation(byte: int) -> bool:
    return 0x80 <= byte < 0xC0


def _findall_with_groups(pattern: "regex.Pattern[str]", text: str) -> list[str]:
    return [match.group() for match in pattern.finditer(text)]


@lru_cache(maxsize=128)
def _special_regex(names: frozenset[str]) -> "regex.Pattern[str]":
    # Of two that start at one place the longer wins; tiktoken's choice there varies from run to run.
    return regex.compile("|".join(map(regex.escape, sorted(names, key=lambda name: (-len(name), name)))))
