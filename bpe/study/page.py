"""How can one file let anybody try an encoding, without a network and without Python?

The page holds the table of tokens, the classes of Unicode and a tokenizer in JavaScript (`page.js`).
"""

import base64
import json
import os
import zlib
from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise

import numpy as np
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN

# The same patterns without the syntax that JavaScript lacks. Possessive and greedy repetition cut alike here:
# no alternative continues, after a possessive part, with anything that part could have given back. Case is
# ignored letter by letter; beyond ASCII only U+017F, the long s, is any of these letters.
_CONTRACTIONS = "'(?:[sSſdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])"
_O200K_CONTRACTIONS = f"(?:{_CONTRACTIONS})?"
_LETTERS_AFTER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_LETTERS_BEFORE = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
JAVASCRIPT_PATTERNS = {
    GPT2_PATTERN: r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+$|\s+(?!\S)|\s",
    CL100K_PATTERN: (
        _CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s+$|\s*[\r\n]|\s+(?!\S)|\s"
    ),
    O200K_PATTERN: "|".join(
        [
            rf"[^\r\n\p{{L}}\p{{N}}]?{_LETTERS_BEFORE}*{_LETTERS_AFTER}+{_O200K_CONTRACTIONS}",
            rf"[^\r\n\p{{L}}\p{{N}}]?{_LETTERS_BEFORE}+{_LETTERS_AFTER}*{_O200K_CONTRACTIONS}",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n\/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ]
    ),
}
NAMES_OF_PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k_base": CL100K_PATTERN, "o200k_base": O200K_PATTERN}
# Where the parts go, each of which may be several files; the part about learning has a script of its own.
PARTS = {
    "/* style */": ("page.css", "train_page.css"),
    "<!-- learning -->": ("train_page.html",),
    "/* learning script */": ("train_rule.js", "train_words.js", "train_draw.js", "train_page.js"),
    "/* script */": ("page.js",),
}
MAX_TOKEN_BYTES = 2**16 - 1
FIRST_TEXT = "Hello, world! Tokenization of 안녕하세요 <script> 🙂"


def write_page(path: str | os.PathLike[str], encodings: Sequence[Encoding], text: str = "") -> int:
    """Write a page for one or two encodings, which shows `text` at first, and return its size in bytes.

    A page for gpt2 has 0.3 MB; cl100k_base adds 0.5 MB, o200k_base 1.1 MB. The text of a special
    token is plain text there. Raises what `page_html` and writing a file raise.
    """
    data = page_html(encodings, text).encode("utf-8")
    write_atomically(path, data)
    return len(data)


def page_html(encodings: Sequence[Encoding], text: str = "") -> str:
    """Return the page as one HTML document that loads nothing else.

    Raises `ValueError` for an encoding whose pattern is not one of OpenAI's: only those are known to cut
    alike in JavaScript.

    >>> from bpelab.bpe import get_encoding
    >>> page_html([get_encoding("gpt2")])[:15]
    '<!doctype html>'
    """
    classes = files("bpelab.bpe.data").joinpath("unicode16.classes").read_bytes()
    data = {
        "text": text or FIRST_TEXT,
        "patterns": {name: JAVASCRIPT_PATTERNS[pattern] for name, pattern in NAMES_OF_PATTERNS.items()},
        "classes": base64.b64encode(classes).decode(),
        "encodings": [
            {"name": encoding.name, "pattern": _pattern(encoding), "table": _packed(encoding)}
            for encoding in encodings
        ],
    }
    # Within a script element only "<" could end it.
    as_json = json.dumps(data).replace("<", "\\u003c")
    page = _part("page.html")
    for mark, names in PARTS.items():
        page = page.replace(mark, "".join(map(_part, names)))
    return page.replace("/* data */", as_json)


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _pattern(encoding: Encoding) -> str:
    pattern = JAVASCRIPT_PATTERNS.get(encoding.pattern)
    if pattern is None:
        raise ValueError(
            f"{encoding.name}: the page knows the patterns of gpt2, cl100k_base and o200k_base, not"
            f" {encoding.pattern!r}; show this encoding with trace_encode, or on the terminal"
        )
    return pattern


def _packed(encoding: Encoding) -> str:
    """Compress all mergeable tokens in the order of their bytes, which makes neighbours most alike.

    The result is the zlib compression of: the number of tokens, uint32; for each token how many bytes it
    shares with the one before and how many it adds, both uint16, and its id, uint32; the added bytes. All
    numbers are little-endian and stored in planes, the low bytes of all before the next ones. This is a
    sixth smaller than in the order of the ids.
    """
    tokens = sorted(encoding.ranks.items())
    lengths = np.array([len(token) for token, _ in tokens])
    if lengths.max() > MAX_TOKEN_BYTES:
        raise ValueError(
            f"{encoding.name}: a token of {lengths.max():,} bytes; a page holds {MAX_TOKEN_BYTES:,}"
        )
    names = [b"", *(token for token, _ in tokens)]
    common = np.array([len(os.path.commonprefix(pair)) for pair in pairwise(names)])  # noqa: RUF071 - of bytes
    ids = np.array([rank for _, rank in tokens])
    planes = [
        (values >> shift & 255).astype(np.uint8).tobytes()
        for values, n_bytes in ((common, 2), (lengths - common, 2), (ids, 4))
        for shift in range(0, 8 * n_bytes, 8)
    ]
    rest = [token[start:] for (token, _), start in zip(tokens, common.tolist(), strict=True)]
    data = len(tokens).to_bytes(4, "little") + b"".join([*planes, *rest])
    return base64.b64encode(zlib.compress(data, 9)).decode()
