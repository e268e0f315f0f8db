"""Promises of the encoders that take minutes to attack."""

import random

from bpelab.bpe import Encoding, get_encoding
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k": CL100K_PATTERN, "o200k": O200K_PATTERN}
CHARS = "aslBǅʰあ1½'!/ \t\n\r\u3000\u0301\x1c\u0085🙂é한"
NOT_UTF8 = [
    b"\xff",
    b"\xe2\x82",
    b"\xf0\x9f",
    b"\xed\xa0\x80",
    b"\xc3",
    b"\x80",
    b"\xc0\x80",
    b"\xf4\x90\x80\x80",
]


def any_bytes_have_tiktokens_ids(n: int = 100_000, seed: int = 1) -> str:
    """Any bytes, UTF-8 or not, have tiktoken's ids with each of the three patterns."""
    import tiktoken

    ranks = dict(get_encoding("gpt2").ranks)
    random_, n_done = random.Random(seed), 0
    for name, pattern in PATTERNS.items():
        parts = {"pat_str": pattern, "mergeable_ranks": ranks, "special_tokens": {"<|end|>": 60000}}
        ours, theirs = Encoding(name, **parts), tiktoken.Encoding(name, **parts)
        for _ in range(n // len(PATTERNS)):
            data = b"".join(
                random_.choice(NOT_UTF8)
                if random_.random() < 0.1
                else random_.randbytes(1)
                if random_.random() < 0.1
                else random_.choice(CHARS).encode()
                for _ in range(random_.randrange(12))
            )
            assert ours.encode_bytes(data) == theirs._encode_bytes(data), (name, data)
            n_done += 1
    return f"{n_done:,} byte strings, three patterns: the ids of tiktoken's _encode_bytes"


def batches_have_the_ids_of_each_text(n: int = 300_000, seed: int = 1) -> str:
    """A batch of short texts has the ids of each text alone, whatever stands before and after it."""
    ranks = get_encoding("gpt2").ranks
    random_, n_done = random.Random(seed), 0
    for name, pattern in PATTERNS.items():
        cached = Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={}, engine="cached")
        arrays = cached.with_engine("arrays")
        for _ in range(n // len(PATTERNS) // 1000):
            texts = ["".join(random_.choices(CHARS, k=random_.randrange(9))) for _ in range(1000)]
            for text, ids in zip(texts, arrays.encode_ordinary_batch(texts), strict=True):
                assert ids == cached.encode_ordinary(text), (name, text)
                n_done += 1
    return f"{n_done:,} texts in batches of 1,000, three patterns: the ids of each alone"
