"""Which encoder gives tiktoken's ids on which kind of text? Each is asked in a process of its own.

python -m bpelab.benchmarks.harness.conformance gigatoken

A crash ends that process alone: it counts as the answer to the kind of text that was being encoded, and
another process goes on with the next kind.
"""

import itertools
import json
import os
import pydoc_data.topics
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import pytest
from bpelab.benchmarks.harness import guarded
from bpelab.bpe.parity.fuzz import fuzz_texts
from bpelab.bpe.parity.sample import multilingual_sample
from bpelab.bpe.parity.standard_library import standard_library

# Sections of the sample that have a kind of their own.
SPECIAL = ["White space", "Not white space", "Line ends", "Combining marks"]
SPECIAL += ["Unassigned and private", "Letters of Unicode 17"]
ENCODERS = (
    "bpelab", "bpelab's textbook", "bpelab's cache", "bpelab's arrays", "bpelab's compiled loops",
    "tokenizers", "gigatoken", "fastokens", "tokie", "bpe-openai", "rs-bpe",
)  # fmt: skip
# The encoding that an encoder is asked about is the first of these that it has.
ENCODINGS = ("gpt2", "cl100k_base")
PROGRAM = [sys.executable, "-m", "bpelab.benchmarks.harness.conformance"]
TEXTBOOK_CHARS = 1_000  # of a text: its time grows with the square of a piece's length
SHOWN = 40  # bytes of a text, from a difference on

Texts = Sequence[str]


def _prose() -> Texts:
    return [text[:2_000] for text in list(pydoc_data.topics.topics.values())[:20]]


def _code() -> Texts:
    return [text[:5_000] for _, text in itertools.islice(standard_library(), 8)]


def _sample(*names: str) -> Texts:
    return [text for name, text in multilingual_sample() if name in names]


def _languages() -> Texts:
    return [text for name, text in multilingual_sample() if name not in SPECIAL]


def _contractions() -> Texts:
    endings = ["s", "t", "re", "ve", "m", "ll", "d", "S", "T", "RE", "Ve", "x", "sys", "True"]
    befores = ["it", "IT", "\n", " ", "\t", "1", "!", "é", "한", "", "''"]
    return [f"{before}{mark}{ending} " for mark in "'’" for before in befores for ending in endings]


def _mixed(words: Sequence[str], n: int = 60) -> Texts:
    draw = random.Random(1)
    return ["".join(draw.choices(words, k=draw.randint(1, 12))) for _ in range(n)]


def _long_pieces() -> Texts:
    letters = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=5_000))
    return ["a" * 3_000, " " * 3_000, "🙂" * 500, letters, "\n" * 3_000, "=" * 3_000, "é" * 2_000]


def _random_strings() -> Texts:
    """Return random strings without what has a kind of its own."""
    texts = (text[:300] for text in fuzz_texts(1))
    plain = (text for text in texts if "<|" not in text and not any(map(_is_surrogate, text)))
    return list(itertools.islice(plain, 300))


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"


SPACES = [" ", "  ", "\n", "\r\n", "\t", "\x0b", "\x0c", "\x1c", "\x85", "\xa0"]
SPACES += ["\u2003", "\u3000", "a", "1", "!"]
DIGITS = ["0", "1", "12", "345", "6789", "½", "²", "Ⅷ", "٣", "१", "𝟙", " ", "a", "."]
MARKS = ["e\u0301", "\u0301", "\u20e3", "\ufe0f", "\u0902", "a", " ", "1", "'"]
KINDS: Mapping[str, Callable[[], Texts]] = {
    "prose": _prose,
    "code": _code,
    "languages": _languages,
    "contractions": _contractions,
    "white space": lambda: [*_sample("White space", "Not white space", "Line ends"), *_mixed(SPACES)],
    "digits": lambda: _mixed(DIGITS),
    "marks": lambda: [*_sample("Combining marks"), *_mixed(MARKS)],
    "surrogates": lambda: ["\ud800", "a\udc00b", "\ud83d\ude42", "it's \udfff 1"],
    "long pieces": _long_pieces,
    "new Unicode": lambda: _sample("Letters of Unicode 17", "Unassigned and private"),
    "special tokens": lambda: ["<|endoftext|>", "a<|endoftext|>b", "<|endoftext|", " <|fim_prefix|>"],
    "random strings": _random_strings,
}


