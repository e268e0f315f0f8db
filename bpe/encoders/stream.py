"""How does a text that comes in chunks, or a file of any size, get exactly the ids of the whole?"""

import codecs
import os
from collections.abc import Callable, Iterable, Iterator

from bpelab.bpe.encoders.engine import Ids
from bpelab.bpe.foundation.arguments import require_text
from bpelab.bpe.splitting.patterns import KNOWN_PATTERNS, UNFINISHED_PIECES
from bpelab.bpe.splitting.specials import refuse_special, special_finder

# Large enough that the few pieces encoded twice at its end cost nothing, small enough for any memory.
BLOCK_CHARS = 1 << 18
_CHECKED_CHARS = 1 << 14  # at a time, which the processor's cache holds


def repair_surrogates(text: str) -> str:
    r"""Join surrogate pairs and replace lone surrogates by U+FFFD, as tiktoken does.

    Raises `TypeError` for input that is not text.

    >>> repair_surrogates("\ud83d\ude42 \ud83d")
    '🙂 �'
    """
    require_text(text)
    try:
        refuse_surrogates(text)
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def refuse_surrogates(text: str) -> None:
    """Raise the `UnicodeEncodeError` that encoding the text would, without the memory for all its UTF-8.

    UTF-16 refuses the same characters, and Python makes it two to four times as fast. Blocks of ASCII, which
    most are where there is one emoji in a book, are spared it.
    """
    if text.isascii():
        return
    for start in range(0, len(text), _CHECKED_CHARS):
        block = text[start : start + _CHECKED_CHARS]
        try:
            _ = block.isascii() or block.encode("utf-16")
        except UnicodeEncodeError:
            text.encode("utf-8")  # names the place in the whole text


def repaired_blocks(chunks: Iterable[str]) -> Iterator[str]:
    r"""Yield the text of the chunks without surrogates, also where a pair lies across two chunks.

    >>> list(repaired_blocks(["a\ud83d", "\ude42", "b\ud83d"]))
    ['a', '🙂', 'b', '�']
    """
    high = ""
    for chunk in chunks:
        require_text(chunk)
        text = high + chunk
        high = text[-1] if text and "\ud800" <= text[-1] < "\udc00" else ""
        yield repair_surrogates(text.removesuffix(high))
    yield repair_surrogates(high)


def finished_pieces(pieces: list[str], pattern: str) -> list[str]:
    """Return the pieces of a text that stay the same however it goes on, by the tail rule of `patterns`.

    With a pattern whose rules are not known, any piece may change.

    >>> from bpelab.bpe.splitting.patterns import GPT2_PATTERN
    >>> finished_pieces(["one", " two", " th"], GPT2_PATTERN), finished_pieces(["one", "two"], "[a-z]+")
    (['one'], [])
    """
    return pieces[:-UNFINISHED_PIECES] if pattern in KNOWN_PATTERNS else []


def encode_chunks(
    chunks: Iterable[str],
    *,
    encode: Callable[[str, frozenset[str]], Iterator[Ids]],
    encode_beginning: Callable[[str], tuple[list[Ids], int]],
    allowed: frozenset[str],
    disallowed: frozenset[str],
) -> Iterator[Ids]:
    """Yield the ids of the text that the chunks make together, some at a time and in order.

    All that has come is encoded except its end, which may still change and waits for what follows. So does
    anything that might be the beginning of a special token.
    """
    names = allowed | disallowed
    held = special_finder(names).longest - 1 if names else 0
    waiting: list[str] = []
    n_waiting = n_before = 0
    wanted = BLOCK_CHARS
    for chunk in repaired_blocks(chunks):
        waiting.append(chunk)
        n_waiting += len(chunk)
        if n_waiting < wanted:
            continue
        text = "".join(waiting)
        refuse_special(text, disallowed, n_before)
        limit = max(0, len(text) - held)  # a special token that starts before this place is here as a whole
        done = 0
        for special in special_finder(allowed).all(text) if allowed else ():
            if special.start >= limit:
                break
            yield from encode(text[done : special.end], allowed)
            done = special.end
        ids, n_chars = encode_beginning(text[done:limit])
        yield from ids
        done += n_chars
        n_before += done
        waiting = [text[done:]]
        n_waiting = len(text) - done
        wanted = max(BLOCK_CHARS, 2 * n_waiting)  # doubled, so that a long piece is not split too often
    text = "".join(waiting)
    refuse_special(text, disallowed, n_before)
    yield from encode(text, allowed)


def read_chunks(path: str | os.PathLike[str], errors: str) -> Iterator[str]:
    """Yield the text of a UTF-8 file in chunks; line ends stay as they are.

    Raises `ValueError` that names the file and the byte where it is not UTF-8, unless `errors`
    (as in `bytes.decode`) says what else to do.
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    n_before = 0  # bytes of the file before those that the decoder has not used yet
    with open(path, "rb") as file:
        while True:
            data = file.read(BLOCK_CHARS)
            n_held = len(decoder.getstate()[0])
            try:
                yield decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                place = n_before - n_held + error.start
                raise ValueError(
                    f"{os.fspath(path)}: not UTF-8 at byte {place:,} ({error.reason});"
                    " pass errors='replace' to encode U+FFFD there"
                ) from None
            if not data:
                return
            n_before += len(data)


def decode_chunks(chunks: Iterable[bytes], errors: str) -> Iterator[str]:
    """Yield the text of chunks of UTF-8, each time as much as has only whole characters.

    >>> list(decode_chunks([b"a\\xc3", b"\\xa9b"], "strict"))
    ['a', 'éb']
    """
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
