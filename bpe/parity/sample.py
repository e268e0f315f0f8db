"""Which texts show whether two tokenizers agree? A sample that this package carries."""

from collections.abc import Iterator
from importlib.resources import files

# Written as escapes, since editors do not show them: white space of every kind, characters that only look
# like it, controls, zero-width and direction marks, combining marks, and line ends.
_INVISIBLE = {
    "White space": (
        "a\u0020b\u00a0c\u1680d\u2000e\u2003f\u2009g\u200ah\u2028i\u2029j\u202fk\u205fl\u3000m  n   o "
        "\u00a0 p"
        " \u3000q\u00a0\u00a0r \n s\n\nt\n \n u\t\tv \t w\u0085x\u000by\u000cz  \u00a0"
    ),
    "Not white space": (
        "a\u200bb\u200cc\u200dd\u2060e\ufefff\u180eg\u001ch\u001di\u001ej\u001fk\u00adl \u200b"
        " m\u2800n\u3164o"
    ),
    "Control characters": (
        "".join(map(chr, range(32))) + "a\x00b\x7fc\x80d\x9fe \x00 \x01\x02 f\x1b[31mred\x1b[0m"
    ),
    "Direction marks": (
        "left \u202eright\u202c \u2066isolate\u2069 \u200eabc\u200f אבג\u200e 123 \u061c٤٥٦ \u2067שלום\u2069!"
    ),
    "Combining marks": (
        "e\u0301 n\u0303 A\u030a o\u0302\u0323 Z\u0351\u036b\u0343\u036a\u0302 \u0301 \u0301a '\u0301s"
        " 1\u0301 !\u0301 q\u0307\u0323 \u1112\u1161\u11ab\u1100\u1173\u11af \u0915\u094d\u0937\u093f"
        " \u20dd\u20e3 a\u20d7 e\ufe0f\ufe0e"
    ),
    "Line ends": "one\r\ntwo\rthree\n\rfour\n\n\nfive\r\n\r\n  six\n   \n\tseven \r\n eight\n",
    "Unassigned and private": (
        "a\ue000b\uf8ffc \U000f0000 \U0010ffff d\u0378e \ufffe\uffff f\U000e0001\U000e0061"
    ),
    "Letters of Unicode 17": "\U00032c82's a\U00032b19b \U000323b0'll \ua7ce's 1\u088f2",
}


def multilingual_sample() -> Iterator[tuple[str, str]]:
    """Yield (name, text): a few hundred characters each in 34 languages, and the difficult parts of others.

    >>> dict(multilingual_sample())["한국어"][:19]
    '우리 동네 도서관은 언덕 위에 있어'
    """
    text = files("bpelab.bpe.data").joinpath("multilingual.txt").read_text(encoding="utf-8")
    for section in text.removeprefix("# ").split("\n# "):
        name, _, content = section.partition("\n")
        yield name, content
    yield from _INVISIBLE.items()
