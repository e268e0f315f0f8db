"""Is it really the same as tiktoken? Compare text by text, and show the first difference."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.files.definitions import DEFINITIONS
from bpelab.bpe.files.tiktoken_cache import cache_name, write_tiktoken_cache
from bpelab.bpe.splitting.regex_splitter import splitter_of

# How many ids and pieces of each side a difference shows, from the first that differs.
SHOWN = 8
_MISSING = "parity needs tiktoken: pip install 'bpelab[peers]'"
_environment = Lock()


@dataclass(frozen=True)
class Difference:
    """The first place where two encoders disagree, and what each makes of it."""

    source: str
    char_offset: int  # where the first token that differs begins
    byte_offset: int  # the same in the UTF-8 of the text
    piece: str  # the pre-token at that place, by our split
    our_ids: list[int]
    their_ids: list[int]
    our_tokens: list[bytes]
    their_tokens: list[bytes]
    our_pieces: list[str]
    their_pieces: list[str]  # by `regex` with their pattern, since tiktoken does not show its own


@dataclass(frozen=True)
class Comparison:
    """What was compared, and the first difference where there is one."""

    n_texts: int
    n_bytes: int
    n_tokens: int
    difference: Difference | None = None

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(
            self.n_texts + other.n_texts,
            self.n_bytes + other.n_bytes,
            self.n_tokens + other.n_tokens,
            self.difference or other.difference,
        )

    def as_json(self) -> dict[str, Any]:
        """Give what `json.dumps` takes, with the bytes of tokens in hexadecimal."""
        values = asdict(self)
        if self.difference is not None:
            for name in ("our_tokens", "their_tokens"):
                values["difference"][name] = [token.hex() for token in getattr(self.difference, name)]
        return values | {"equal": self.difference is None}


def load_tiktoken(name: str, path: str | os.PathLike[str] | None = None) -> Any:
    """Load the genuine `tiktoken.Encoding` of a name by its own loader.

    gpt2 and r50k_base need no network; the others come from `path` where one is given, and otherwise
    from where tiktoken itself looks for them. Raises `ValueError` for a name that is not known and
    `ImportError` where tiktoken is absent.
    """
    if name not in DEFINITIONS:
        raise ValueError(f"no encoding is named {name!r}; there are: {', '.join(DEFINITIONS)}")
    try:
        import tiktoken
        from tiktoken import registry
    except ImportError as error:
        raise ImportError(_MISSING) from error
    file = DEFINITIONS[name].file
    if file is not None and path is None:
        return tiktoken.get_encoding(name)
    with tempfile.TemporaryDirectory() as directory, _environment:
        if file is None:
            write_tiktoken_cache(directory)
        else:
            shutil.copy(os.fspath(path or ""), Path(directory) / cache_name(file.address))
            registry.ENCODINGS.pop(name, None)  # it may have been loaded from elsewhere
        before = os.environ.get("TIKTOKEN_CACHE_DIR")
        os.environ["TIKTOKEN_CACHE_DIR"] = directory
        try:
            return tiktoken.get_encoding(name)
        finally:
            if before is None:
                del os.environ["TIKTOKEN_CACHE_DIR"]
            else:
                os.environ["TIKTOKEN_CACHE_DIR"] = before


def as_tiktoken(encoding: Encoding) -> Any:
    """Make the genuine `tiktoken.Encoding` of our encoding's pattern, ranks and special tokens.

    It is for encodings that tiktoken has no name for. Raises `ImportError` where tiktoken is absent.
    """
    try:
        import tiktoken
    except ImportError as error:
        raise ImportError(_MISSING) from error
    return tiktoken.Encoding(
        encoding.name,
        pat_str=encoding.pattern,
        mergeable_ranks=dict(encoding.ranks),
        special_tokens=dict(encoding.special_tokens),
    )


def compare(ours: Encoding, theirs: Any, texts: Iterable[tuple[str, str]]) -> Comparison:
    """Encode (source, text) pairs with both, up to and including the first that differs."""
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


def smallest_difference(ours: Encoding, theirs: Any, text: str) -> str:
    """Cut away what a text on which two encoders disagree can lose while they still do.

    Takes away ever smaller stretches, down to single characters: at worst O(n²) encodings.
    """
    n_taken = max(1, len(text) // 2)
    while True:
        for start in range(0, len(text), n_taken):
            shorter = text[:start] + text[start + n_taken :]
            if ours.encode_ordinary(shorter) != theirs.encode_ordinary(shorter):
                text = shorter
                break
        else:
            if n_taken == 1:
                return text
            n_taken //= 2


def _first_difference(ours: Encoding, theirs: Any, source: str, text: str) -> Difference:
    our_ids, their_ids = ours.encode_ordinary(text), theirs.encode_ordinary(text)
    shared = min(len(our_ids), len(their_ids))
    at = next((i for i in range(shared) if our_ids[i] != their_ids[i]), shared)
    byte_offset = sum(map(len, ours.decode_tokens_bytes(our_ids[:at])))
    char_offset = len(text.encode("utf-8")[:byte_offset].decode("utf-8", "ignore"))
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
