"""How does text become numbers word by word, and what happens to a word that was never seen?

The two classes of sections 2.3 and 2.4 of "Build a Large Language Model (From Scratch)", with its names
and values. The first refuses an unknown word; the second has a token for all of them.
"""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from operator import index

from bpelab.tokenizers.words import UNKNOWN, place_words, split_words


class UnknownWordError(KeyError):
    """A word that is not in the vocabulary; `word` and `position`, in characters, say which and where."""

    def __init__(self, word: str, position: int, vocabulary: Iterable[str]) -> None:
        nearest = ", ".join(map(repr, get_close_matches(word, vocabulary)))
        super().__init__(
            f"the word {word!r} at character {position:,} is not in the vocabulary"
            + (f"; the nearest are {nearest}" if nearest else "")
            + ": use a vocabulary that has it, or SimpleTokenizerV2"
        )
        self.word = word
        self.position = position

    def __str__(self) -> str:  # KeyError would show the repr
        return str(self.args[0])


class SimpleTokenizerV1:
    """Words to their numbers and back; an unknown word is an error.

    `vocab` maps each word to its id, as `build_vocabulary` makes it. Raises `ValueError` where two words have
    the same id or an id is negative, and `TypeError` where a word is not text or an id is not an integer.

    >>> from bpelab.tokenizers.words import build_vocabulary
    >>> tokenizer = SimpleTokenizerV1(build_vocabulary("It's the last, you know."))
    >>> tokenizer.encode("the last, you know")
    [7, 5, 1, 8, 4]
    >>> tokenizer.decode([7, 5, 1, 8, 4])
    'the last, you know'
    >>> tokenizer.encode("the lasts")
    Traceback (most recent call last):
    bpelab.tokenizers.simple.UnknownWordError: the word 'lasts' at character 4 is not in the vocabulary; \
the nearest are 'last': use a vocabulary that has it, or SimpleTokenizerV2
    """

    # No space is left before these when text is put together again.
    _closes_up = re.compile(r"""\s+([,.?!"()'])""")

    def __init__(self, vocab: Mapping[str, int]) -> None:
        self.str_to_int = dict(vocab)
        for word, number in self.str_to_int.items():
            if not isinstance(word, str) or not isinstance(number, int) or isinstance(number, bool):
                raise TypeError(f"a vocabulary maps words to integers, not {word!r:.80} to {number!r:.80}")
        self.int_to_str = {number: word for word, number in self.str_to_int.items()}
        if len(self.int_to_str) < len(self.str_to_int):
            word, number = next(
                (word, number) for word, number in self.str_to_int.items() if self.int_to_str[number] != word
            )
            raise ValueError(f"{word!r} and {self.int_to_str[number]!r} have the same id, {number}")
        if self.int_to_str and min(self.int_to_str) < 0:
            raise ValueError(
                f"{self.int_to_str[min(self.int_to_str)]!r} has the negative id {min(self.int_to_str)}"
            )

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text's words; `UnknownWordError`, a `KeyError`, for a word without an id."""
        try:
            return [self.str_to_int[word] for word in split_words(text)]
        except KeyError:
            position, word = next(
                (start, word) for start, word in place_words(text) if word not in self.str_to_int
            )
        raise UnknownWordError(word, position, self.str_to_int)

    def decode(self, ids: Iterable[int]) -> str:
        """Join the words of ids by spaces, except before punctuation; `KeyError` for an id without a word.

        Ids may also be integers of NumPy or PyTorch; `TypeError` for anything that is not an integer.
        The text is not the one that was encoded: its white space is lost.
        """
        words = []
        for number in ids:
            try:
                words.append(self.int_to_str[index(number)])
            except TypeError:
                raise TypeError(f"ids are integers, not {number!r:.80}") from None
            except KeyError:
                raise KeyError(f"no word has the id {number!r}; ids are 0 to {self.n_vocab - 1:,}") from None
        return self._closes_up.sub(r"\1", " ".join(words))

    @property
    def n_vocab(self) -> int:
        """The highest id plus one."""
        return max(self.int_to_str, default=-1) + 1


class SimpleTokenizerV2(SimpleTokenizerV1):
    """The same, where all unknown words have one token, and special tokens are words like any other.

    `unknown` is the token for unknown words. Raises `ValueError` where the vocabulary lacks it.

    >>> from bpelab.bpe.splitting.specials import END_OF_TEXT
    >>> from bpelab.tokenizers.words import build_vocabulary
    >>> tokenizer = SimpleTokenizerV2(build_vocabulary("do you like tea?", [END_OF_TEXT, UNKNOWN]))
    >>> tokenizer.encode("Hello, do you like tea? <|endoftext|> I do.")
    [6, 6, 1, 4, 2, 3, 0, 5, 6, 1, 6]
    >>> tokenizer.decode([6, 1, 4, 0, 5])
    '<|unk|> do you? <|endoftext|>'
    """

    _closes_up = re.compile(r"""\s+([,.:;?!"()'])""")

    def __init__(self, vocab: Mapping[str, int], *, unknown: str = UNKNOWN) -> None:
        super().__init__(vocab)
        if unknown not in self.str_to_int:
            raise ValueError(
                f"the vocabulary has no {unknown!r}: build it with"
                f" build_vocabulary(text, special_tokens=['<|endoftext|>', {unknown!r}])"
            )
        self.unknown = unknown

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text's words; a word without an id has that of `unknown`."""
        unknown_id = self.str_to_int[self.unknown]
        return [self.str_to_int.get(word, unknown_id) for word in split_words(text)]
