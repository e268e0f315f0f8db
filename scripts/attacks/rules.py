"""Attacks on splitting: patterns that are said to match everything, and rules for arrays against the patterns."""

import random
from itertools import pairwise

from bpelab.bpe.splitting.array_splitter import array_splitter
from bpelab.bpe.splitting.dialect.coverage import matches_everything
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.splitting.regex_splitter import Splitter

_PARTS = [r"\p{L}", r"[^\s\p{L}]", r"\s", r"\S", "a", "[^a]", ".", r"\n", "(?=a)", r"\b", "(?!a)", "(a|b)"]
_REPEATS = ["", "", "?", "+", "*", "{2}", "{1,3}", "?+", "*+", "++", "+?"]
_RESTS = [[], [r"\s", r"\S"], [r"\S+", r"\S?\s"], [r"[^a]", r" ?+a"], [r"[^a ]", r"\s?+[^b ]+", r"\s"]]


def coverage(n_patterns: int = 5000, seed: int = 0) -> str:
    """A pattern that is said to match everything leaves nothing of any text out."""
    draw, n_said, n_texts = random.Random(seed), 0, 0
    for _ in range(n_patterns):
        rules = [
            "".join(draw.choice(_PARTS) + draw.choice(_REPEATS) for _ in range(draw.randint(1, 3)))
            for _ in range(draw.randint(0, 3))
        ]
        pattern = "|".join(rules + draw.choice(_RESTS))
        try:
            is_said = matches_everything.__wrapped__(pattern)
        except ValueError:
            continue
        if is_said:
            n_said += 1
            split = Splitter(pattern).split
            for _ in range(50):
                text = "".join(draw.choice("ab1 \n-é\U0001f642") for _ in range(draw.randint(0, 8)))
                assert "".join(split(text)) == text, (pattern, text)
                n_texts += 1
    return (
        f"{n_patterns:,} patterns, {n_said:,} said to match everything, {n_texts:,} texts: nothing left out"
    )


def arrays_and_patterns(n_texts: int = 200_000, seed: int = 0) -> str:
    """The rules for arrays cut any text where the pattern cuts it."""
    alphabet = "aAsSlLvVeErRtTdDmMſ''''  \n\n\r\t\x0b\u00a011½!!/.é안あʰ\u0301"
    draw = random.Random(seed)
    for pattern in (GPT2_PATTERN, CL100K_PATTERN, O200K_PATTERN):
        split, by_pattern = array_splitter(pattern), Splitter(pattern).split
        for _ in range(n_texts):
            text = "".join(draw.choices(alphabet, k=draw.randint(1, 14)))
            data, starts = split(text)
            ends = starts.tolist()
            found = [data[a:b].decode() for a, b in pairwise(ends)]
            assert found == by_pattern(text), (pattern, text)
    return f"{3 * n_texts:,} texts by three patterns: none cut in another place"
