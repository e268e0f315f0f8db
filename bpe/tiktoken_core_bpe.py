"""What can code do here that calls tiktoken's private `_core_bpe`? The same, by the methods of `Encoding`."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from bpelab.bpe.encoders.stream import refuse_surrogates

if TYPE_CHECKING:
    from bpelab.bpe.encoding import Encoding


class CoreBPE:
    """The methods of tiktoken's Rust core that other libraries call; special tokens are passed by name.

    https://github.com/openai/tiktoken/blob/0.14.0/src/py.rs

    >>> from bpelab.bpe import get_encoding
    >>> get_encoding("gpt2")._core_bpe.encode("<|endoftext|>", {"<|endoftext|>"})
    [50256]
    """

    __slots__ = ("_encoding",)

    def __init__(self, encoding: "Encoding") -> None:
        self._encoding = encoding

    def encode_ordinary(self, text: str) -> list[int]:
        """Encode text, with special tokens as plain text; `UnicodeEncodeError` for a surrogate."""
        refuse_surrogates(text)
        return self._encoding.encode_ordinary(text)

    def encode(self, text: str, allowed_special: Collection[str]) -> list[int]:
        """Encode text, and as special tokens those that are allowed; `UnicodeEncodeError` for a surrogate."""
        refuse_surrogates(text)
        return self._encoding.encode(text, allowed_special=frozenset(allowed_special), disallowed_special=())

    def encode_to_tiktoken_buffer(
        self, text: str, allowed_special: Collection[str]
    ) -> npt.NDArray[np.uint32]:
        """Encode text as `encode` does, to what `np.frombuffer` can read."""
        return self._encoding.encode_to_numpy(
            text, allowed_special=frozenset(allowed_special), disallowed_special=()
        )

    def encode_with_unstable(
        self, text: str, allowed_special: Collection[str]
    ) -> tuple[list[int], list[list[int]]]:
        """Return the stable tokens of a text and the completions of the others."""
        return self._encoding.encode_with_unstable(
            text, allowed_special=frozenset(allowed_special), disallowed_special=()
        )

    def encode_single_token(self, piece: bytes) -> int:
        """Return the id of one token; `KeyError` where there is none."""
        return self._encoding.encode_single_token(piece)

    def encode_single_piece(self, piece: bytes) -> list[int]:
        """Encode bytes as one piece."""
        return self._encoding.encode_single_piece(piece)

    def _encode_bytes(self, data: bytes) -> list[int]:
        return self._encoding.encode_bytes(data)

    def decode_bytes(self, tokens: Collection[int]) -> bytes:
        """Join the bytes of tokens."""
        return self._encoding.decode_bytes(tokens)

    def decode_single_token_bytes(self, token: int) -> bytes:
        """Return the bytes of one token."""
        return self._encoding.decode_single_token_bytes(token)

    def token_byte_values(self) -> list[bytes]:
        """List the bytes of every mergeable token, sorted."""
        return self._encoding.token_byte_values()
