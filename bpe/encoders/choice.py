"""Which engine answers a call? The one that was chosen by hand, or the fastest for the length of the text.

Engines are built when they are first needed. What they cost and what each adds is in docs/engines.md.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from bpelab.bpe.encoders.cached import CachedEncoder
from bpelab.bpe.encoders.engine import Engine, Ids, Places
from bpelab.bpe.foundation.nearest import did_you_mean
from bpelab.bpe.foundation.once import once
from bpelab.bpe.splitting.regex_splitter import splitter

if TYPE_CHECKING:
    from bpelab.bpe.encoders.compiled.encoder import CompiledEncoder

AUTO = "auto"
ENGINES = ("textbook", "cached", "arrays", "compiled")
# Where this variable is set, it chooses for every encoding that is made with the engine "auto".
VARIABLE = "BPELAB_ENGINE"

# Below so many characters the caches answer sooner than the arrays, in all the texts of the benchmarks.
SHORT_CHARS = 8192
# The same for the compiled engine where it is loaded. Measured to a list, the cache and the loops, in
# microseconds: 300 characters of tinyshakespeare 13 and 11, of source code 9 and 11; 400 take 16 and 12, and
# 12 and 12.5.
SHORT_CHARS_COMPILED = 384
# Below so many characters nobody asks whether to load the compiled engine: no text is long enough by far.
LONG_CHARS = 1 << 20
# Pieces that the arrays remember beyond the vocabulary, besides those of one block: usually some 50 MB, at
# most 250 (see `arrays.store`). 12 MB of standard-library source have 90,000 distinct ones.
CACHE_PIECES = 1 << 18


def resolve_engine(name: str) -> str:
    """Return the name of the engine to use: the given one, or for "auto" what `BPELAB_ENGINE` says.

    Raises `ValueError` for an unknown name, and `ImportError` for an engine that is not installed.

    >>> resolve_engine("arrays")
    'arrays'
    >>> resolve_engine("array")
    Traceback (most recent call last):
    ValueError: engine is 'array' (did you mean 'arrays'?); it must be one of: \
auto, textbook, cached, arrays, compiled
    """
    source = "engine"
    if name == AUTO and (chosen := os.environ.get(VARIABLE)):
        name, source = chosen, f"the environment variable {VARIABLE}"
    if name not in (AUTO, *ENGINES):
        known = ", ".join((AUTO, *ENGINES))
        raise ValueError(f"{source} is {name!r}{did_you_mean(name, ENGINES)}; it must be one of: {known}")
    if not is_installed(name):
        raise ImportError(f"{source} is {name!r}, which needs Numba: pip install 'bpelab[compiled]'")
    return name


def is_installed(name: str) -> bool:
    """Tell whether an engine can be used, without importing what it needs."""
    return name != "compiled" or None not in (find_spec("numba"), find_spec("llvmlite"))


class Engines:
    """The engines of one pattern and one table of ranks, each built when it is first asked for."""

    def __init__(
        self,
        ranks: Mapping[bytes, int],
        pattern: str,
        *,
        bytes_of_id: Mapping[int, bytes] | None = None,
        max_cached_pieces: int = CACHE_PIECES,
    ) -> None:
        self._ranks = ranks
        self._pattern = pattern
        self._bytes_of_id = bytes_of_id
        self._max_cached_pieces = max_cached_pieces
        self._n_chars_of_arrays = 0

    def named(self, name: str) -> Engine:
        """Return the engine of a name that `resolve_engine` returned."""
        engine: Engine = AutoEngine(self) if name == AUTO else getattr(self, name)
        return engine

    @once
    def textbook(self) -> Engine:
        """The definition."""
        from bpelab.bpe.encoders.textbook_engine import TextbookEncoder

        return TextbookEncoder(self._ranks, self._pattern)

    @once
    def cached(self) -> Engine:
        """The definition with a memory; the arrays merge the pieces that are too long for it."""
        return CachedEncoder(self._ranks, self._pattern, lambda piece: self.arrays.merge_piece(piece))

    @once
    def arrays(self) -> Engine:
        """Whole texts at once; its tables take some 50 milliseconds to build."""
        from bpelab.bpe.encoders.arrays.encoder import ArrayEncoder

        return ArrayEncoder(self._ranks, self._pattern, max_pieces=self._max_cached_pieces)

    @once
    def compiled(self) -> "CompiledEncoder":
        """The arrays' algorithm as loops, which Numba compiles."""
        from bpelab.bpe.encoders.compiled.loading import load

        return load(self._ranks, self._pattern, splitter(self._pattern), self._bytes_of_id)

    @property
    def compiled_if_loaded(self) -> "CompiledEncoder | None":
        """The compiled engine where it has been used before."""
        return vars(self).get("compiled")

    def compiled_if_it_pays(self, n_chars: int) -> "CompiledEncoder | None":
        """The compiled engine for so many characters, where it is loaded or loading it pays.

        What the arrays encoded before counts as well: a process that goes on and on may try it.
        """
        if (loaded := self.compiled_if_loaded) is not None:
            return loaded
        self._n_chars_of_arrays += n_chars  # not exact where threads add at once, which is soon enough
        if self._n_chars_of_arrays < LONG_CHARS:
            return None
        from bpelab.bpe.encoders.compiled.loading import load_if_it_pays

        n_before = self._n_chars_of_arrays - n_chars
        encoder = load_if_it_pays(
            n_chars, n_before, self._ranks, self._pattern, splitter(self._pattern), self._bytes_of_id
        )
        return None if encoder is None else vars(self).setdefault("compiled", encoder)


class AutoEngine(Engine):
    """Short texts by the cache, long ones by the compiled engine where it pays, by the arrays elsewhere."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._short = engines.cached

    def _engine(self, n_chars: int) -> Engine:
        if n_chars < SHORT_CHARS_COMPILED:
            return self._short
        if n_chars < SHORT_CHARS:
            return self._engines.compiled_if_loaded or self._short
        return self._engines.compiled_if_it_pays(n_chars) or self._engines.arrays

    def encode(self, text: str, num_threads: int = 1) -> Ids:
        """Return the ids of a text, (n_tokens,) uint32."""
        return self._engine(len(text)).encode(text, num_threads)

    def encode_to_list(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return self._engine(len(text)).encode_to_list(text)

    def encode_blocks(self, text: str, num_threads: int = 1) -> Iterator[Ids]:
        """Yield the ids of a text, some at a time and in order, each time (n_tokens,) uint32."""
        return self._engine(len(text)).encode_blocks(text, num_threads)

    def encode_batch(self, texts: Sequence[str], num_threads: int = 1) -> list[list[int]]:
        """Return the ids of each text, in order; what counts is how long they are together."""
        return self._engine(sum(map(len, texts))).encode_batch(texts, num_threads)

    def encode_utf8(self, data: bytes, ends: Places, out: Ids | None = None) -> tuple[Ids, Places]:
        """Return the ids of texts whose UTF-8 lies one after the other, and where those of each end."""
        loaded = self._engines.compiled_if_loaded
        return super().encode_utf8(data, ends) if loaded is None else loaded.encode_utf8(data, ends, out)

    def encode_beginning(self, text: str) -> tuple[list[Ids], int]:
        """Return the ids that stay the same however the text goes on, and how many characters they cover."""
        return self._engine(len(text)).encode_beginning(text)

    def count(self, text: str, limit: int | None = None) -> int:
        """Count the tokens of a text; with a limit, stop soon after there are more."""
        return self._engine(len(text)).count(text, limit)

    def merge_piece(self, piece: bytes) -> list[int]:
        """Return the ids of one piece."""
        return self._short.merge_piece(piece)
