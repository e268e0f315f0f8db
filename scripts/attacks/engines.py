"""Attacks on the engines: do all of them give tiktoken's ids, on a great many strings?"""

import random
import time
from itertools import pairwise

from bpelab.bpe import Encoding, get_encoding
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k": CL100K_PATTERN, "o200k": O200K_PATTERN}
ENGINES = ("cached", "arrays", "compiled")
STRINGS_A_BATCH = 20_000
COMMON = [
    " ",
    "  ",
    "'",
    "a",
    "B",
    "1",
    "12",
    "345",
    "\n",
    "\r\n",
    " \n",
    "\t",
    " the",
    "ing",
    "'s",
    "'ll",
    "I'VE",
    "//",
    "안녕",
    "é",
]
COMMON += [
    "don't",
    "\u0301",
    "!",
    "?",
    "...",
    " (",
    ")",
    "=",
    "==",
    "_",
    "x",
    "Z",
    "中",
    "한국어",
    "🙂",
    "\u3000",
    "½",
    "'D",
    " s",
    "re",
]


def _strings(source: "random.Random", edges: list[str], n: int) -> list[str]:
    """Return strings of 0 to 39 characters: one long random text, cut at random places."""
    text = repair_surrogates("".join(source.choices(edges, k=8 * n)))
    ends = sorted(source.choices(range(len(text)), k=n - 1))
    return [text[start : min(end, start + 39)] for start, end in pairwise([0, *ends, len(text)])]


def differential(n_strings: int = 100_000_000, seed: int = 0) -> str:
    """Every engine gives tiktoken's ids: each string of a batch, and all of the batch as one text.

    Arrays and compiled loops get every string, the cache every twentieth, the textbook every thousandth.
    """
    import tiktoken

    source, ranks, n_done, start = random.Random(seed), dict(get_encoding("gpt2").ranks), 0, time.monotonic()
    fuzz = fuzz_texts(seed)
    # Mostly what is common, so that pieces come again and most of the time goes into comparing.
    edges = COMMON * 40 + sorted({letter for _ in range(2_000) for letter in next(fuzz)})
    for name, pattern in PATTERNS.items():
        parts = {"pat_str": pattern, "mergeable_ranks": ranks, "special_tokens": {}}
        theirs, ours = tiktoken.Encoding(name, **parts), Encoding(name, **parts, engine="cached")
        engines = [ours.with_engine(engine) for engine in ENGINES]
        for number in range(max(1, n_strings // len(PATTERNS) // STRINGS_A_BATCH)):
            strings = _strings(source, edges, STRINGS_A_BATCH)
            expected = list(map(theirs.encode_ordinary, strings))
            whole = "".join(strings)
            of_whole = theirs.encode_ordinary(whole)
            for encoding in engines if number % 20 == 0 else engines[1:]:
                found = encoding.encode_ordinary_batch(strings, num_threads=1)
                if found != expected:
                    place = next(i for i, ids in enumerate(found) if ids != expected[i])
                    raise AssertionError(f"{encoding.engine}, {name}: {strings[place]!r}, seed {seed}")
                assert encoding.encode_ordinary(whole) == of_whole, (encoding.engine, name, seed, n_done)
            few = strings[:: STRINGS_A_BATCH // 20]
            textbook = ours.with_engine("textbook")
            assert [textbook.encode_ordinary(text) for text in few] == expected[:: STRINGS_A_BATCH // 20]
            n_done += len(strings)
    seconds = time.monotonic() - start
    return (
        f"{n_done:,} strings by {len(ENGINES)} engines and three patterns: tiktoken's ids ({seconds:,.0f} s)"
    )
