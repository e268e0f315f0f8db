"""What does a program need of a tokenizer? Text to ids, ids to text, and how many ids there are."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """What `bpelab.bpe.Encoding`, `tiktoken.Encoding` and the word-level tokenizers have in common.

    `isinstance` checks that the names are there, not what they do.

    >>> from bpelab.bpe import get_encoding
    >>> isinstance(get_encoding("gpt2"), Tokenizer), isinstance("gpt2", Tokenizer)
    (True, False)
    """

    def encode(self, text: str, /) -> list[int]:
        """Return the ids of a text."""
        ...

    def decode(self, tokens: Sequence[int], /) -> str:
        """Return the text of some ids."""
        ...

    @property
    def n_vocab(self) -> int:
        """The highest id plus one."""
        ...
