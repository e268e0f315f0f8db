"""How can one file let anybody try an encoding, without a network and without Python?

The page holds the tables of tokens, the classes of Unicode and a tokenizer in JavaScript (`encode.js`).
"""

import base64
import json
import os
import zlib
from collections.abc import Sequence
from importlib.resources import files
from itertools import pairwise

import numpy as np
from bpelab.bpe.encoders.stream import repair_surrogates
from bpelab.bpe.encoding import Encoding
from bpelab.bpe.foundation.writing import write_atomically
from bpelab.bpe.splitting.patterns import CL100K_PATTERN, GPT2_PATTERN, O200K_PATTERN
from bpelab.bpe.study.browser_patterns import JAVASCRIPT_PATTERNS, alternatives
from bpelab.bpe.study.languages import article1

NAMES_OF_PATTERNS = {"gpt2": GPT2_PATTERN, "cl100k_base": CL100K_PATTERN, "o200k_base": O200K_PATTERN}
MAX_TOKEN_BYTES = 2**16 - 1
# Where the parts go, in the order of reading. The part about learning has a script of its own.
PARTS = {
    "/* style */": ("page.css", "train_page.css"),
    "<!-- learning -->": ("train_page.html",),
    "/* learning script */": (
        "train_rule.js",
        "train_words.js",
        "train_draw.js",
        "train_view.js",
        "train_page.js",
    ),
    "/* script */": (
        "page.js",
        "language.js",
        "encode.js",
        "split.js",
        "draw.js",
        "play.js",
        "compare.js",
    ),
}


def write_page(path: str | os.PathLike[str], encodings: Sequence[Encoding], text: str = "") -> int:
    """Write a page for these encodings, which shows `text` at first, and return its size in bytes.

    Two encodings are shown side by side, and any of them can be chosen there. A page for gpt2 has 0.4 MB;
    cl100k_base adds 0.5 MB, o200k_base 1.1 MB. Raises what `page_html` and writing a file raise.
    """
    data = page_html(encodings, text).encode("utf-8")
    write_atomically(path, data)
    return len(data)


def page_html(encodings: Sequence[Encoding], text: str = "") -> str:
    """Return the page as one HTML document that loads nothing else.

    Raises `ValueError` for an encoding whose pattern is not one of OpenAI's: only those are known to cut
    alike in JavaScript; and for two encodings of one name.

    >>> from bpelab.bpe import get_encoding
    >>> page_html([get_encoding("gpt2")])[:15]
    '<!doctype html>'
    """
    names = [encoding.name for encoding in encodings]
    if len(set(names)) < len(names):
        raise ValueError(
            f"the page knows encodings by their names, and of {', '.join(names)} two are the same"
        )
    classes = files("bpelab.bpe.data").joinpath("unicode16.classes").read_bytes()
    data = {
        "text": repair_surrogates(text),
        "patterns": {name: _in_javascript(pattern) for name, pattern in NAMES_OF_PATTERNS.items()},
        "classes": base64.b64encode(classes).decode(),
        "encodings": [
            {
                "name": encoding.name,
                "alternatives": _alternatives(encoding),
                "special": dict(encoding.special_tokens),
                "table": _packed(encoding),
            }
            for encoding in encodings
        ],
        "article1": [version._asdict() for version in article1()],
    }
    # Within a script element only "<" could end it.
    as_json = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    page = _part("page.html")
    for mark, parts in PARTS.items():
        page = page.replace(mark, "\n".join(map(_part, parts)))
    return page.replace("/* data */", as_json)


def _part(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _in_javascript(pattern: str) -> str:
    return "|".join(alternative.javascript for alternative in JAVASCRIPT_PATTERNS[pattern])


def _alternatives(encoding: Encoding) -> list[tuple[str, str, str]]:
    """Return the alternatives of a pattern: what each stands for, in JavaScript, and as it is written."""
    known = JAVASCRIPT_PATTERNS.get(encoding.pattern)
    if known is None:
        raise ValueError(
            f"{encoding.name}: the page knows the patterns of gpt2, cl100k_base and o200k_base, not"
            f" {encoding.pattern!r}; show this encoding with trace_encode, or on the terminal"
        )
    written = alternatives(encoding.pattern)
    return [(kind, javascript, as_is) for (kind, javascript), as_is in zip(known, written, strict=True)]


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