def conformance() -> list[dict[str, Any]]:
    """Ask every encoder about every kind of text.

    Each answer has the `encoder`, its `encoding`, the `kind` of text, the number of texts, and the first
    `difference`: None if all ids are tiktoken's. An encoder that is not installed has no answers.
    """
    return [answer for encoder in ENCODERS for answer in _asked(encoder)]


def _asked(encoder: str) -> Iterator[dict[str, Any]]:
    """Yield the answers of one encoder; where its process dies, go on in another after that kind of text."""
    kinds = list(KINDS)
    while kinds:
        done = guarded.run([*PROGRAM, encoder, *kinds], os.environ)
        answers = [json.loads(line) for line in done["output"].splitlines() if line.startswith("{")]
        yield from (answer for answer in answers if "difference" in answer)
        if done["returncode"] == 0 or not answers:
            return
        begun = answers[-1]
        lines = done["errors"].strip().splitlines() or [f"it ended with {done['returncode']}"]
        yield begun | {"difference": {"text": "", "told": f"crashed: {lines[-1][:200]}"}}
        kinds = kinds[kinds.index(begun["kind"]) + 1 :]


def ask(encoder: str, kinds: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield, for each kind of text, what is being asked, and then the same with the answer."""
    from bpelab.benchmarks.harness import peers

    for encoding in ENCODINGS:
        try:
            encode = peers.to_list(encoder, encoding)
            break
        except pytest.skip.Exception:
            continue
    else:
        return
    reference = peers.tiktoken_encoding(encoding)
    for kind in kinds:
        texts = KINDS[kind]()
        if encoder == peers.TEXTBOOK:
            texts = [text[:TEXTBOOK_CHARS] for text in texts]
        begun = {"encoder": encoder, "encoding": encoding, "kind": kind, "n_texts": len(texts)}
        yield begun
        compare = partial(_difference, encode, reference)
        yield begun | {"difference": next(filter(None, map(compare, texts)), None)}


def _difference(encode: Callable[[str], Any], reference: Any, text: str) -> dict[str, str] | None:
    """Return the first ids that differ, with the text around them; None if none do."""
    theirs = reference.encode_ordinary(text)
    try:
        ours = [int(token) for token in encode(text)]
    except Exception as error:  # whatever it is, it is the answer
        return {"text": ascii(text[:SHOWN]), "told": f"{type(error).__name__}: {error}"[:200]}
    if ours == theirs:
        return None
    place = next(
        (i for i, (one, other) in enumerate(zip(ours, theirs, strict=False)) if one != other),
        min(len(ours), len(theirs)),
    )
    about = f"{ours[place : place + 3]} at token {place}, where tiktoken gives {theirs[place : place + 3]}"
    return {"text": _escaped(text, len(reference.decode_bytes(theirs[:place]))), "told": about}


def _escaped(text: str, n_bytes: int) -> str:
    """Return the text around a byte, with everything escaped that is not ASCII."""
    data = text.encode("utf-8", "replace")
    start, end = max(0, n_bytes - SHOWN // 4), n_bytes + SHOWN
    shown = ascii(data[start:end].decode("utf-8", "ignore"))
    return ("…" if start else "") + shown + ("…" if end < len(data) else "")


def main() -> None:
    """Ask the encoder that the arguments name about the kinds that they name, an answer per line."""
    encoder, *kinds = sys.argv[1:]
    for answer in ask(encoder, kinds or list(KINDS)):
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
