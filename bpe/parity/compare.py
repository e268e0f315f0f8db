"""Is it really the same as tiktoken? Compare text by text, and show the first difference."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.parity.contender import Answer, Contender, as_contender
from bpelab.bpe.parity.reasons.case import Case, Reason
from bpelab.bpe.parity.reasons.reason import reason_of
from bpelab.bpe.parity.shrink import MAX_CHARS, shrink
from bpelab.bpe.splitting.regex_splitter import splitter_of

# How many ids and pieces of each side a difference shows, from the first that differs.
SHOWN = 8
# How much of a text around the first difference is tried alone, before it is shrunk.
_AROUND = (50, 500, 5_000)
# Where an encoder is not ours or tiktoken's and may take a millisecond for a word.
_FEWER_CHARS = 200_000


@dataclass(frozen=True)
class Difference:
    """The first place where two encoders disagree, what each of them makes of it, and why."""

    source: str
    char_offset: int  # where the first token that differs begins
    byte_offset: int  # the same in the UTF-8 of the text
    piece: str  # the piece at that place, by our split
    our_ids: list[int]
    their_ids: list[int]
    our_tokens: list[bytes]  # of no bytes where the vocabulary lacks an id
    their_tokens: list[bytes]
    our_pieces: list[str]
    their_pieces: list[str]  # by `regex` with their pattern, since tiktoken does not show its own
    shrunk: str  # the smallest text found that still differs, and its ids and tokens:
    our_shrunk_ids: list[int]
    their_shrunk_ids: list[int]
    our_shrunk_tokens: list[bytes]
    their_shrunk_tokens: list[bytes]
    our_name: str
    their_name: str
    our_error: str | None  # instead of ids, where an encoder fails
    their_error: str | None
    reason: Reason

    def as_json(self) -> dict[str, Any]:
        """Return what `json.dumps` takes, with the bytes of tokens in hexadecimal."""
        values = asdict(self)
        for name in ("our_tokens", "their_tokens", "our_shrunk_tokens", "their_shrunk_tokens"):
            values[name] = [token.hex() for token in getattr(self, name)]
        return values


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
        difference = self.difference.as_json() if self.difference else None
        return asdict(self) | {"difference": difference, "equal": self.difference is None}


def compare(ours: Any, theirs: Any, texts: Iterable[tuple[str, str] | str]) -> Comparison:
    r"""Encode texts with both, up to and including the first that differs.

    `ours` is what is checked: an `Encoding`, any function from str to a list of ids, or a `Contender`.
    `theirs` is what it is checked against, usually an `Encoding` or a `tiktoken.Encoding`. One of the two
    must be such, since its tables explain the difference. `texts` are texts, or (source, text) pairs. An
    exception that an encoder raises is a difference, too. Raises `TypeError` for what is not an encoder.

    >>> from bpelab.bpe import get_encoding
    >>> gpt2 = get_encoding("gpt2")
    >>> compare(gpt2.encode_ordinary, gpt2, ["Hello, world", "low lower"]).difference is None
    True
    >>> mine = lambda text: gpt2.encode_ordinary(text.replace("\r\n", "\n"))
    >>> difference = compare(mine, gpt2, ["Hello\r\nworld"]).difference
    >>> difference.shrunk, difference.our_shrunk_ids, difference.their_shrunk_ids
    ('\r\n', [198], [201, 198])
    """
    first, second = as_contender(ours), as_contender(theirs)
    if first.tables is None and second.tables is None:
        raise TypeError("one of the two must be an Encoding: its tables are needed to explain a difference")
    n_texts = n_bytes = n_tokens = 0
    for number, item in enumerate(texts, 1):
        source, text = (f"text {number:,}", item) if isinstance(item, str) else item
        our_answer, their_answer = first.answer(text), second.answer(text)
        n_texts += 1
        n_bytes += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        n_tokens += len(their_answer.ids)
        if our_answer != their_answer:
            difference = _Pair(first, second).explained(source, text, our_answer)
            return Comparison(n_texts, n_bytes, n_tokens, difference)
    return Comparison(n_texts, n_bytes, n_tokens)


class _Pair:
    """Two contenders, of which at least one has tables."""

    def __init__(self, ours: Contender, theirs: Contender) -> None:
        self.ours, self.theirs = ours, theirs
        self.their_tables = (theirs.tables or ours.tables)()  # type: ignore[misc]  # one of them has some
        self.our_tables = ours.tables() if ours.tables else self.their_tables
        self.names = ours.name, theirs.name
        if ours.name == theirs.name:
            self.names = "ours", "theirs"

    def differs(self, text: str) -> bool:
        return self.ours.answer(text) != self.theirs.answer(text)

    def explained(self, source: str, text: str, answer: Answer) -> Difference:
        """Shrink the text, find the place of the first difference, and say why there is one."""
        repaired = repair_surrogates(text)
        if self.differs(repaired):
            text = repaired  # surrogates are not the reason
        elif not self.differs(text):
            return self._unstable(source, repaired, text, answer)
        shrunk = shrink(self._part(text), self._alike(self.ours.answer(text)), self._max_chars())
        case = Case(
            text=shrunk,
            name=self.names[0],
            other=self.names[1],
            found=self.ours.answer(shrunk),
            expected=self.theirs.answer(shrunk),
            tables=self.their_tables,
            ask=self.ours.answer,
        )
        reason = self._other_vocabulary(case) or reason_of(case)
        return self._difference(
            source, repaired, self.ours.answer(text), self.theirs.answer(text), case, reason
        )

    def _alike(self, found: Answer) -> Callable[[str], bool]:
        """Return what tells whether a text differs as one did: by its ids, or by an error of the same class.

        Otherwise an encoder that fails for the empty text could not be shown any other mistake.
        """

        def class_of(answer: Answer) -> str | None:
            return answer.error and answer.error.partition(":")[0]

        def differs(text: str) -> bool:
            answer = self.ours.answer(text)
            return class_of(answer) == class_of(found) and answer != self.theirs.answer(text)

        return differs

    def _max_chars(self) -> int:
        return MAX_CHARS if self.ours.is_trusted and self.theirs.is_trusted else _FEWER_CHARS

    def _part(self, text: str) -> str:
        """Return the smallest of some stretches around the first difference that still differs."""
        ours = self.ours.answer(text)
        at = self._place(repair_surrogates(text), ours, self.theirs.answer(text))[1]
        for n_chars in _AROUND:
            part = text[max(0, at - n_chars) : at + n_chars]
            if len(part) < len(text) and self._alike(ours)(part):
                return part
        return text

    def _place(self, text: str, ours: Answer, theirs: Answer) -> tuple[int, int, int]:
        """Return how many tokens are the same, and their characters and bytes."""
        shared = min(len(ours.ids), len(theirs.ids))
        at = next((i for i in range(shared) if ours.ids[i] != theirs.ids[i]), shared)
        byte_offset = sum(map(len, _tokens(self.their_tables, theirs.ids[:at])))
        data = text.encode("utf-8")
        return at, len(data[:byte_offset].decode("utf-8", "ignore")), byte_offset

    def _other_vocabulary(self, case: Case) -> Reason | None:
        """Say where both make the same tokens and number them differently."""
        if self.ours.tables is None or self.theirs.tables is None or case.found.error or case.expected.error:
            return None
        tokens = _tokens(self.our_tables, case.found.ids)
        if tokens != _tokens(self.their_tables, case.expected.ids):
            return None
        return Reason("ids", f"The tokens are the same: the vocabularies number {tokens[0]!r} differently.")

    def _unstable(self, source: str, repaired: str, text: str, answer: Answer) -> Difference:
        again = self.ours.answer(text)
        case = Case(text, *self.names, answer, self.theirs.answer(text), self.their_tables, self.ours.answer)
        words = (
            f"{self.names[0]} was asked for the same text again and gave other ids: its answer depends on"
            " what it was asked before."
            if again != answer
            else "The two agree when they are asked again."
        )
        return self._difference(source, repaired, answer, case.expected, case, Reason("unstable", words))

    def _difference(
        self, source: str, text: str, ours: Answer, theirs: Answer, case: Case, reason: Reason
    ) -> Difference:
        at, char_offset, byte_offset = self._place(text, ours, theirs)
        our_pieces = list(_pieces_from(text, self.our_tables.pattern, char_offset))
        return Difference(
            source=source,
            char_offset=char_offset,
            byte_offset=byte_offset,
            piece=our_pieces[0] if our_pieces else "",
            our_ids=ours.ids[at : at + SHOWN],
            their_ids=theirs.ids[at : at + SHOWN],
            our_tokens=_tokens(self.our_tables, ours.ids[at : at + SHOWN]),
            their_tokens=_tokens(self.their_tables, theirs.ids[at : at + SHOWN]),
            our_pieces=our_pieces,
            their_pieces=list(_pieces_from(text, self.their_tables.pattern, char_offset)),
            shrunk=case.text,
            our_shrunk_ids=case.found.ids,
            their_shrunk_ids=case.expected.ids,
            our_shrunk_tokens=_tokens(self.our_tables, case.found.ids),
            their_shrunk_tokens=_tokens(self.their_tables, case.expected.ids),
            our_name=self.names[0],
            their_name=self.names[1],
            our_error=ours.error,
            their_error=theirs.error,
            reason=reason,
        )


def _tokens(tables: Encoding, ids: Iterable[int]) -> list[bytes]:
    """Return the bytes of ids, none for those that the vocabulary lacks."""

    def token(number: int) -> bytes:
        try:
            return tables.decode_single_token_bytes(number)
        except (KeyError, OverflowError):
            return b""

    return list(map(token, ids))


def _pieces_from(text: str, pattern: str, char_offset: int) -> Iterator[str]:
    """Yield a few pieces of the text from the one that holds a character."""
    n_shown = 0
    for start, end in splitter_of(pattern).spans(text):
        if end > char_offset:
            yield text[start:end]
            n_shown += 1
            if n_shown == SHOWN:
                return
