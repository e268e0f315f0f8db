"""What are the words of a text, and which number has each? The chapter's splitter and its vocabulary.

Both are from sections 2.2 to 2.4 of "Build a Large Language Model (From Scratch)", where the text is
Edith Wharton's "The Verdict": 4,690 pieces, 1,130 different ones.
"""

import re
from collections.abc import Iterable, Iterator

_SPLIT = re.compile(r"""([,.:;?_!"()']|--|\s)""")

UNKNOWN = "<|unk|>"


def split_words(text: str) -> list[str]:
    """Split a text into words and punctuation marks; white space separates them and is dropped.

    A dash is two hyphens; one hyphen stays within its word. Time and memory are linear in the text.

    >>> split_words("Hello, world. Is this-- a test?")
    ['Hello', ',', 'world', '.', 'Is', 'this', '--', 'a', 'test', '?']
    """
    return [piece for piece in _SPLIT.split(text) if piece and not piece.isspace()]


def place_words(text: str) -> Iterator[tuple[int, str]]:
    """Yield the index of each piece's first character, and the piece.

    >>> list(place_words("a  b,"))
    [(0, 'a'), (3, 'b'), (4, ',')]
    """
    start = 0
    for piece in _SPLIT.split(text):
        if piece and not piece.isspace():
            yield start, piece
        start += len(piece)


def build_vocabulary(text: str, special_tokens: Iterable[str] = ()) -> dict[str, int]:
    """Number the distinct words of a text in sorted order, from 0, and the special tokens after them.

    A special token that is already a word of the text is not numbered twice. Raises `ValueError` for one
    that the splitter would take apart, since no text could then contain it, and `TypeError` where
    `special_tokens` is one text.

    >>> from bpelab.bpe.splitting.specials import END_OF_TEXT
    >>> build_vocabulary("the cat, the dog", [END_OF_TEXT, UNKNOWN])
    {',': 0, 'cat': 1, 'dog': 2, 'the': 3, '<|endoftext|>': 4, '<|unk|>': 5}
    >>> build_vocabulary("", ["[NEW_LINE]"])
    Traceback (most recent call last):
    ValueError: the special token '[NEW_LINE]' is split into '[NEW', '_', 'LINE]': use one without punctuation
    """
    if isinstance(special_tokens, str):
        raise TypeError(f"special_tokens is the text {special_tokens!r:.80}; pass a list of texts")
    words = sorted(set(split_words(text)))
    for special in special_tokens:
        pieces = split_words(special)
        if pieces != [special]:
            shown = ", ".join(map(repr, pieces)) or "nothing"
            raise ValueError(
                f"the special token {special!r} is split into {shown}: use one without punctuation"
            )
        if special not in words:
            words.append(special)
    return {word: number for number, word in enumerate(words)}
