"""What is known of a text on which two encoders disagree?"""

from collections.abc import Callable
from dataclasses import dataclass

from bpelab.bpe.encoding import Encoding
from bpelab.bpe.parity.contender import Answer


@dataclass(frozen=True)
class Reason:
    """Why two encoders disagree: one word for programs, and a sentence or two for people."""

    kind: str  # error, surrogate, special, ids, bytes, split, unicode, order, unstable or unknown
    words: str


@dataclass(frozen=True)
class Case:
    """A text on which `name` differs from `other`, and what is known of both."""

    text: str
    name: str
    other: str
    found: Answer
    expected: Answer
    tables: Encoding  # those that `other` encodes with
    ask: Callable[[str], Answer]  # what `name` makes of any text

    @property
    def spelled(self) -> bytes:
        """The bytes of the tokens that were found."""
        return b"".join(self.tables.decode_tokens_bytes(self.found.ids))
