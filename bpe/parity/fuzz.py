"""Which random strings are most likely to show a difference? Those made of the pattern's edge cases."""

import random
from collections.abc import Iterator
from itertools import islice

from bpelab.bpe.parity.sample import multilingual_sample

# Characters of each class that a pattern can tell apart, several of each so that tokens meet as well.
# One class a line.
# fmt: off
_EDGES = [
    "a", "s", "t", "ll", "ve", "re", "d", "m", "S", "LL", "Re",
    "A", "Z",
    "the", " the", "ing",
    "é", "ß", "ǅ", "ʰ", "ª",
    "あ", "한", "中", "ا", "ש", "ก",
    "𐐀", "𐐨", "𝐀",
    "'", "'", "’", "'s", "'ll", "'VE",
    "0", "1", "12", "345",
    "½", "²", "Ⅷ", "٣", "१", "𝟙",
    " ", " ", " ", "  ", "   ",
    "\n", "\n", "\n\n", "\r\n", "\r", "\t",
    "\x0b", "\x0c", "\x1c", "\x85", "\xa0",
    "\u2003", "\u2028", "\u3000",
    "\u200b", "\u200d", "\ufeff", "\u180e",
    "!", "?", ".", ",", "/", "//", "-", "--", "_", "(", ")", "=", "==", "#", "$",
    "…", "—", "€",
    "🙂", "👩‍🚀", "🇰🇷",
    "\u0301", "\u20e3", "\ufe0f", "\u0902",
    "<|endoftext|>", "<|", "|>",
    "\x00", "\x7f", "\ue000", "\U0010ffff",
    "\ud800", "\udc00", "\ud83d\ude42",
]
# fmt: on


def fuzz_texts(seed: int) -> Iterator[str]:
    """Yield strings without end, the same for the same seed; most are short, some have hundreds of letters.

    Half of them are made of the patterns' edge cases. The others also have stretches of the multilingual
    sample and any code points.
    """
    source = random.Random(seed)
    sample = "\n".join(text for _, text in multilingual_sample())
    while True:
        # Drawn a few hundred at a time: `choices` is fast, calling it is not.
        stretches = [sample[i : i + source.randint(1, 12)] for i in source.choices(range(len(sample)), k=200)]
        anything = [chr(point) for point in source.choices(range(0x110000), k=100)]
        pool = _EDGES * 2 + stretches + anything
        for fragments in (_EDGES, pool):
            drawn = iter(source.choices(fragments, k=6000))  # 1,000 texts take some 4,500
            lengths = source.choices([1, 2, 3, 4, 5, 6, 8, 12, 20], [4, 8, 8, 8, 6, 5, 3, 2, 1], k=1000)
            for n_fragments in lengths:
                yield "".join(islice(drawn, n_fragments))
            yield "".join(source.choices(fragments, k=200))
            # One piece, long enough to be merged as long pieces are.
            yield source.choice(fragments) * source.randint(2, 300)
