"""Is it really the same as tiktoken? Compare text by text, and show the first difference."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.parity.shrink import shrink
from bpelab.bpe.splitting.regex_splitter import splitter_of

# How many ids and pieces of each side a difference shows, from the first that differs.
SHOWN = 8


@dataclass(frozen=True)
class Difference:
    """The first place where two encoders disagree, and what each of them makes of it."""

    source: str
    char_offset: int  # where the first token that differs begins
    byte_offset: int  # the same in the UTF-8 of the text
    piece: str  # the piece at that place, by our split
    our_ids: list[int]
    their_ids: list[int]
    our_tokens: list[bytes]
    their_tokens: list[bytes]
    our_pieces: list[str]
    their_pieces: list[str]  # by `regex` with their pattern, since tiktoken does not show its own
    shrunk: str  # the smallest text found that still differs, and its ids:
    our_shrunk_ids: list[int]
    their_shrunk_ids: list[int]


@dataclass(frozen=True)
class Comparison:
    """What was compared, and the first difference if there is one."""

    n_texts: int
    n_bytes: int
    n_tokens: int
    difference: Difference | None = None

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.n_texts + other.n_texts,
            self.n_bytes + other.n_bytes,
            self.n_tokens + other.n_tokens,
            self.difference or other.difference,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what `json.dumps` takes, with the bytes of tokens in hexadecimal."""
        values = asdict(self)
        if self.difference is not None:
            for name in ("our_tokens", "their_tokens"):
                values["difference"][name] = [token.hex() for token in getattr(self.difference, name)]
        return values | {"equal": self.difference is None}


def compare(ours: Encoding, theirs: Any, texts: Iterable[tuple[str, str]]) -> Comparison:
    """Encode (source, text) pairs with both, up to and including the first text that differs."""
    n_texts = n_bytes = n_tokens = 0
    for source, text in texts:
        our_ids, their_ids = ours.encode_ordinary(text), theirs.encode_ordinary(text)
        n_texts += 1
        n_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        n_tokens += len(their_ids)
        if our_ids != their_ids:
            difference = _first_difference(ours, theirs, source, repair_surrogates(text))
            return Comparison(n_texts, n_bytes, n_tokens, difference)
    return Comparison(n_texts, n_bytes, n_tokens)


def _first_difference(ours: Encoding, theirs: Any, source: str, text: str) -> Difference:
    our_ids, their_ids = ours.encode_ordinary(text), theirs.encode_ordinary(text)
    shared = min(len(our_ids), len(their_ids))
    at = next((i for i in range(shared) if our_ids[i] != their_ids[i]), shared)
    byte_offset = sum(map(len, ours.decode_tokens_bytes(our_ids[:at])))
    char_offset = len(text.encode("utf-8")[:byte_offset].decode("utf-8", "ignore"))
    shrunk = shrink(text, lambda smaller: ours.encode_ordinary(smaller) != theirs.encode_ordinary(smaller))
    our_pieces = list(_pieces_from(text, ours.pattern, char_offset))
    their_pieces = list(_pieces_from(text, theirs._pat_str, char_offset))
    return Difference(
        source=source,
        char_offset=char_offset,
        byte_offset=byte_offset,
        piece=our_pieces[0] if our_pieces else "",
        our_ids=our_ids[at : at + SHOWN],
        their_ids=their_ids[at : at + SHOWN],
        our_tokens=ours.decode_tokens_bytes(our_ids[at : at + SHOWN]),
        their_tokens=theirs.decode_tokens_bytes(their_ids[at : at + SHOWN]),
        our_pieces=our_pieces,
        their_pieces=their_pieces,
        shrunk=shrunk,
        our_shrunk_ids=ours.encode_ordinary(shrunk),
        their_shrunk_ids=theirs.encode_ordinary(shrunk),
    )


def _pieces_from(text: str, pattern: str, char_offset: int) -> Iterator[str]:
    """Yield a few pieces of the text from the one that holds a character."""
    n_shown = 0
    for start, end in splitter_of(pattern).spans(text):
        if end > char_offset:
            yield text[start:end]
            n_shown += 1
            if n_shown == SHOWN:
                return
