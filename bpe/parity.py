"""Is it really the same as tiktoken? Compare text by text, and show the first difference."""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.tiktoken_cache import write_tiktoken_cache


@dataclass(frozen=True)
class Difference:
    """The first place where two encoders disagree on a text."""

    source: str
    byte_offset: int  # of the first token that differs, in the UTF-8 of the text
    ours: list[int]  # a few ids from there on
    theirs: list[int]


@dataclass(frozen=True)
class Comparison:
    """What was compared, and the first difference where there is one."""

    n_texts: int
    n_bytes: int
    n_tokens: int
    difference: Difference | None


def load_tiktoken_gpt2() -> Any:
    """Load the genuine `tiktoken.Encoding` of gpt2 by its own loader, without a network.

    Raises `ImportError` that names the extra to install where tiktoken is absent.
    """
    try:
        import tiktoken
    except ImportError as error:
        raise ImportError("parity needs tiktoken: pip install 'bpelab[peers]'") from error
    with tempfile.TemporaryDirectory() as directory:
        write_tiktoken_cache(directory)
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = directory
        try:
            return tiktoken.get_encoding("gpt2")
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def compare(ours: Encoding, theirs: Any, texts: Iterable[tuple[str, str]]) -> Comparison:
    """Encode (source, text) pairs with both, up to and including the first that differs."""
    n_texts = n_bytes = n_tokens = 0
    for source, text in texts:
        our_ids, their_ids = ours.encode_ordinary(text), theirs.encode_ordinary(text)
        n_texts += 1
        n_bytes += len(text.encode("utf-8", "replace"))
        n_tokens += len(their_ids)
        if our_ids != their_ids:
            difference = _first_difference(ours, source, our_ids, their_ids)
            return Comparison(n_texts, n_bytes, n_tokens, difference)
    return Comparison(n_texts, n_bytes, n_tokens, None)


def _first_difference(
    encoding: Encoding, source: str, our_ids: list[int], their_ids: list[int]
) -> Difference:
    shared = min(len(our_ids), len(their_ids))
    at = next((i for i in range(shared) if our_ids[i] != their_ids[i]), shared)
    offset = len(encoding.decode_bytes(our_ids[:at]))
    return Difference(source, offset, our_ids[at : at + 8], their_ids[at : at + 8])
